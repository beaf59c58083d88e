#pragma once

#include <cstdint>
#include <tuple>

#include "core/proto/codec.h"
#include "core/proto/frame.h"
#include "core/proto/protocol.h"

/// What opens a connection, and the headers in front of everything after that.
namespace paddock::proto {

inline constexpr std::size_t password_bytes = 16;

/// The first frame of a connection. Old clients leave the readOnly byte out, and then the response
/// must not have it either: a frame without it gives `has_read_only` false.
struct ConnectRequest {
  std::int32_t protocol_version = 0;
  Zxid last_zxid_seen{};
  std::int32_t timeout_ms = 0;
  SessionId session{};  ///< 0 = open a new one
  Buffer password;      ///< any length, or null, when a session is opened
  bool read_only = false;
  bool has_read_only = false;
};

/// Our answer. timeout_ms 0 with session 0 refuses the session.
struct ConnectResponse {
  std::int32_t protocol_version = 0;
  std::int32_t timeout_ms = 0;
  SessionId session{};
  Buffer password;  ///< always password_bytes long: the C client reads a fixed size
  bool read_only = false;
  bool has_read_only = false;
};

Result<ConnectRequest, DecodeError> decode_connect_request(Bytes frame);
Result<ConnectResponse, DecodeError> decode_connect_response(Bytes frame);
/// Appends the record without its frame.
void encode_connect_request(const ConnectRequest& request, ByteBuffer& out);
void encode_connect_response(const ConnectResponse& response, ByteBuffer& out);

struct RequestHeader {
  std::int32_t xid = 0;
  OpCode op{};
  static auto fields(auto& r) { return std::tie(r.xid, r.op); }
};
inline constexpr std::size_t request_header_bytes = 8;

struct ReplyHeader {
  std::int32_t xid = 0;
  Zxid zxid{};
  ErrorCode err{};
  static auto fields(auto& r) { return std::tie(r.xid, r.zxid, r.err); }
};
inline constexpr std::size_t reply_header_bytes = 16;

/// Begins a reply frame: length word and header. The body follows, then end_frame.
FrameStart begin_reply(ByteBuffer& out, const ReplyHeader& header);
/// Overwrites the header of a begun reply, for when the body decides the outcome.
void set_reply_header(ByteBuffer& out, FrameStart start, const ReplyHeader& header);
/// A whole reply without a body: errors, deletes, pings.
void append_bare_reply(ByteBuffer& out, const ReplyHeader& header);

/// The body of a notification, whose header has xid_notification. Only the server's own four event
/// types occur; the state is always SyncConnected.
struct WatcherEvent {
  EventType type{};
  std::int32_t state = 3;
  Ustring path;
  static auto fields(auto& r) { return std::tie(r.type, r.state, r.path); }
};

/// A whole notification frame. `zxid` is that of the transaction, or -1 for the events that a
/// setWatches finds already due.
void append_notification(ByteBuffer& out, Zxid zxid, EventType type, std::string_view path);

}  // namespace paddock::proto
