// The floor: what the loop costs when nothing is done with a request. It keeps no znode and answers
// each operation with a canned reply of the right size, in a form that passes the load generator's
// checks. What a real server needs more than this is its own.
//
// Of watches it keeps as much as it takes to send the same notifications as a server: which
// connection watches the children of which znode, without their one-shot nature. A setData of such
// a child notifies all of them.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/floor/canned.h"
#include "core/base/bytes.h"
#include "core/proto/paths.h"
#include "core/proto/records.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/loop.h"

namespace paddock {
namespace {

constexpr std::int32_t frame_bytes_max = 1 << 20;

class Responder final : public net::Listener::Owner, public net::Connection::Owner {
 public:
  Responder(net::Loop& loop, CannedReplies::Sizes sizes) : loop_(loop), replies_(sizes) {}

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
  void closed(net::Connection& connection, int) override {
    const auto at = clients_.find(&connection);
    if (!at->second->watched.empty()) std::erase(watchers_[at->second->watched], at->second.get());
    std::erase(queue_, at->second.get());
    clients_.erase(at);
  }

  /// After all completions of the turn have been reaped, as a reactor does: first all replies, then
  /// one send for each connection that has got something.
  void answer_all() {
    for (Client* client : queue_) {
      client->is_queued = false;
      answer(*client);
      touch(*client);
    }
    queue_.clear();
    for (Client* client : touched_) {
      client->is_touched = false;
      client->connection.flush();
    }
    touched_.clear();
  }

 private:
  /// Whose output is fetched into the cache meanwhile, as a reactor does.
  static constexpr std::size_t clients_ahead = 4;

  struct Client {
    Client(net::Loop& loop, int socket, Responder& owner)
        : connection(loop, socket, owner, {.input_bytes_max = 4u << 20}) {}
    net::Connection connection;
    std::string watched;  ///< the znode whose children it watches
    bool has_session = false;
    bool is_queued = false;
    bool is_touched = false;
  };

  void touch(Client& client) {
    if (client.is_touched) return;
    client.is_touched = true;
    touched_.push_back(&client);
  }

  void answer(Client& client) {
    Bytes run = client.connection.input();
    const std::size_t before = run.size();
    for (;;) {
      const proto::FrameSplit split = proto::split_frame(run, frame_bytes_max);
      if (split.kind == proto::FrameSplit::Kind::need_more) break;
      if (split.kind == proto::FrameSplit::Kind::bad_length) {
        client.connection.close();
        return;
      }
      answer_frame(client, split.body);
      run = run.subspan(split.bytes);
    }
    client.connection.consume(before - run.size());
  }

  void answer_frame(Client& client, Bytes frame) {
    ByteBuffer& out = client.connection.output();
    if (!client.has_session) {
      const auto request = proto::decode_connect_request(frame);
      const std::byte password[proto::password_bytes] = {};
      const proto::FrameStart start = proto::begin_frame(out);
      proto::encode_connect_response({.timeout_ms = request ? request->timeout_ms : 0,
                                      .session = SessionId{++sessions_},
                                      .password = Bytes(password),
                                      .has_read_only = request && request->has_read_only},
                                     out);
      proto::end_frame(out, start);
      client.has_session = true;
      return;
    }
    proto::Reader in(frame);
    proto::RequestHeader header;
    in.read(header);
    replies_.answer(header, in.rest(), out);
    if (header.op == proto::OpCode::get_data && frame.back() != std::byte{0}) {
      if (const proto::Ustring path = in.ustring()) watch(client, parent_of(*path));
    } else if (header.op == proto::OpCode::add_watch) {
      if (const proto::Ustring path = in.ustring()) watch(client, *path);
    } else if (header.op == proto::OpCode::set_data && !watchers_.empty()) {
      if (const proto::Ustring path = in.ustring()) notify(*path);
    }
  }

  static std::string_view parent_of(std::string_view path) {
    const auto split = proto::split_path(path);
    return split ? split->parent : path;
  }

  void watch(Client& client, std::string_view parent) {
    if (client.watched == parent) return;
    if (!client.watched.empty()) std::erase(watchers_[client.watched], &client);
    client.watched = parent;
    watchers_[client.watched].push_back(&client);
  }

  void notify(std::string_view path) {
    parent_ = parent_of(path);
    const auto at = watchers_.find(parent_);
    if (at == watchers_.end()) return;
    notification_.clear();
    proto::append_notification(notification_, Zxid{-1}, proto::EventType::node_data_changed, path);
    const std::vector<Client*>& watchers = at->second;
    for (std::size_t i = 0; i < watchers.size(); ++i) {
      if (i + clients_ahead < watchers.size())
        watchers[i + clients_ahead]->connection.prefetch_output();
      watchers[i]->connection.output().append(notification_.bytes());
      touch(*watchers[i]);
    }
  }

  net::Loop& loop_;
  CannedReplies replies_;
  std::map<const net::Connection*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> queue_;    ///< with input of this turn
  std::vector<Client*> touched_;  ///< with output of this turn; empty between turns
  std::unordered_map<std::string, std::vector<Client*>> watchers_;
  std::string parent_;       ///< scratch
  ByteBuffer notification_;  ///< scratch
  std::int64_t sessions_ = 0;
};

}  // namespace
}  // namespace paddock

int main(int argc, char** argv) {
  using namespace paddock;
  std::uint16_t port = 0;
  std::uint32_t busy_poll_us = 0;
  std::uint32_t adaptive_poll_us = 200;
  CannedReplies::Sizes sizes;
  CLI::App app("Answers ZooKeeper's protocol without keeping anything; prints its port.");
  app.add_option("--port", port, "0: the kernel picks")->capture_default_str();
  app.add_option("--busy-poll-us", busy_poll_us,
                 "time it spins before sleeping, as the daemon's busyPollUs")
      ->capture_default_str();
  app.add_option("--adaptive-poll-us", adaptive_poll_us,
                 "the same while waits are short, as the daemon's adaptivePollUs")
      ->capture_default_str();
  app.add_option("--data-bytes", sizes.data_bytes)->capture_default_str();
  app.add_option("--children", sizes.children, "of every znode")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  auto loop = net::Loop::open({.busy_poll_us = busy_poll_us, .adaptive_poll_us = adaptive_poll_us});
  if (!loop) {
    std::fprintf(stderr, "%s\n", loop.error().message.c_str());
    return 1;
  }
  Responder responder(**loop, sizes);
  auto listener = net::Listener::open(**loop, responder, {.address = "127.0.0.1", .port = port});
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
