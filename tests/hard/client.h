#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/hard/messages.h"

namespace paddock::hard {

/// One blocking connection that shows everything: what was sent, what came, in which order.
/// Threads: one at a time.
class Client {
 public:
  /// A receive that takes longer is a failed test, and the connection counts as closed.
  static constexpr int receive_ms_max = 60'000;

  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- Bytes.
  /// All of them; false when the server has closed.
  bool send(std::string_view bytes);
  /// Up to the next frame; false when the server has closed before its end.
  bool receive_frame(std::string& payload);
  /// Everything up to the end of the stream; beside a send() of another thread, too.
  std::string receive_all();
  /// Whether something has come that has not been looked at.
  bool has_input() const { return stream_.size() > 0 || bytes_waiting() > 0; }
  /// Bytes that the kernel holds for us.
  std::size_t bytes_waiting() const;
  /// Our FIN; answers can still come.
  void shut_down_sending();
  void close();
  /// Closes with RST.
  void reset();
  int socket() const { return socket_; }

  // --- Sessions. False: refused, or closed.
  bool connect(std::int32_t wanted_ms = 40'000) { return handshake(wanted_ms, {}, {}); }
  /// Moves the session of another client here.
  bool resume(const Client& other) {
    return handshake(other.timeout_ms, other.session, other.password);
  }
  /// With what an earlier connection of the session was told.
  bool handshake(std::int32_t wanted_ms, SessionId of, std::string_view with_password) {
    return begin_handshake(wanted_ms, of, with_password) && finish_handshake();
  }
  /// Its two halves, for many at once. Requests may be sent in between.
  bool begin_handshake(std::int32_t wanted_ms, SessionId of = {},
                       std::string_view with_password = {});
  bool finish_handshake();
  SessionId session{};
  std::string password;
  std::int32_t timeout_ms = 0;

  // --- Requests.
  /// The next reply, event or end.
  Message receive();
  /// The next reply; events in front of it go to `events`.
  Message reply();
  /// The next event, from `events` first. A reply in front of it is a failed test.
  Message event();
  std::vector<Message> events;

  std::int32_t send_request(OpCode op, std::string_view body = {});
  template <proto::Record T>
  std::int32_t send_request(OpCode op, const T& record) {
    return send_request(op, std::string_view(body_of(record)));
  }
  /// Sends, and waits for the reply with its xid.
  Message call(OpCode op, std::string_view body = {});
  template <proto::Record T>
  Message call(OpCode op, const T& record) {
    return call(op, std::string_view(body_of(record)));
  }

  // --- Operations that tests use a lot.
  Message create(std::string_view path, std::string_view data = "", std::int32_t flags = 0) {
    return call(OpCode::create, create_request(path, data, flags));
  }
  Message remove(std::string_view path, std::int32_t version = -1) {
    return call(OpCode::remove, proto::PathVersionRequest{path, version});
  }
  Message set(std::string_view path, std::string_view data, std::int32_t version = -1) {
    return call(OpCode::set_data, proto::SetDataRequest{path, as_bytes(data), version});
  }
  Message get(std::string_view path, bool watch = false) {
    return call(OpCode::get_data, proto::PathWatchRequest{path, watch});
  }
  Message exists(std::string_view path, bool watch = false) {
    return call(OpCode::exists, proto::PathWatchRequest{path, watch});
  }
  Message children(std::string_view path, bool watch = false) {
    return call(OpCode::get_children, proto::PathWatchRequest{path, watch});
  }

 private:
  int socket_ = -1;
  Stream stream_;
  std::int32_t next_xid_ = 1;
};

/// A TCP connection to the daemon on the loopback, with `from` (127.x.y.z) as its own address.
int open_socket(std::uint16_t port, std::uint32_t from = 0x7f000001);

}  // namespace paddock::hard
