// Round trips over raw sockets, without a client library in the way: `connections` connections with
// `depth` requests each in flight, from one thread. Closed loop: it finds the floor of a round trip
// and the ceiling of throughput, not the latency under a given load.
//
//   pipeline port connections depth seconds

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/floor/arguments.h"
#include "core/base/bytes.h"
#include "net/loop.h"

namespace paddock {
namespace {

struct Client {
  int socket = -1;
  int xid = 0;
  std::vector<std::int64_t> sent_ns;  ///< ring of the requests in flight, by xid
  std::string input;
};

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

void send_all(int socket, const std::string& bytes) {
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    stop("send");
  }
}

Client connect_to(int port, int depth) {
  Client client;
  client.socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(client.socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) stop("connect");
  const int on = 1;
  setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string hello(49, '\0');
  auto* bytes = reinterpret_cast<std::byte*>(hello.data());
  store_be32(bytes, 45);
  store_be32(bytes + 16, 30'000);
  store_be32(bytes + 28, 16);
  send_all(client.socket, hello);
  char answer[41];
  if (::recv(client.socket, answer, sizeof answer, MSG_WAITALL) != sizeof answer) stop("recv");
  client.sent_ns.resize(static_cast<std::size_t>(depth));
  return client;
}

/// exists("/bench"), without a watch.
void append_request(Client& client, std::string& out, std::int64_t now_ns) {
  const std::string path = "/bench";
  const std::size_t bytes = 8 + 4 + path.size() + 1;
  const std::size_t at = out.size();
  out.resize(at + 4 + bytes);
  auto* to = reinterpret_cast<std::byte*>(out.data() + at);
  store_be32(to, static_cast<std::uint32_t>(bytes));
  store_be32(to + 4, static_cast<std::uint32_t>(client.xid));
  store_be32(to + 8, 3);
  store_be32(to + 12, static_cast<std::uint32_t>(path.size()));
  std::memcpy(to + 16, path.data(), path.size());
  client.sent_ns[static_cast<std::size_t>(client.xid) % client.sent_ns.size()] = now_ns;
  ++client.xid;
}

/// Takes the replies that are complete and puts a new request behind each.
void turn(Client& client, std::vector<std::int64_t>& latencies) {
  char bytes[65536];
  const ssize_t got = ::recv(client.socket, bytes, sizeof bytes, 0);
  if (got <= 0) stop("recv");
  client.input.append(bytes, static_cast<std::size_t>(got));
  const std::int64_t now_ns = net::monotonic_ns();
  std::string out;
  std::size_t used = 0;
  while (client.input.size() - used >= 8) {
    const auto* frame = reinterpret_cast<const std::byte*>(client.input.data() + used);
    const std::size_t frame_bytes = load_be32(frame);
    if (client.input.size() - used - 4 < frame_bytes) break;
    const std::uint32_t xid = load_be32(frame + 4);
    latencies.push_back(now_ns - client.sent_ns[xid % client.sent_ns.size()]);
    used += 4 + frame_bytes;
    append_request(client, out, now_ns);
  }
  client.input.erase(0, used);
  if (!out.empty()) send_all(client.socket, out);
}

}  // namespace
}  // namespace paddock

int main(int argc, char** argv) {
  using namespace paddock;
  if (argc != 5) {
    std::fprintf(stderr, "usage: pipeline port connections depth seconds\n");
    return 2;
  }
  const int count = number(argv[2]);
  const int depth = number(argv[3]);
  std::vector<Client> clients;
  for (int i = 0; i < count; ++i) clients.push_back(connect_to(number(argv[1]), depth));
  const int poller = epoll_create1(0);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poller, EPOLL_CTL_ADD, clients[i].socket, &event);
  }
  std::vector<std::int64_t> latencies;
  latencies.reserve(64u << 20);
  const std::int64_t begin_ns = net::monotonic_ns();
  for (Client& client : clients) {
    std::string out;
    for (int i = 0; i < depth; ++i) append_request(client, out, net::monotonic_ns());
    send_all(client.socket, out);
  }
  const std::int64_t end_ns = begin_ns + std::int64_t{1'000'000'000} * number(argv[4]);
  while (net::monotonic_ns() < end_ns) {
    if (clients.size() == 1) {
      turn(clients[0], latencies);
      continue;
    }
    epoll_event events[256];
    const int ready = epoll_wait(poller, events, 256, 1000);
    for (int i = 0; i < ready; ++i) turn(clients[events[i].data.u64], latencies);
  }
  const double seconds = static_cast<double>(net::monotonic_ns() - begin_ns) / 1e9;
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies.size()));
    return static_cast<double>(latencies[std::min(index, latencies.size() - 1)]) / 1e3;
  };
  std::printf("%zu requests, %.0f/s; us: p50 %.1f p99 %.1f p99.9 %.1f max %.1f\n", latencies.size(),
              static_cast<double>(latencies.size()) / seconds, at(0.5), at(0.99), at(0.999), at(1));
}
