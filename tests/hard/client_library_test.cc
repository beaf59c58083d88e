// The client library against the daemon, directly and through a proxy that loses replies.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "recipes/client/retry.h"
#include "tests/hard/cut_proxy.h"
#include "tests/hard/daemon.h"

namespace paddock::client {
namespace {

using namespace std::chrono_literals;

/// Only a test that fails waits for it.
constexpr auto patience = 60s;
/// Long enough for a busy machine to set up what is to end with it.
constexpr Milliseconds short_session = 1s;

/// A list that a callback writes and the test waits on. Declared before the clients: one that is
/// closed tells its watchers watch_lost.
template <class T>
class Seen {
 public:
  void add(T value) {
    std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::vector<T> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return values_.size() >= count; }));
    return values_;
  }
  bool await_one(const T& value) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] {
      return std::find(values_.begin(), values_.end(), value) != values_.end();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

std::string address_of(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

class ClientLibrary : public ::testing::Test {
 protected:
  std::unique_ptr<Client> open(ClientOptions options = {}, Milliseconds session_timeout = 30s) {
    if (options.servers.empty()) options.servers = address_of(daemon.port());
    options.session_timeout = session_timeout;
    auto opened = Client::open(std::move(options));
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }

  /// With short ticks, so that tests may wait for a session to run out.
  hard::Daemon daemon{{.reactors = 2,
                       .arguments = {"--tick-time=50", "--max-session-timeout=60000"},
                       .environment = {}}};
};

TEST_F(ClientLibrary, DoesEveryOperation) {
  const auto client = open();
  const auto made = client->create("/a", "one").wait(patience);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->path, "/a");
  EXPECT_EQ(made->stat.data_length, 3);
  EXPECT_EQ(client->create("/a", "").wait(patience).error(), Error::node_exists);
  EXPECT_EQ(client->create("/a/old", "x", {.want_stat = false}).wait(patience)->path, "/a/old");
  EXPECT_EQ(
      client->create("/a/s-", "", {.mode = CreateMode::persistent_sequential}).wait(patience)->path,
      "/a/s-0000000001");
  EXPECT_TRUE(client->create("/box", "", {.mode = CreateMode::container}).wait(patience));
  EXPECT_TRUE(
      client->create("/ttl", "", {.mode = CreateMode::persistent_ttl, .ttl = 1h}).wait(patience));
  EXPECT_TRUE(client->create("/e", "", {.mode = CreateMode::ephemeral}).wait(patience));
  EXPECT_EQ(*client->get_ephemerals().wait(patience), (std::vector<std::string>{"/e"}));

  EXPECT_EQ(client->set_data("/a", "two", 0).wait(patience)->version, 1);
  EXPECT_EQ(client->set_data("/a", "two", 0).wait(patience).error(), Error::bad_version);
  EXPECT_EQ(client->get_data("/a").wait(patience)->data, "two");
  EXPECT_EQ((*client->exists("/a").wait(patience))->num_children, 2);
  EXPECT_EQ(*client->exists("/none").wait(patience), std::nullopt);
  auto children = client->get_children("/a").wait(patience);
  ASSERT_TRUE(children);
  std::sort(children->names.begin(), children->names.end());
  EXPECT_EQ(children->names, (std::vector<std::string>{"old", "s-0000000001"}));
  EXPECT_EQ(client->get_child_names("/a").wait(patience)->size(), 2u);
  EXPECT_EQ(client->get_all_children_number("/a").wait(patience), 2);
  EXPECT_TRUE(client->sync("/a").wait(patience));

  EXPECT_TRUE(client->add_auth("digest", "bob:pw").wait(patience));
  const auto who = client->who_am_i().wait(patience);
  ASSERT_TRUE(who);
  EXPECT_NE(std::find(who->begin(), who->end(), Identity{"digest", "bob"}), who->end());
  EXPECT_TRUE(client->set_acl("/a", creator_acl()).wait(patience));
  EXPECT_EQ(client->get_acl("/a").wait(patience)->acl.at(0).scheme, "digest");

  const auto multi = client
                         ->multi({CreateOp{"/m", "data", {}}, SetDataOp{"/m", "more"},
                                  CheckOp{"/m", 1}, RemoveOp{"/ttl"}})
                         .wait(patience);
  ASSERT_TRUE(multi);
  EXPECT_EQ(multi->failed(), std::nullopt);
  EXPECT_EQ(multi->results.at(0).created()->path, "/m");
  EXPECT_EQ(multi->results.at(1).stat()->version, 1);
  const auto failed =
      client->multi({RemoveOp{"/m"}, CheckOp{"/none"}, RemoveOp{"/a"}}).wait(patience);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->failed(), 1u);
  EXPECT_EQ(failed->error(), Error::no_node);
  const auto read = client->multi_read({GetDataOp{"/m"}, GetChildrenOp{"/box"}, GetDataOp{"/none"}})
                        .wait(patience);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at(0).data()->data, "more");
  EXPECT_TRUE(read->at(1).names()->empty());
  EXPECT_EQ(read->at(2).error, Error::no_node);

  EXPECT_TRUE(client->get_config().wait(patience));
  EXPECT_EQ(client->reconfig({}).wait(patience).error(), Error::reconfig_disabled);
  EXPECT_EQ(client->get_data("relative").wait(patience).error(), Error::bad_arguments);
  EXPECT_TRUE(client->remove("/m").wait(patience));
  EXPECT_EQ(client->remove("/m").wait(patience).error(), Error::no_node);
  EXPECT_TRUE(client->remove_guaranteed("/m").wait(patience));
  EXPECT_TRUE(client->close().wait(patience));
  EXPECT_EQ(client->get_data("/a").wait(patience).error(), Error::client_closed);
}

