#include "core/proto/connect_records.h"

namespace paddock::proto {

Result<ConnectRequest, DecodeError> decode_connect_request(Bytes frame) {
  Reader in(frame);
  ConnectRequest request;
  request.protocol_version = in.i32();
  in.read(request.last_zxid_seen);
  request.timeout_ms = in.i32();
  in.read(request.session);
  request.password = in.buffer();
  if (!in.ok()) return fail(in.error());
  request.has_read_only = !in.rest().empty();
  if (request.has_read_only) request.read_only = in.boolean();
  return request;
}

Result<ConnectResponse, DecodeError> decode_connect_response(Bytes frame) {
  Reader in(frame);
  ConnectResponse response;
  response.protocol_version = in.i32();
  response.timeout_ms = in.i32();
  in.read(response.session);
  response.password = in.buffer();
  if (!in.ok()) return fail(in.error());
  response.has_read_only = !in.rest().empty();
  if (response.has_read_only) response.read_only = in.boolean();
  return response;
}

void encode_connect_request(const ConnectRequest& request, ByteBuffer& out) {
  Writer to(out);
  to.i32(request.protocol_version);
  to.write(request.last_zxid_seen);
  to.i32(request.timeout_ms);
  to.write(request.session);
  to.buffer(request.password);
  if (request.has_read_only) to.boolean(request.read_only);
}

void encode_connect_response(const ConnectResponse& response, ByteBuffer& out) {
  CHECK(response.password.has_value());
  CHECK(response.password->size() == password_bytes);
  Writer to(out);
  to.i32(response.protocol_version);
  to.i32(response.timeout_ms);
  to.write(response.session);
  to.buffer(response.password);
  if (response.has_read_only) to.boolean(response.read_only);
}

FrameStart begin_reply(ByteBuffer& out, const ReplyHeader& header) {
  const FrameStart start = begin_frame(out);
  out.grow(reply_header_bytes);
  set_reply_header(out, start, header);
  return start;
}

void set_reply_header(ByteBuffer& out, FrameStart start, const ReplyHeader& header) {
  CHECK(out.size() >= start.offset + frame_header_bytes + reply_header_bytes);
  std::byte* at = out.data() + start.offset + frame_header_bytes;
  store_be32(at, static_cast<std::uint32_t>(header.xid));
  store_be64(at + 4, static_cast<std::uint64_t>(header.zxid.value));
  store_be32(at + 12, static_cast<std::uint32_t>(header.err));
}

void append_bare_reply(ByteBuffer& out, const ReplyHeader& header) {
  end_frame(out, begin_reply(out, header));
}

void append_notification(ByteBuffer& out, Zxid zxid, EventType type, std::string_view path) {
  const FrameStart start =
      begin_reply(out, {.xid = xid_notification, .zxid = zxid, .err = ErrorCode::ok});
  encode(WatcherEvent{.type = type, .path = path}, out);
  end_frame(out, start);
}

}  // namespace paddock::proto
