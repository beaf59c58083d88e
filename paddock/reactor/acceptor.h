#pragma once

#include <cstdint>
#include <memory>

#include "net/listener.h"
#include "paddock/log.h"
#include "paddock/reactor/server.h"

namespace paddock::reactor {

/// Takes connections in, on reactor 0's loop, and spreads them evenly over all reactors. A
/// connection over a limit is closed at once, counted, and logged once a burst with its address.
///
/// Threads: loop-local.
class Acceptor final : public net::Listener::Owner {
 public:
  explicit Acceptor(Server& server) : server_(server) {}

  /// Binds; the error names address and port.
  Result<void, net::ListenError> open();
  void start() { listener_->start(); }
  void close() { listener_->close(); }
  bool is_closed() const { return is_closed_; }
  std::uint16_t port() const { return listener_->port(); }
  const std::string& name() const { return listener_->name(); }

 private:
  void accepted(net::Listener& listener, int socket) override;
  void accept_paused(net::Listener& listener, int error) override;
  void listener_closed(net::Listener& listener) override;

  Server& server_;
  std::unique_ptr<net::Listener> listener_;
  bool is_closed_ = false;
  log::Burst refused_;
};

}  // namespace paddock::reactor