TEST_F(ClientLibrary, WatchesTellBeforeTheReplyAndUntilTheyAreRemoved) {
  Seen<std::string> seen;
  const auto client = open({.servers = address_of(daemon.port()) + "/root"});
  const auto outside = open();
  ASSERT_TRUE(outside->create("/root", "").wait(patience));
  const Watcher watcher = make_watcher([&](const WatchedEvent& event) { seen.add(event.path); });
  ASSERT_TRUE(client->add_watch("/", AddWatchMode::persistent_recursive, watcher).wait(patience));
  EXPECT_TRUE(client->check_watches("/", WatcherType::any).wait(patience));
  client->create("/a", "", {},
                 [&](const Expected<Created>& made) { seen.add("made " + made->path); });
  EXPECT_EQ(seen.await(2), (std::vector<std::string>{"/a", "made /a"}));
  EXPECT_TRUE(
      client->remove_watches("/", WatcherType::persistent_recursive, watcher).wait(patience));
  EXPECT_EQ(client->check_watches("/", WatcherType::any).wait(patience).error(), Error::no_watcher);
  ASSERT_TRUE(client->create("/b", "").wait(patience));
  EXPECT_EQ(seen.await(2).size(), 2u);
}

TEST_F(ClientLibrary, WatchesSurviveAReconnectAndTellWhatWasMissed) {
  Seen<SessionState> states;
  Seen<std::string> seen;
  hard::CutProxy proxy(daemon.port());
  const auto client = open({.servers = address_of(proxy.port())});
  const auto outside = open();
  const StateSubscription subscription =
      client->add_state_listener([&](const SessionEvent& event) { states.add(event.state); });
  const Watcher watcher = make_watcher([&](const WatchedEvent& event) { seen.add(event.path); });
  ASSERT_TRUE(client->exists("/missed", watcher).wait(patience));
  ASSERT_TRUE(client->exists("/later", watcher).wait(patience));
  const SessionId session = client->session().session;
  proxy.refuse(true);
  ASSERT_TRUE(states.await_one(SessionState::suspended));
  ASSERT_TRUE(outside->create("/missed", "").wait(patience));
  proxy.refuse(false);
  EXPECT_EQ(seen.await(1), (std::vector<std::string>{"/missed"}));
  EXPECT_EQ(client->session().session, session);
  ASSERT_TRUE(outside->create("/later", "").wait(patience));
  EXPECT_EQ(seen.await(2).at(1), "/later");
}

TEST_F(ClientLibrary, AProtectedCreateIsFoundAgainAfterItsReplyWasLost) {
  hard::CutProxy proxy(daemon.port());
  const auto client = open({.servers = address_of(proxy.port())});
  const auto outside = open();
  ASSERT_TRUE(outside->create("/q", "").wait(patience));
  ASSERT_TRUE(client->await_connected(patience));
  ASSERT_TRUE(client->exists("/q").wait(patience));
  for (int i = 0; i < 3; ++i) {
    const int cuts = proxy.cuts();
    proxy.lose_next_reply();
    const auto made =
        client->create_protected("/q/n-", "x", {.mode = CreateMode::ephemeral_sequential}, patience)
            .wait(patience);
    ASSERT_TRUE(made) << error_text(made.error());
    EXPECT_GT(proxy.cuts(), cuts) << "a reply was lost";
    EXPECT_EQ(made->stat.ephemeral_owner, client->session().session);
    EXPECT_EQ(outside->get_child_names("/q").wait(patience)->size(), 1u + i) << "created once";
    EXPECT_EQ((*outside->exists(made->path).wait(patience))->czxid, made->stat.czxid);
  }
}

