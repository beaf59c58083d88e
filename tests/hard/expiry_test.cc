// Ten thousand sessions that end at once, because their connections were cut and nobody came back,
// and some that come back in the very moment.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/crowd.h"
#include "tests/hard/daemon.h"
#include "tests/hard/victim.h"

namespace paddock::hard {
namespace {

constexpr std::int64_t mib = 1 << 20;
constexpr std::int32_t timeout_ms = 3000;
/// So many join at once.
constexpr int joining = 250;

class Expiry : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    daemon.emplace(
        Daemon::Options{.reactors = GetParam(),
                        .arguments = {"--tick-time", "100", "--max-session-timeout", "60000"},
                        .environment = {}});
    for (int i = 0; i < 2 * GetParam(); ++i) {
      watchers.push_back(std::make_unique<Client>(daemon->port()));
      ASSERT_TRUE(watchers.back()->connect());
    }
    ASSERT_TRUE(watchers[0]->create("/crowd").is_ok());
    ASSERT_TRUE(watchers[0]->create("/kept").is_ok());
    victim.emplace(daemon->port(), 2 * GetParam());
    victim->await_rounds(3);
    before = daemon->mntr();
  }
  void TearDown() override {
    if (!victim) return;
    victim->await_rounds(3);
    victim.reset();
    daemon->await_quiet();
  }

  /// `count` more join the crowd; all watchers set a watch on each one's ephemeral.
  void gather(Crowd& crowd, int count, std::int32_t with_timeout_ms) {
    using Clock = std::chrono::steady_clock;
    auto ping_at = Clock::now();
    for (int left = count; left > 0; left -= joining) {
      const std::size_t begin = crowd.size();
      crowd.add(std::min(left, joining), with_timeout_ms);
      for (const auto& watcher : watchers) {
        for (std::size_t i = begin; i < crowd.size(); ++i)
          watcher->send_request(OpCode::exists, proto::PathWatchRequest{crowd.path(i), true});
        for (std::size_t i = begin; i < crowd.size(); ++i)
          ASSERT_TRUE(watcher->reply().is_ok()) << "a session has ended before its time";
      }
      if (Clock::now() < ping_at) continue;
      crowd.ping_all();
      ping_at = Clock::now() + std::chrono::milliseconds(timeout_ms / 10);
    }
    crowd.ping_all();
  }
  proto::Stat stat(std::string_view path) {
    const Message found = watchers[0]->exists(path);
    EXPECT_TRUE(found.is_ok()) << path;
    return found.is_ok() ? found.as<proto::StatReply>().stat : proto::Stat{};
  }
  /// Looks at the crowd's node until it is empty. Each look shows as many deletions as there are
  /// children less.
  void watch_it_empty() {
    const Deadline deadline;
    proto::Stat last = stat("/crowd");
    while (last.num_children > 0) {
      ASSERT_FALSE(deadline.has_passed()) << last.num_children << " are left";
      const proto::Stat now = stat("/crowd");
      ASSERT_EQ(now.num_children + now.cversion, last.num_children + last.cversion);
      ASSERT_LE(now.num_children, last.num_children);
      last = now;
    }
  }
  void expect_nothing_left() {
    for (const char* key : {"global_sessions", "ephemerals_count", "znode_count", "watch_count",
                            "num_alive_connections"})
      daemon->await(key, before.at(key));
  }

  std::optional<Daemon> daemon;
  std::vector<std::unique_ptr<Client>> watchers;
  std::optional<Victim> victim;
  std::map<std::string, std::int64_t> before;  ///< of mntr
};

