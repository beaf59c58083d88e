// Clients on different reactors do much at once and record what they saw; what they saw must have
// one order.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/daemon.h"
#include "tests/hard/linearizable.h"

namespace paddock::hard {
namespace {

class Histories : public ::testing::TestWithParam<int> {
 protected:
  Histories() : daemon({.reactors = GetParam(), .arguments = {}, .environment = {}}) {}

  std::unique_ptr<Client> connected() {
    auto client = std::make_unique<Client>(daemon.port());
    EXPECT_TRUE(client->connect());
    return client;
  }
  /// The reactors that have served a session, by their names in the daemon's log.
  std::set<std::string> reactors_of(SessionId session) {
    const std::string name = " session " + hex(session) + " ";
    std::set<std::string> reactors;
    const std::string log = daemon.log();
    for (std::size_t at = log.find(name); at != log.npos; at = log.find(name, at + 1)) {
      const std::string_view what = std::string_view(log).substr(at + name.size(), 7);
      const std::size_t thread = log.rfind(' ', at - 1) + 1;
      if (what == "opened " || what == "resumed") reactors.insert(log.substr(thread, at - thread));
    }
    return reactors;
  }
  /// That the connections of these sessions really were on all reactors.
  void expect_all_reactors(const std::vector<SessionId>& sessions) {
    std::set<std::string> all;
    for (const SessionId session : sessions)
      for (const std::string& reactor : reactors_of(session)) all.insert(reactor);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(GetParam()));
  }
  static std::string hex(SessionId session) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(session.value));
    return text;
  }

  Daemon daemon;
};

/// One thread's part of the history of some nodes.
class Recorder {
 public:
  Recorder(std::atomic<std::uint64_t>& clock, Client& client, std::uint32_t seed,
           std::vector<std::string> paths)
      : clock_(clock),
        client_(&client),
        random_(seed),
        paths_(std::move(paths)),
        versions_(paths_.size(), -1),
        histories(paths_.size()) {}

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      const std::size_t node = random_() % paths_.size();
      Operation operation = choose(node);
      operation.called = clock_++;
      const Message answer = ask(node, operation);
      operation.returned = clock_++;
      EXPECT_TRUE(answer.is_reply());
      take(node, operation, answer);
    }
  }

  /// Sends a write and moves the session to a new connection before the answer can be read: it has
  /// happened when the session has moved, or never.
  void move(std::uint16_t port) {
    const std::size_t node = random_() % paths_.size();
    Operation operation{
        .kind = Operation::Kind::set,
        .data = std::to_string(client_->session.value) + "-lost-" + std::to_string(random_())};
    operation.called = clock_++;
    client_->send_request(OpCode::set_data,
                          proto::SetDataRequest{paths_[node], as_bytes(operation.data), -1});
    auto next = std::make_unique<Client>(port);
    EXPECT_TRUE(next->resume(*client_));
    operation.happened_by = clock_++;
    histories[node].push_back(operation);
    own_ = std::move(next);
    client_ = own_.get();
  }

 private:
  Operation choose(std::size_t node) {
    using Kind = Operation::Kind;
    Operation operation;
    const std::uint32_t dice = random_() % 20;
    operation.kind = dice < 9    ? Kind::read
                     : dice < 17 ? Kind::set
                     : dice < 19 ? Kind::create
                                 : Kind::remove;
    operation.data = std::to_string(random_());
    if (dice % 2 == 0) operation.wanted_version = versions_[node];
    return operation;
  }

  Message ask(std::size_t node, const Operation& operation) {
    using Kind = Operation::Kind;
    const std::string& path = paths_[node];
    switch (operation.kind) {
      case Kind::read:
        return client_->get(path);
      case Kind::set:
        return client_->set(path, operation.data, operation.wanted_version);
      case Kind::create:
        return client_->create(path, operation.data);
      case Kind::remove:
        return client_->remove(path, operation.wanted_version);
    }
    return {};
  }

  void take(std::size_t node, Operation& operation, const Message& answer) {
    operation.succeeded = answer.is_ok();
    if (operation.succeeded && operation.kind == Operation::Kind::read) {
      const auto got = answer.as<proto::DataReply>();
      operation.seen = {got.stat.version, std::string(as_text(*got.data))};
      versions_[node] = got.stat.version;
    } else if (operation.succeeded && operation.kind == Operation::Kind::set) {
      operation.seen.version = answer.as<proto::StatReply>().stat.version;
      versions_[node] = operation.seen.version;
    }
    histories[node].push_back(operation);
  }

  std::atomic<std::uint64_t>& clock_;
  Client* client_;
  std::unique_ptr<Client> own_;
  std::mt19937 random_;
  const std::vector<std::string> paths_;
  std::vector<std::int32_t> versions_;  ///< last seen

 public:
  std::vector<std::vector<Operation>> histories;  ///< by node
};

