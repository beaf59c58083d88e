#include "tests/hard/messages.h"

namespace paddock::hard {

std::string frame(std::string_view payload) {
  std::string bytes(4, '\0');
  store_be32(reinterpret_cast<std::byte*>(bytes.data()),
             static_cast<std::uint32_t>(payload.size()));
  return bytes.append(payload);
}

std::string request(std::int32_t xid, OpCode op, std::string_view body) {
  return frame(body_of(proto::RequestHeader{xid, op}).append(body));
}

std::string connect_request(std::int32_t timeout_ms, SessionId session, std::string_view password) {
  ByteBuffer out;
  proto::encode_connect_request({.timeout_ms = timeout_ms,
                                 .session = session,
                                 .password = as_bytes(password),
                                 .has_read_only = true},
                                out);
  return frame(as_text(out.bytes()));
}

bool Stream::take(std::string& payload) {
  const proto::FrameSplit split =
      proto::split_frame(as_bytes(bytes_).subspan(begin_), INT32_MAX - 4);
  if (split.kind != proto::FrameSplit::Kind::complete) return false;
  payload.assign(as_text(split.body));
  begin_ += split.bytes;
  if (begin_ == bytes_.size() || begin_ > (1u << 20)) {
    bytes_.erase(0, begin_);
    begin_ = 0;
  }
  return true;
}

Message parse(std::string_view payload) {
  Message message;
  proto::Reader in(as_bytes(payload));
  proto::ReplyHeader header;
  in.read(header);
  CHECK(in.ok());
  message.xid = header.xid;
  message.zxid = header.zxid;
  message.err = header.err;
  if (header.xid == proto::xid_notification) {
    proto::WatcherEvent event;
    in.read(event);
    CHECK(in.ok() && event.path);
    message.kind = Message::Kind::event;
    message.type = event.type;
    message.path = *event.path;
  } else {
    message.kind = Message::Kind::reply;
    message.body = as_text(in.rest());
  }
  return message;
}

}  // namespace paddock::hard