TEST_P(Expiry, TenThousandAtOnceAreToldOfOnceAndLeaveNothingBehind) {
  const int count = clients_at_most(is_sanitized() ? 1000 : 10'000);
  // Those who keep their sessions alive, with the same timeout, keep them.
  Crowd kept(daemon->port(), "/kept");
  kept.add(20, timeout_ms);
  std::optional<Heartbeat> heartbeat(std::in_place, kept.clients(), timeout_ms / 40);
  before = daemon->mntr();
  std::int64_t rss_after_first = 0;
  for (int round = 0; round < (GetParam() == 2 ? 2 : 1); ++round) {
    SCOPED_TRACE(round);
    Crowd crowd(daemon->port(), "/crowd");
    gather(crowd, count, timeout_ms);
    ASSERT_EQ(stat("/crowd").num_children, count);
    crowd.cut();
    watch_it_empty();
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < crowd.size(); ++i) paths.push_back(crowd.path(i));
    for (const auto& watcher : watchers) {
      expect_deletions(*watcher, paths);
      expect_no_event(*watcher);
    }
    victim->await_rounds(3);
    expect_nothing_left();
    if (round == 0) rss_after_first = daemon->rss_bytes();
  }
  if (!is_sanitized()) {
    EXPECT_LT(daemon->rss_bytes(), rss_after_first + rss_after_first / 8 + 8 * mib);
  }
  heartbeat->await_beats(1);
  heartbeat.reset();
  EXPECT_EQ(stat("/kept").num_children, 20);
}

/// Some expire a little earlier than most. With the first of them all begin to be resumed, as fast
/// as it goes, so that most expire in the middle of it.
TEST_P(Expiry, ASessionIsResumedWithAllItHasOrGoneWithAllItHad) {
  const int count = clients_at_most(is_sanitized() ? 500 : 2000);
  Crowd crowd(daemon->port(), "/crowd");
  gather(crowd, count, timeout_ms);
  gather(crowd, 50, 40'000);  // these come in time
  gather(crowd, 50, timeout_ms - 100);
  crowd.cut();
  watchers[0]->events.push_back(watchers[0]->event());

  std::vector<std::unique_ptr<Client>> back(crowd.size());
  constexpr std::size_t together = 100;
  for (std::size_t end = crowd.size(); end > 0; end -= std::min(end, together)) {
    const std::size_t begin = end - std::min(end, together);
    for (std::size_t i = begin; i < end; ++i) {
      const Client& old = crowd.client(i);
      back[i] = std::make_unique<Client>(daemon->port());
      ASSERT_TRUE(back[i]->begin_handshake(40'000, old.session, old.password));
    }
    for (std::size_t i = begin; i < end; ++i)
      if (!back[i]->finish_handshake()) back[i].reset();
  }
  std::vector<std::string> gone, resumed;
  for (std::size_t i = 0; i < crowd.size(); ++i)
    watchers[0]->send_request(OpCode::exists, proto::PathWatchRequest{crowd.path(i), false});
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    const Message found = watchers[0]->reply();
    if (!back[i]) {
      ASSERT_EQ(found.err, ErrorCode::no_node) << crowd.path(i);
      gone.push_back(crowd.path(i));
    } else {
      ASSERT_TRUE(found.is_ok()) << crowd.path(i);
      EXPECT_EQ(found.as<proto::StatReply>().stat.ephemeral_owner, crowd.client(i).session.value);
      EXPECT_EQ(back[i]->session, crowd.client(i).session);
      back[i]->send_request(OpCode::set_data,
                            proto::SetDataRequest{crowd.path(i), as_bytes("still mine"), -1});
      resumed.push_back(crowd.path(i));
    }
  }
  for (const auto& client : back) ASSERT_TRUE(!client || client->reply().is_ok());
  EXPECT_GE(gone.size(), 1u);
  EXPECT_GE(resumed.size(), 50u);
  // The watch of a resumed one's node has fired by its change; those of the others by their ends.
  for (const auto& watcher : watchers) {
    EXPECT_TRUE(watcher->call(OpCode::sync, proto::PathRequest{"/"}).is_ok());
    EXPECT_TRUE(watcher->exists("/").is_ok());
    std::vector<std::string> deleted, changed;
    for (const Message& event : watcher->events)
      (event.type == EventType::node_deleted ? deleted : changed).push_back(event.path);
    watcher->events.clear();
    std::sort(deleted.begin(), deleted.end());
    std::sort(changed.begin(), changed.end());
    std::sort(gone.begin(), gone.end());
    std::sort(resumed.begin(), resumed.end());
    EXPECT_EQ(deleted, gone);
    EXPECT_EQ(changed, resumed);
  }
  for (const auto& client : back)
    if (client) client->send_request(OpCode::close_session);
  for (const auto& client : back) {
    if (client) {
      EXPECT_TRUE(client->reply().is_ok());
    }
  }
  watch_it_empty();
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Reactors, Expiry, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace paddock::hard
