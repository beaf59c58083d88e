#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/proto/frame.h"
#include "core/proto/records.h"
#include "recipes/client/types.h"

/// Requests as whole frames, with room for the xid that they get when they are sent.
namespace paddock::client {

/// A frame beyond this is refused before it is built; servers stop much earlier.
inline constexpr std::size_t request_bytes_max = 1u << 30;

/// Bytes of strings and buffers in a request; nullopt for a frame that would be too long.
template <class Record>
std::optional<ByteBuffer> encode_frame(proto::OpCode op, const Record& record,
                                       std::size_t payload_bytes = 0) {
  if (payload_bytes > request_bytes_max) return std::nullopt;
  ByteBuffer out;
  out.reserve(payload_bytes + 64);
  const proto::FrameStart frame = proto::begin_frame(out);
  proto::encode(proto::RequestHeader{.xid = 0, .op = op}, out);
  proto::encode(record, out);
  proto::end_frame(out, frame);
  return out;
}
ByteBuffer encode_bare_frame(proto::OpCode op);

/// Borrows the strings of `acl`.
proto::Vector<proto::Acl> to_proto(const std::vector<Acl>& acl);

/// The operation that makes such a node.
proto::OpCode create_op(const CreateOptions& options);
/// nullopt for a path that no server would take, or too many bytes. Paths get the chroot here.
std::optional<ByteBuffer> encode_create_frame(std::string_view chroot, std::string_view path,
                                              std::string_view data, const CreateOptions& options);
std::optional<ByteBuffer> encode_multi_frame(std::string_view chroot, const std::vector<Op>& ops);
std::optional<ByteBuffer> encode_multi_read_frame(std::string_view chroot,
                                                  const std::vector<ReadOp>& ops);

}  // namespace paddock::client