TEST_P(Histories, WritesAndReadsOfAllReactorsHaveOneOrder) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 2 * GetParam(); ++i) clients.push_back(connected());
  const std::vector<std::string> paths{"/x", "/y"};
  for (const std::string& path : paths) ASSERT_TRUE(clients[0]->create(path, "first").is_ok());
  std::atomic<std::uint64_t> clock{1};
  std::vector<std::unique_ptr<Recorder>> recorders;
  for (std::size_t i = 0; i < clients.size(); ++i)
    recorders.push_back(
        std::make_unique<Recorder>(clock, *clients[i], static_cast<std::uint32_t>(i), paths));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 6; ++k) {
        recorders[i]->run(60);
        if (i % 2 == 0) recorders[i]->move(daemon.port());
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t node = 0; node < paths.size(); ++node) {
    std::vector<Operation> history;
    for (const auto& recorder : recorders)
      history.insert(history.end(), recorder->histories[node].begin(),
                     recorder->histories[node].end());
    EXPECT_GT(history.size(), 100u);
    EXPECT_TRUE(is_linearizable(history, {0, "first"})) << paths[node];
  }
  std::vector<SessionId> sessions;
  for (const auto& client : clients) sessions.push_back(client->session);
  expect_all_reactors(sessions);
}

/// R14: what a session had sent over its old connection has happened when the new one is answered,
/// or never. The writes are a prefix of what was sent.
TEST_P(Histories, R14NoWriteOfTheOldConnectionHappensAfterTheMove) {
  constexpr int first_name = 100'000;  // all have as many digits
  int pipelined = 1000;
  const auto observer = connected();
  int moved = 0;
  for (int round = 0; round < 30; ++round) {
    const std::string base = "/m" + std::to_string(round);
    ASSERT_TRUE(observer->create(base).is_ok());
    Client old(daemon.port());
    ASSERT_TRUE(old.connect());
    std::string pipeline;
    for (int i = 0; i < pipelined; ++i)
      pipeline += request(i + 1, OpCode::create,
                          create_request(base + "/" + std::to_string(first_name + i)));
    ASSERT_TRUE(old.send(pipeline));
    Client next(daemon.port());
    ASSERT_TRUE(next.resume(old));
    const Message at_move = next.children(base);
    ASSERT_TRUE(at_move.is_ok());
    const std::size_t count = at_move.as<proto::NamesReply>().names.items.size();
    EXPECT_TRUE(next.call(OpCode::sync, proto::PathRequest{base}).is_ok());
    EXPECT_TRUE(observer->set("/", "").is_ok());
    const Message later = observer->children(base);
    const auto names = later.as<proto::NamesReply>();
    EXPECT_EQ(names.names.items.size(), count) << "a ghost";
    for (const proto::Ustring& name : names.names.items)
      EXPECT_LT(*name, std::to_string(first_name + count)) << "a gap";
    // The old connection gets answers for some of them, in order, then its end.
    std::size_t answered = 0;
    for (Message reply = old.receive(); reply.is_reply(); reply = old.receive())
      EXPECT_EQ(reply.xid, static_cast<std::int32_t>(++answered));
    EXPECT_LE(answered, count);
    if (count < static_cast<std::size_t>(pipelined))
      ++moved;
    else  // the move came too late to meet them
      pipelined = std::min(2 * pipelined, 32'000);
    EXPECT_TRUE(next.call(OpCode::close_session).is_ok());
  }
  EXPECT_GT(moved, 0) << "no move came in the middle of its writes";
}

/// Runs `read` on a client for each reactor, again and again, while `write` runs once on another.
template <class Write, class Read>
void run_beside(std::vector<std::unique_ptr<Client>>& clients, Write&& write, Read&& read) {
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < clients.size(); ++i)
    threads.emplace_back([&, i] {
      // Once more behind the end, so that each sees the last state.
      for (bool last = false; !last;) {
        last = is_over;
        read(*clients[i]);
      }
    });
  write(*clients[0]);
  is_over = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_P(Histories, MultisAreSeenWhole) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < GetParam() + 1; ++i) clients.push_back(connected());
  ASSERT_TRUE(clients[0]->create("/a", "0").is_ok());
  ASSERT_TRUE(clients[0]->create("/b", "0").is_ok());
  run_beside(
      clients,
      [](Client& writer) {
        for (int i = 1; i <= 300; ++i) {
          const std::string data = std::to_string(i);
          EXPECT_TRUE(
              writer.call(OpCode::multi, MultiBody().set("/a", data).set("/b", data).finish())
                  .is_ok());
        }
      },
      [](Client& reader) {
        MultiBody both;
        both.add(OpCode::get_data, proto::PathWatchRequest{"/a", false});
        both.add(OpCode::get_data, proto::PathWatchRequest{"/b", false});
        const Message got = reader.call(OpCode::multi_read, both.finish());
        ASSERT_TRUE(got.is_ok());
        proto::Reader in(as_bytes(got.body));
        std::vector<std::string> seen;
        for (proto::MultiReader walk(in); const auto header = walk.next();) {
          proto::DataReply data;
          in.read(data);
          seen.emplace_back(as_text(*data.data));
        }
        ASSERT_EQ(seen.size(), 2u);
        EXPECT_EQ(seen[0], seen[1]);
        // One after the other, the second is never older.
        const Message b = reader.get("/b"), a = reader.get("/a");
        EXPECT_GE(a.as<proto::DataReply>().stat.version, b.as<proto::DataReply>().stat.version);
      });
}

