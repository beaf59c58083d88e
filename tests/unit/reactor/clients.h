#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor::test {

/// Connections of a reactor that never runs a turn, for the tables that hold them.
class Clients {
 public:
  Clients() : server_(config_, state_, feed_, core_) {
    config_.reactors = 1;
    config_.tick_ms = 2000;
    net::Loop::Options options;
    options.recv_buffer_count = 8;
    reactor_ = std::make_unique<Reactor>(server_, 0, *net::Loop::open(options));
  }
  ~Clients() {
    std::vector<Client*> all;
    table.for_each([&](Client& client) { all.push_back(&client); });
    for (Client* client : all) table.remove(*client);
    for (const int peer : peers_) ::close(peer);
  }

  Client& add() {
    int sockets[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    peers_.push_back(sockets[1]);
    Client& client = table.add(*reactor_, reactor_->loop(), sockets[0], net::Connection::Limits{});
    client.identities =
        std::make_shared<const core::IdentitySet>(core::IdentitySet{{"ip", "127.0.0.1"}});
    return client;
  }

  ClientTable table;

 private:
  Config config_;
  core::State state_{{}};
  ordering::Feed feed_{1};
  ordering::OrderingCore core_{state_, feed_, {}, {}};
  Server server_;
  std::unique_ptr<Reactor> reactor_;
  std::vector<int> peers_;
};

}  // namespace paddock::reactor::test
