#include "tests/hard/client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace paddock::hard {
namespace {

sockaddr_in loopback(std::uint32_t address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(address);
  return to;
}

}  // namespace

int open_socket(std::uint16_t port, std::uint32_t from) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(socket >= 0);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // The port is chosen with the connection: ten thousand of them do not use the range up.
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const sockaddr_in own = loopback(from, 0);
  CHECK(::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
  const sockaddr_in to = loopback(INADDR_LOOPBACK, port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    ADD_FAILURE() << "cannot connect: " << std::strerror(errno);
  return socket;
}

Client::Client(std::uint16_t port) : socket_(open_socket(port)) {}

Client::~Client() { close(); }

void Client::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void Client::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

void Client::shut_down_sending() { ::shutdown(socket_, SHUT_WR); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::receive_frame(std::string& payload) {
  while (!stream_.take(payload)) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, receive_ms_max) == 0) {
      ADD_FAILURE() << "nothing has come for " << receive_ms_max << " ms";
      return false;
    }
    char buffer[64 * 1024];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    stream_.append({buffer, static_cast<std::size_t>(got)});
  }
  return true;
}

std::size_t Client::bytes_waiting() const {
  int bytes = 0;
  CHECK(::ioctl(socket_, FIONREAD, &bytes) == 0);
  return static_cast<std::size_t>(bytes);
}

std::string Client::receive_all() {
  std::string all;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(got));
  }
}

bool Client::begin_handshake(std::int32_t wanted_ms, SessionId of, std::string_view with_password) {
  return send(connect_request(wanted_ms, of, with_password));
}

bool Client::finish_handshake() {
  std::string payload;
  if (!receive_frame(payload)) return false;
  const auto response = proto::decode_connect_response(as_bytes(payload));
  if (!response || response->timeout_ms == 0) return false;
  session = response->session;
  timeout_ms = response->timeout_ms;
  password = as_text(*response->password);
  return true;
}

Message Client::receive() {
  std::string payload;
  return receive_frame(payload) ? parse(payload) : Message{};
}

Message Client::reply() {
  while (true) {
    Message message = receive();
    if (!message.is_event()) return message;
    events.push_back(std::move(message));
  }
}

Message Client::event() {
  if (!events.empty()) {
    Message first = std::move(events.front());
    events.erase(events.begin());
    return first;
  }
  Message message = receive();
  EXPECT_TRUE(message.is_event()) << "a reply, or the end, instead of an event";
  return message;
}

std::int32_t Client::send_request(OpCode op, std::string_view body) {
  const std::int32_t xid = next_xid_++;
  send(request(xid, op, body));
  return xid;
}

Message Client::call(OpCode op, std::string_view body) {
  const std::int32_t xid = send_request(op, body);
  Message message = reply();
  if (message.is_reply()) {
    EXPECT_EQ(message.xid, op == OpCode::ping ? proto::xid_ping : xid);
  }
  return message;
}

}  // namespace paddock::hard
