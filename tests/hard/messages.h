#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/proto/connect_records.h"
#include "core/proto/records.h"
#include "tests/unit/core/requests.h"

/// What clients of the hard tests send and receive, as bytes.
namespace paddock::hard {

using core::test::body_of;
using core::test::create_request;
using core::test::MultiBody;
using proto::ErrorCode;
using proto::EventType;
using proto::OpCode;

/// One thing that came from the server.
struct Message {
  enum class Kind : std::uint8_t { reply, event, closed };
  Kind kind = Kind::closed;
  std::int32_t xid = 0;
  Zxid zxid{};
  ErrorCode err{};
  std::string body;    ///< of a reply; empty with an error
  EventType type{};    ///< of an event
  std::string path{};  ///< of an event

  bool is_reply() const { return kind == Kind::reply; }
  bool is_event() const { return kind == Kind::event; }
  bool is_ok() const { return is_reply() && err == ErrorCode::ok; }
  /// The body as a record whose texts live in this message. REQUIRES: it is one.
  template <proto::Record T>
  T as() const {
    return *proto::decode<T>(as_bytes(body));
  }
};

/// "4 bytes of length" + payload.
std::string frame(std::string_view payload);
std::string request(std::int32_t xid, OpCode op, std::string_view body = {});
template <proto::Record T>
std::string request(std::int32_t xid, OpCode op, const T& record) {
  return request(xid, op, std::string_view(body_of(record)));
}
std::string connect_request(std::int32_t timeout_ms, SessionId session = {},
                            std::string_view password = std::string_view("\0", 1));

/// Cuts a stream of bytes into frames. Threads: loop-local.
class Stream {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }
  /// The next whole frame's payload into `payload`; false: there is none yet.
  bool take(std::string& payload);
  std::size_t size() const { return bytes_.size() - begin_; }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
};

/// A frame behind the handshake.
Message parse(std::string_view payload);

}  // namespace paddock::hard