TEST_P(Histories, ALaterChildIsNeverSeenWithoutAnEarlierOne) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < GetParam() + 1; ++i) clients.push_back(connected());
  ASSERT_TRUE(clients[0]->create("/p").is_ok());
  run_beside(
      clients,
      [](Client& writer) {
        for (int i = 0; i < 300; ++i)
          EXPECT_TRUE(writer.create("/p/" + std::to_string(1000 + i)).is_ok());
      },
      [](Client& reader) {
        const Message got = reader.children("/p");
        ASSERT_TRUE(got.is_ok());
        const auto names = got.as<proto::NamesReply>();
        const std::string end = std::to_string(1000 + names.names.items.size());
        for (const proto::Ustring& name : names.names.items) EXPECT_LT(*name, end);
      });
}

/// A reply that shows a change comes behind the event that tells of it.
TEST_P(Histories, AWatchEventComesBeforeTheReplyThatShowsItsChange) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < GetParam() + 1; ++i) clients.push_back(connected());
  ASSERT_TRUE(clients[0]->create("/w").is_ok());
  std::atomic<int> seen{0};
  run_beside(
      clients,
      [](Client& writer) {
        for (int i = 0; i < 300; ++i) EXPECT_TRUE(writer.set("/w", "x").is_ok());
      },
      [&](Client& reader) {
        const Message watched = reader.get("/w", true);
        ASSERT_TRUE(watched.is_ok());
        EXPECT_TRUE(reader.events.empty()) << "a watch fired by what its read had shown";
        const std::int32_t version = watched.as<proto::DataReply>().stat.version;
        if (version == 300) return;
        Message later;
        do {
          later = reader.get("/w");
          ASSERT_TRUE(later.is_ok());
          const bool has_changed = later.as<proto::DataReply>().stat.version != version;
          EXPECT_EQ(reader.events.size(), has_changed ? 1u : 0u);
        } while (later.as<proto::DataReply>().stat.version == version);
        if (!reader.events.empty()) {
          EXPECT_GT(reader.events[0].zxid, watched.as<proto::DataReply>().stat.mzxid);
        }
        reader.events.clear();
        ++seen;
      });
  EXPECT_GT(seen, 0);
}

INSTANTIATE_TEST_SUITE_P(Reactors, Histories, ::testing::Values(2, 4));

}  // namespace
}  // namespace paddock::hard
