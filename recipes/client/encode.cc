#include "recipes/client/encode.h"

#include "recipes/client/chroot.h"

namespace paddock::client {
namespace {

using proto::OpCode;

std::size_t acl_bytes(const std::vector<Acl>& acl) {
  std::size_t bytes = 0;
  for (const Acl& one : acl) bytes += 12 + one.scheme.size() + one.id.size();
  return bytes;
}

void write_create(proto::Writer& out, OpCode op, std::string_view server, std::string_view data,
                  const CreateOptions& options) {
  const auto flags = static_cast<std::int32_t>(options.mode);
  if (op == OpCode::create_ttl) {
    out.write(proto::CreateTtlRequest{.path = server,
                                      .data = as_bytes(data),
                                      .acl = to_proto(options.acl),
                                      .flags = flags,
                                      .ttl_ms = options.ttl.count()});
  } else {
    out.write(proto::CreateRequest{
        .path = server, .data = as_bytes(data), .acl = to_proto(options.acl), .flags = flags});
  }
}

std::string_view path_of(const Op& op) {
  return std::visit([](const auto& one) { return std::string_view(one.path); }, op);
}

bool is_sequential_create(const Op& op) {
  const auto* create = std::get_if<CreateOp>(&op);
  return create && is_sequential(create->options.mode);
}

std::size_t payload_bytes(const Op& op) {
  if (const auto* create = std::get_if<CreateOp>(&op))
    return create->data.size() + acl_bytes(create->options.acl);
  if (const auto* set = std::get_if<SetDataOp>(&op)) return set->data.size();
  return 0;
}

void write_op(proto::Writer& out, const Op& op, std::string_view server) {
  if (const auto* create = std::get_if<CreateOp>(&op)) {
    const OpCode code = create_op(create->options);
    proto::write_multi_op(out, code);
    write_create(out, code, server, create->data, create->options);
  } else if (const auto* remove = std::get_if<RemoveOp>(&op)) {
    proto::write_multi_op(out, OpCode::remove);
    out.write(proto::PathVersionRequest{.path = server, .version = remove->version});
  } else if (const auto* set = std::get_if<SetDataOp>(&op)) {
    proto::write_multi_op(out, OpCode::set_data);
    out.write(proto::SetDataRequest{
        .path = server, .data = as_bytes(set->data), .version = set->version});
  } else if (const auto* check = std::get_if<CheckOp>(&op)) {
    proto::write_multi_op(out, OpCode::check);
    out.write(proto::PathVersionRequest{.path = server, .version = check->version});
  }
}

/// The frame of a multi or multiRead around what write_one(out, op, server path) writes;
/// bytes_of(op) is what an operation has beside its path.
template <class Ops, class PathOf, class BytesOf, class WriteOne>
std::optional<ByteBuffer> encode_ops(OpCode multi, std::string_view chroot, const Ops& ops,
                                     PathOf path, BytesOf bytes_of, WriteOne write_one) {
  constexpr std::size_t op_bytes = 64;  // headers, versions and lengths, generously
  ByteBuffer out;
  const proto::FrameStart frame = proto::begin_frame(out);
  proto::encode(proto::RequestHeader{.xid = 0, .op = multi}, out);
  proto::Writer writer(out);
  for (const auto& op : ops) {
    const std::optional<std::string> server = path(op, chroot);
    if (!server) return std::nullopt;
    if (out.size() + server->size() + bytes_of(op) + op_bytes > request_bytes_max)
      return std::nullopt;
    write_one(writer, op, *server);
  }
  proto::write_multi_end(writer);
  proto::end_frame(out, frame);
  return out;
}

}  // namespace

ByteBuffer encode_bare_frame(OpCode op) {
  ByteBuffer out;
  const proto::FrameStart frame = proto::begin_frame(out);
  proto::encode(proto::RequestHeader{.xid = 0, .op = op}, out);
  proto::end_frame(out, frame);
  return out;
}

proto::Vector<proto::Acl> to_proto(const std::vector<Acl>& acl) {
  proto::Vector<proto::Acl> list;
  list.items.reserve(acl.size());
  for (const Acl& one : acl)
    list.items.push_back({.perms = one.perms, .scheme = one.scheme, .id = one.id});
  return list;
}

OpCode create_op(const CreateOptions& options) {
  switch (options.mode) {
    case CreateMode::container:
      return OpCode::create_container;
    case CreateMode::persistent_ttl:
    case CreateMode::persistent_sequential_ttl:
      return OpCode::create_ttl;
    case CreateMode::persistent:
    case CreateMode::ephemeral:
    case CreateMode::persistent_sequential:
    case CreateMode::ephemeral_sequential:
      break;
  }
  return options.want_stat ? OpCode::create2 : OpCode::create;
}

std::optional<ByteBuffer> encode_create_frame(std::string_view chroot, std::string_view path,
                                              std::string_view data, const CreateOptions& options) {
  const std::optional<std::string> server = server_path(path, chroot, is_sequential(options.mode));
  const std::size_t bytes = path.size() + data.size() + acl_bytes(options.acl);
  if (!server || bytes > request_bytes_max) return std::nullopt;
  const OpCode op = create_op(options);
  ByteBuffer out;
  out.reserve(bytes + 128);
  const proto::FrameStart frame = proto::begin_frame(out);
  proto::encode(proto::RequestHeader{.xid = 0, .op = op}, out);
  proto::Writer writer(out);
  write_create(writer, op, *server, data, options);
  proto::end_frame(out, frame);
  return out;
}

std::optional<ByteBuffer> encode_multi_frame(std::string_view chroot, const std::vector<Op>& ops) {
  return encode_ops(
      OpCode::multi, chroot, ops,
      [](const Op& op, std::string_view root) {
        return server_path(path_of(op), root, is_sequential_create(op));
      },
      payload_bytes, write_op);
}

std::optional<ByteBuffer> encode_multi_read_frame(std::string_view chroot,
                                                  const std::vector<ReadOp>& ops) {
  return encode_ops(
      OpCode::multi_read, chroot, ops,
      [](const ReadOp& op, std::string_view root) {
        return std::visit([&](const auto& one) { return server_path(one.path, root); }, op);
      },
      [](const ReadOp&) { return std::size_t{0}; },
      [](proto::Writer& out, const ReadOp& op, std::string_view server) {
        proto::write_multi_op(
            out, std::holds_alternative<GetDataOp>(op) ? OpCode::get_data : OpCode::get_children);
        out.write(proto::PathWatchRequest{.path = server, .watch = false});
      });
}

}  // namespace paddock::client
