#include "recipes/client/client.h"
#include "recipes/client/start_request.h"

/// The operations on nodes.
namespace paddock::client {

using proto::OpCode;

Pending<Created> start_create(SessionIo& io, std::string_view path, std::string_view data,
                              const CreateOptions& options, Completion<Created> done) {
  const OpCode op = create_op(options);
  const bool with_stat = op != OpCode::create;
  return start_request(io, op, encode_create_frame(io.chroot(), path, data, options),
                       std::move(done),
                       [with_stat](ReplyBody body) { return read_created(body, with_stat); });
}

Pending<void> start_remove(SessionIo& io, std::string_view path, std::int32_t version,
                           Completion<void> done) {
  const auto record = [version](const std::string& server) {
    return proto::PathVersionRequest{.path = server, .version = version};
  };
  return start_path(io, OpCode::remove, path, std::move(done), record, read_nothing);
}

Pending<std::optional<Stat>> start_exists(SessionIo& io, std::string_view path, Watcher watcher,
                                          Completion<std::optional<Stat>> done) {
  const std::optional<std::string> server = server_path(path, io.chroot());
  if (!server) return refused(io, std::move(done), Error::bad_arguments);
  const Promise<std::optional<Stat>> promise(std::move(done));
  cancel_through(io, promise);
  const proto::PathWatchRequest record{.path = *server, .watch = watcher != nullptr};
  Request request =
      make_request(io, OpCode::exists, *encode_frame(OpCode::exists, record), promise,
                   [](ReplyBody body) { return std::optional<Stat>(read_stat(body)); });
  request.watch = order_of(WatchOrder::Read::exists, *server, std::move(watcher));
  // That there is no such node is an answer here.
  request.done = [promise, otherwise = std::move(request.done)](const Reply& reply) mutable {
    if (reply.error != Error::no_node) return otherwise(reply);
    promise.set(std::optional<Stat>());
    return true;
  };
  io.submit(std::move(request));
  return promise.pending();
}

Pending<Created> Client::create(std::string_view path, std::string_view data, CreateOptions options,
                                Completion<Created> done) {
  return start_create(*io_, path, data, options, std::move(done));
}

Pending<void> Client::remove(std::string_view path, std::int32_t version, Completion<void> done) {
  return start_remove(*io_, path, version, std::move(done));
}

Pending<std::optional<Stat>> Client::exists(std::string_view path, Watcher watcher,
                                            Completion<std::optional<Stat>> done) {
  return start_exists(*io_, path, std::move(watcher), std::move(done));
}

Pending<NodeData> Client::get_data(std::string_view path, Watcher watcher,
                                   Completion<NodeData> done) {
  return start_read(*io_, OpCode::get_data, WatchOrder::Read::data, path, std::move(watcher),
                    std::move(done), read_node_data);
}

Pending<Stat> Client::set_data(std::string_view path, std::string_view data, std::int32_t version,
                               Completion<Stat> done) {
  const auto record = [data, version](const std::string& server) {
    return proto::SetDataRequest{.path = server, .data = as_bytes(data), .version = version};
  };
  return start_path(*io_, OpCode::set_data, path, std::move(done), record, read_stat, data.size());
}

Pending<Children> Client::get_children(std::string_view path, Watcher watcher,
                                       Completion<Children> done) {
  return start_read(*io_, OpCode::get_children2, WatchOrder::Read::children, path,
                    std::move(watcher), std::move(done), read_children);
}

Pending<std::vector<std::string>> Client::get_child_names(
    std::string_view path, Watcher watcher, Completion<std::vector<std::string>> done) {
  return start_read(*io_, OpCode::get_children, WatchOrder::Read::children, path,
                    std::move(watcher), std::move(done), read_names);
}

Pending<AclList> Client::get_acl(std::string_view path, Completion<AclList> done) {
  return start_path(*io_, OpCode::get_acl, path, std::move(done), just_path, read_acl_list);
}

Pending<Stat> Client::set_acl(std::string_view path, const std::vector<Acl>& acl,
                              std::int32_t version, Completion<Stat> done) {
  const auto record = [&acl, version](const std::string& server) {
    return proto::SetAclRequest{.path = server, .acl = to_proto(acl), .version = version};
  };
  return start_path(*io_, OpCode::set_acl, path, std::move(done), record, read_stat);
}

Pending<void> Client::sync(std::string_view path, Completion<void> done) {
  return start_path(*io_, OpCode::sync, path, std::move(done), just_path, read_nothing);
}

Pending<std::vector<std::string>> Client::get_ephemerals(
    std::string_view prefix, Completion<std::vector<std::string>> done) {
  // A prefix of strings, so that a slash at its end counts.
  const std::optional<std::string> server = server_path(prefix, io_->chroot(), true);
  if (!server) return refused(*io_, std::move(done), Error::bad_arguments);
  return start_request(*io_, OpCode::get_ephemerals,
                       encode_frame(OpCode::get_ephemerals, proto::PathRequest{.path = *server}),
                       std::move(done), read_paths);
}

Pending<std::int32_t> Client::get_all_children_number(std::string_view path,
                                                      Completion<std::int32_t> done) {
  return start_path(*io_, OpCode::get_all_children_number, path, std::move(done), just_path,
                    read_count);
}

Pending<MultiResult> Client::multi(const std::vector<Op>& ops, Completion<MultiResult> done) {
  const std::size_t count = ops.size();
  return start_request(*io_, OpCode::multi, encode_multi_frame(io_->chroot(), ops), std::move(done),
                       [count](ReplyBody body) { return read_multi(body, count); });
}

Pending<std::vector<ReadResult>> Client::multi_read(const std::vector<ReadOp>& ops,
                                                    Completion<std::vector<ReadResult>> done) {
  const std::size_t count = ops.size();
  return start_request(*io_, OpCode::multi_read, encode_multi_read_frame(io_->chroot(), ops),
                       std::move(done),
                       [count](ReplyBody body) { return read_multi_read(body, count); });
}

}  // namespace paddock::client
