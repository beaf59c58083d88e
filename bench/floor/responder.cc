// The floor: what the loop costs when nothing is done with a request. It answers a ConnectRequest
// with a valid session and every other frame with a bare reply header that echoes the xid, so any
// ZooKeeper load generator runs against it. What a real server needs more than this is its own.
//
//   responder [port] [busy_poll_us]

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "bench/floor/arguments.h"
#include "core/base/bytes.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/loop.h"

namespace paddock {
namespace {

constexpr std::uint32_t frame_bytes_max = 1u << 20;

class Responder final : public net::Listener::Owner, public net::Connection::Owner {
 public:
  explicit Responder(net::Loop& loop) : loop_(loop) {}

  void accepted(net::Listener&, int socket) override {
    auto client = std::make_unique<Client>(loop_, socket, *this);
    client->connection.start_receive();
    const net::Connection* key = &client->connection;
    clients_[key] = std::move(client);
  }
  void accept_paused(net::Listener&, int) override {}
  void listener_closed(net::Listener&) override {}

  void input_arrived(net::Connection& connection) override {
    if (connection.input_ended()) {
      connection.close();
      return;
    }
    Client& client = *clients_.find(&connection)->second;
    if (client.is_queued) return;
    client.is_queued = true;
    queue_.push_back(&client);
  }
  void output_sent(net::Connection&) override {}
  void closed(net::Connection& connection, int) override { clients_.erase(&connection); }

  /// After all completions of the turn have been reaped, as a reactor does.
  void answer_all() {
    for (Client* client : queue_) {
      client->is_queued = false;
      answer(*client);
    }
    queue_.clear();
  }

 private:
  struct Client {
    Client(net::Loop& loop, int socket, Responder& owner)
        : connection(loop, socket, owner, {.input_bytes_max = 4u << 20}) {}
    net::Connection connection;
    bool has_session = false;
    bool is_queued = false;
  };

  void answer(Client& client) {
    const Bytes input = client.connection.input();
    std::size_t used = 0;
    while (input.size() - used >= 4) {
      const std::uint32_t bytes = load_be32(&input[used]);
      if (bytes < 4 || bytes > frame_bytes_max) {
        client.connection.close();
        return;
      }
      if (input.size() - used - 4 < bytes) break;
      if (client.has_session) {
        std::byte* reply = client.connection.output().grow(20);
        store_be32(reply, 16);
        std::memcpy(reply + 4, &input[used + 4], 4);
        store_be64(reply + 8, 1);
        store_be32(reply + 16, 0);
      } else {
        std::byte* reply = client.connection.output().grow(41);
        std::memset(reply, 0, 41);
        store_be32(reply, 37);
        store_be32(reply + 8, 30'000);
        store_be64(reply + 12, 0x100000000 + ++sessions_);
        store_be32(reply + 20, 16);
        client.has_session = true;
      }
      used += 4 + bytes;
    }
    client.connection.consume(used);
    client.connection.flush();
  }

  net::Loop& loop_;
  std::map<const net::Connection*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> queue_;
  std::uint64_t sessions_ = 0;
};

}  // namespace
}  // namespace paddock

int main(int argc, char** argv) {
  using namespace paddock;
  const int port = argc > 1 ? number(argv[1]) : 0;
  const int busy_poll_us = argc > 2 ? number(argv[2]) : 0;
  auto loop = net::Loop::open({.busy_poll_us = static_cast<std::uint32_t>(busy_poll_us)});
  if (!loop) {
    std::fprintf(stderr, "%s\n", loop.error().message.c_str());
    return 1;
  }
  Responder responder(**loop);
  auto listener = net::Listener::open(
      **loop, responder, {.address = "127.0.0.1", .port = static_cast<std::uint16_t>(port)});
  if (!listener) {
    std::fprintf(stderr, "%s\n", listener.error().message.c_str());
    return 1;
  }
  (*listener)->start();
  std::printf("%u\n", (*listener)->port());
  std::fflush(stdout);
  for (;;) {
    (*loop)->wait(net::never_ns);
    responder.answer_all();
  }
}
