#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/listener.h"
#include "net/loop.h"

namespace paddock::net {

/// A loop, a listener on a port that the kernel picked, and what the owners were told. The peers
/// are plain non-blocking sockets driven by the test, in the same thread: until() runs turns of the
/// loop until a condition holds. A condition that never comes true ends the test program by the
/// bound of turns, not by a clock.
class NetWorld : public Listener::Owner, public Connection::Owner {
 public:
  struct Told {
    std::string input;
    int sent_count = 0;
    int closed_count = 0;
    int error = 0;
    bool input_ended = false;
  };

  explicit NetWorld(Loop::Options options = {}, std::string address = "127.0.0.1")
      : loop_(open_loop(options)) {
    auto opened = Listener::open(*loop_, *this, {.address = std::move(address)});
    EXPECT_TRUE(opened.has_value());
    listener_ = std::move(*opened);
    listener_->start();
  }

  ~NetWorld() {
    for (auto& [key, connection] : connections_) connection->close();
    if (listener_) listener_->close();
    until([&] { return connections_.empty() && listener_ == nullptr; });
  }

  static std::unique_ptr<Loop> open_loop(const Loop::Options& options) {
    auto opened = Loop::open(options);
    if (!opened) ADD_FAILURE() << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

  Loop& loop() { return *loop_; }
  Listener& listener() { return *listener_; }

  /// A connected, non-blocking peer.
  int connect() {
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(0, ::connect(peer, reinterpret_cast<sockaddr*>(&to), sizeof to));
    fcntl(peer, F_SETFL, O_NONBLOCK);
    return peer;
  }
  /// A peer and the connection on our side of it, which receives.
  std::pair<int, Connection*> pair() {
    newest_ = nullptr;
    const int peer = connect();
    until([&] { return newest_ != nullptr; });
    return {peer, newest_};
  }

  void until(const std::function<bool()>& holds) {
    for (int turns = 0; !holds(); ++turns) {
      if (turns > 200'000) {
        std::fprintf(stderr, "the condition never came true\n");
        std::abort();
      }
      loop_->wait(monotonic_ns() + 200'000);
    }
  }
  /// Turns that find nothing to do, so that something that must not happen has had its chance.
  void settle() {
    for (int i = 0; i < 3; ++i) loop_->wait(monotonic_ns() + 2'000'000);
  }

  /// Reads what is there; false at the end of the stream or on an error.
  static bool read_some(int peer, std::string& into) {
    char bytes[65536];
    const ssize_t got = ::recv(peer, bytes, sizeof bytes, 0);
    if (got > 0) into.append(bytes, static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EAGAIN);
  }
  static void reset(int peer) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    ::close(peer);
  }

  Told& told(Connection* connection) { return told_[connection]; }

  void accepted(Listener&, int socket) override {
    if (on_accept && !on_accept(socket)) return;
    auto connection = std::make_unique<Connection>(*loop_, socket, *this, limits);
    newest_ = connection.get();
    told_[newest_] = Told{};
    connection->start_receive();
    connections_[newest_] = std::move(connection);
    ++accepted_count;
  }
  void accept_paused(Listener&, int error) override {
    ++paused_count;
    pause_error = error;
  }
  void listener_closed(Listener&) override { listener_.reset(); }

  void input_arrived(Connection& connection) override {
    Told& told = told_[&connection];
    if (consumes) {
      told.input.append(as_text(connection.input()));
      connection.consume(connection.input().size());
    }
    told.input_ended = connection.input_ended();
    if (on_input) on_input(connection);
  }
  void output_sent(Connection& connection) override { ++told_[&connection].sent_count; }
  void closed(Connection& connection, int error) override {
    Told& told = told_[&connection];
    ++told.closed_count;
    told.error = error;
    ++closed_count;
    connections_.erase(&connection);
  }

  Connection::Limits limits;
  bool consumes = true;  ///< input is taken as it arrives
  std::function<void(Connection&)> on_input;
  std::function<bool(int)> on_accept;
  int accepted_count = 0;
  int closed_count = 0;
  int paused_count = 0;
  int pause_error = 0;

 private:
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Listener> listener_;
  std::map<Connection*, std::unique_ptr<Connection>> connections_;
  std::map<Connection*, Told> told_;
  Connection* newest_ = nullptr;
};

inline int open_descriptor_count() {
  int count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

}  // namespace paddock::net
