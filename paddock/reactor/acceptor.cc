#include "paddock/reactor/acceptor.h"

#include <unistd.h>

#include <cstring>
#include <limits>

#include "net/peer_address.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {

Result<void, net::ListenError> Acceptor::open() {
  const Config& config = server_.config;
  net::Listener::Options options;
  options.address = config.client_address;
  options.port = static_cast<std::uint16_t>(config.client_port);
  options.backlog = config.listen_backlog < 0 ? std::numeric_limits<int>::max()
                                              : static_cast<int>(config.listen_backlog);
  auto opened = net::Listener::open(server_.reactors[0]->loop(), *this, options);
  if (!opened) return fail(opened.error());
  listener_ = *std::move(opened);
  return {};
}

void Acceptor::accepted(net::Listener&, int socket) {
  const net::PeerAddress peer = net::PeerAddress::of(socket);
  std::uint16_t index = 0;
  const ConnectionLimits::Verdict verdict = server_.limits.admit(peer.bytes(), index);
  if (verdict != ConnectionLimits::Verdict::admitted) {
    ::close(socket);
    const bool per_address = verdict == ConnectionLimits::Verdict::too_many_from_address;
    ReactorStats& stats = server_.reactors[0]->stats();
    (per_address ? stats.rejected_per_address : stats.rejected_total).add();
    if (auto more = refused_.admit(net::monotonic_ns()))
      log::warn(
          "a connection from {} is refused: there are {} already ({}){}", peer.address(),
          per_address ? server_.config.client_connections_max : server_.config.connections_max,
          per_address ? "maxClientCnxns, from this address" : "maxCnxns", log::AndMore{*more});
    return;
  }
  Reactor& reactor = *server_.reactors[index];
  if (index == 0)
    reactor.take_socket(socket, peer);
  else
    reactor.post([&reactor, socket, peer] { reactor.take_socket(socket, peer); });
}

void Acceptor::accept_paused(net::Listener&, int error) {
  server_.reactors[0]->stats().accept_pauses.add();
  log::warn(
      "no connections are accepted for now: {} (raise the limit with `ulimit -n`, or "
      "LimitNOFILE= of the service)",
      std::strerror(error));
}

void Acceptor::listener_closed(net::Listener&) { is_closed_ = true; }

}  // namespace paddock::reactor