TEST_F(ClientLibrary, AProtectedCreateThatWasGivenUpLeavesNothing) {
  Seen<EventType> events;
  hard::CutProxy proxy(daemon.port());
  const auto client = open({.servers = address_of(proxy.port())});
  const auto outside = open();
  ASSERT_TRUE(outside->create("/q", "").wait(patience));
  ASSERT_TRUE(client->exists("/q").wait(patience));
  const Watcher watcher = make_watcher([&](const WatchedEvent& e) { events.add(e.type); });
  ASSERT_TRUE(outside->add_watch("/q", AddWatchMode::persistent_recursive, watcher).wait(patience));
  proxy.lose_next_reply();
  CancelSource source;
  const Pending<Created> pending = client->create_protected("/q/n-", "", {}, patience);
  // It has happened, and nobody there knows yet.
  events.await(1);
  source.request_stop();
  EXPECT_EQ(pending.wait(patience, source.get_token()).error(), Error::cancelled);
  EXPECT_EQ(events.await(2),
            (std::vector<EventType>{EventType::node_created, EventType::node_deleted}));
}

TEST_F(ClientLibrary, ALostReplyOfAPlainRequestIsNotGuessedAt) {
  hard::CutProxy proxy(daemon.port());
  const auto client = open({.servers = address_of(proxy.port())});
  ASSERT_TRUE(client->await_connected(patience));
  ASSERT_TRUE(client->exists("/").wait(patience));
  proxy.lose_next_reply();
  EXPECT_EQ(client->create("/once", "").wait(patience).error(), Error::connection_loss);
  const auto exists =
      retry(*client, patience, {}, [&] { return client->exists("/once").wait(patience); });
  ASSERT_TRUE(exists);
  EXPECT_TRUE(exists->has_value());
}

TEST_F(ClientLibrary, OneThreadServesManyClients) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(open({.io_loop = loop}));
  std::vector<Pending<Created>> pending;
  for (std::size_t i = 0; i < clients.size(); ++i)
    pending.push_back(clients[i]->create("/c" + std::to_string(i), ""));
  std::set<std::int64_t> sessions;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(pending[i].wait(patience));
    sessions.insert(clients[i]->session().session.value);
  }
  EXPECT_EQ(sessions.size(), clients.size());
}

TEST_F(ClientLibrary, LivesInAReactorOfSomebodyElse) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::embed();
  auto client = open({.io_loop = loop});
  int rounds = 0;
  std::function<void(const Expected<Stat>&)> again = [&](const Expected<Stat>& stat) {
    EXPECT_TRUE(stat);
    if (++rounds < 10) client->set_data("/r", "x", any_version, again);
  };
  client->create("/r", "", {}, [&](const Expected<Created>& made) {
    EXPECT_TRUE(made);
    client->set_data("/r", "x", any_version, again);
  });
  while (rounds < 10) {
    pollfd entry{.fd = loop->fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&entry, 1, 60'000), 1);
    loop->run_ready();
  }
  client.reset();
  EXPECT_EQ((*open()->exists("/r").wait(patience))->version, 10);
}

TEST_F(ClientLibrary, MayBeDestroyedWithEverythingUnderWay) {
  Seen<Error> ends;
  {
    // Nobody answers there: the listener belongs to a proxy that lets nothing through.
    hard::CutProxy proxy(daemon.port());
    proxy.refuse(true);
    auto client = open({.servers = address_of(proxy.port())});
    for (int i = 0; i < 10; ++i)
      client->get_data("/", nullptr,
                       [&](const Expected<NodeData>& data) { ends.add(data.error()); });
    client.reset();
    EXPECT_EQ(ends.await(10), std::vector<Error>(10, Error::client_closed));
  }
  auto client = open();
  Seen<bool> done;
  Client* const raw = client.get();
  raw->exists("/", nullptr, [&, own = std::move(client)](const auto&) mutable {
    own.reset();
    done.add(true);
  });
  done.await(1);
}

TEST_F(ClientLibrary, HandsItsSessionOver) {
  auto first = open();
  ASSERT_TRUE(first->create("/mine", "", {.mode = CreateMode::ephemeral}).wait(patience));
  const auto credentials = first->detach().wait(patience);
  ASSERT_TRUE(credentials);
  first.reset();
  const auto second = open({.resume = *credentials});
  ASSERT_TRUE(second->await_connected(patience));
  EXPECT_EQ(second->session().session, credentials->session);
  EXPECT_EQ(*second->get_ephemerals().wait(patience), (std::vector<std::string>{"/mine"}));
}

TEST_F(ClientLibrary, AWrongPasswordGetsNoSessionAndHarmsNobody) {
  const auto client = open();
  ASSERT_TRUE(client->create("/e", "", {.mode = CreateMode::ephemeral}).wait(patience));
  const SessionId session = client->session().session;
  const auto thief = open({.resume = SessionCredentials{.session = session, .password = "wrong"}});
  EXPECT_EQ(thief->await_connected(patience).error(), Error::session_expired);
  EXPECT_EQ(thief->get_data("/").wait(patience).error(), Error::session_expired);
  EXPECT_EQ(thief->session().state, SessionState::expired);
  EXPECT_EQ(*client->get_ephemerals().wait(patience), (std::vector<std::string>{"/e"}));
  EXPECT_EQ(client->session().session, session);
}

TEST_F(ClientLibrary, ADetachedSessionThatRanOutIsNotResumed) {
  Seen<EventType> events;
  const auto outside = open();
  auto first = open({}, short_session);
  ASSERT_TRUE(first->create("/e", "", {.mode = CreateMode::ephemeral}).wait(patience));
  const Watcher watcher = make_watcher([&](const WatchedEvent& e) { events.add(e.type); });
  ASSERT_TRUE(*outside->exists("/e", watcher).wait(patience));
  const auto credentials = first->detach().wait(patience);
  ASSERT_TRUE(credentials);
  // Nobody but the server, which ends the session, deletes it.
  EXPECT_EQ(events.await(1), std::vector<EventType>{EventType::node_deleted});
  const auto second = open({.resume = *credentials});
  EXPECT_EQ(second->await_connected(patience).error(), Error::session_expired);
  EXPECT_EQ(second->exists("/").wait(patience).error(), Error::session_expired);
}

TEST_F(ClientLibrary, ASessionThatRanOutDuringAnOutageIsToldWhenItIsOver) {
  Seen<SessionState> states;
  Seen<EventType> events;
  Seen<EventType> own_events;
  hard::CutProxy proxy(daemon.port());
  const auto outside = open();
  const auto client =
      open({.servers = address_of(proxy.port()), .renew_expired = true}, short_session);
  ASSERT_TRUE(client->create("/e", "", {.mode = CreateMode::ephemeral}).wait(patience));
  const SessionId session = client->session().session;
  const StateSubscription subscription =
      client->add_state_listener([&](const SessionEvent& event) { states.add(event.state); });
  ASSERT_TRUE(
      client->exists("/e", make_watcher([&](const WatchedEvent& e) { own_events.add(e.type); }))
          .wait(patience));
  ASSERT_TRUE(
      *outside->exists("/e", make_watcher([&](const WatchedEvent& e) { events.add(e.type); }))
           .wait(patience));
  proxy.refuse(true);
  EXPECT_EQ(events.await(1), std::vector<EventType>{EventType::node_deleted});
  proxy.refuse(false);
  // No deletion is made up for what the session's end did: the watch itself is over.
  EXPECT_EQ(own_events.await(1), std::vector<EventType>{EventType::watch_lost});
  ASSERT_TRUE(states.await_one(SessionState::expired));
  ASSERT_TRUE(client->await_connected(patience)) << "with a session of its own";
  EXPECT_NE(client->session().session, session);
  EXPECT_TRUE(client->get_ephemerals().wait(patience)->empty());
}

TEST_F(ClientLibrary, ManyThreadsMayUseOne) {
  const auto client = open();
  ASSERT_TRUE(client->create("/n", "0").wait(patience));
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (!client->set_data("/n", "x").wait(patience)) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ((*client->exists("/n").wait(patience))->version, 200);
}

}  // namespace
}  // namespace paddock::client
