// Time that does not pass as it should: a daemon that is stopped, and wall clocks that are set.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/crowd.h"
#include "tests/hard/daemon.h"

namespace paddock::hard {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t hour_ms = 3'600'000;

std::vector<std::string> short_ticks() {
  return {"--tick-time",           "100",  "--container-check-interval", "100",
          "--max-session-timeout", "60000"};
}

std::unique_ptr<Client> connected(const Daemon& daemon, std::int32_t timeout_ms = 40'000) {
  auto client = std::make_unique<Client>(daemon.port());
  EXPECT_TRUE(client->connect(timeout_ms));
  return client;
}

// --- A daemon that is stopped.

class StoppedDaemon : public ::testing::TestWithParam<int> {
 protected:
  static constexpr std::int32_t timeout_ms = 2500;

  StoppedDaemon()
      : daemon({.reactors = GetParam(), .arguments = short_ticks(), .environment = {}}) {}

  /// Returns when no thread of it runs any more.
  void stop() {
    daemon.send_signal(SIGSTOP);
    for (std::string state; state != "T"; ::poll(nullptr, 0, 1)) {
      std::ifstream file("/proc/" + std::to_string(daemon.pid()) + "/stat");
      std::string pid, name;
      file >> pid >> name >> state;
    }
  }
  /// Every session's timeout passes, and some more. Nothing can be waited for but time itself.
  static void let_timeouts_pass() {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms + timeout_ms / 2);
    while (Clock::now() < end) ::poll(nullptr, 0, 50);
  }
  void go_on() { daemon.send_signal(SIGCONT); }

  Daemon daemon;
};

/// R15: a gap extends all deadlines, those of detached sessions too.
TEST_P(StoppedDaemon, R15NobodyExpiresForATimeInWhichItStoodStill) {
  constexpr int each = 20;
  const auto watcher = connected(daemon);
  const char* const kinds[] = {"/pinging", "/silent", "/detached", "/leaving"};
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (const char* kind : kinds) {
    ASSERT_TRUE(watcher->create(kind).is_ok());
    crowds.push_back(std::make_unique<Crowd>(daemon.port(), kind));
    crowds.back()->add(each, timeout_ms);
    for (int i = 0; i < each; ++i)
      ASSERT_TRUE(watcher->exists(crowds.back()->path(static_cast<std::size_t>(i)), true).is_ok());
  }
  Crowd &pinging = *crowds[0], &silent = *crowds[1], &detached = *crowds[2], &leaving = *crowds[3];
  for (const auto& crowd : crowds) crowd->ping_all();
  detached.cut();
  daemon.await("num_alive_connections", 1 + 1 + 3 * each);
  stop();
  // They lie in the sockets' buffers.
  for (Client* client : pinging.clients()) client->send_request(OpCode::ping);
  leaving.cut();
  std::vector<std::unique_ptr<Client>> back;
  for (Client* old : detached.clients()) {
    back.push_back(std::make_unique<Client>(daemon.port()));
    ASSERT_TRUE(back.back()->begin_handshake(timeout_ms, old->session, old->password));
  }
  let_timeouts_pass();
  go_on();
  for (const auto& client : back) EXPECT_TRUE(client->finish_handshake());
  for (Client* old : leaving.clients()) {
    back.push_back(std::make_unique<Client>(daemon.port()));
    EXPECT_TRUE(back.back()->resume(*old));
  }
  for (Client* client : pinging.clients()) EXPECT_TRUE(client->reply().is_ok());
  silent.ping_all();
  expect_no_event(*watcher);
  EXPECT_EQ(daemon.mntr("ephemerals_count"), 4 * each);
  // They go on as if nothing had been.
  for (const auto& client : back) EXPECT_TRUE(client->call(OpCode::close_session).is_ok());
  pinging.ping_all();
  silent.ping_all();
  std::vector<std::string> closed;
  for (const Crowd* crowd : {&detached, &leaving})
    for (std::size_t i = 0; i < crowd->size(); ++i) closed.push_back(crowd->path(i));
  expect_deletions(*watcher, closed);
  EXPECT_EQ(daemon.mntr("ephemerals_count"), 2 * each);
}

INSTANTIATE_TEST_SUITE_P(Reactors, StoppedDaemon, ::testing::Values(1, 2, 4));

// --- Wall clocks that are set.

/// A file with an offset, which the preloaded wall_clock_shim of a daemon adds to its wall clock.
class WallClock {
 public:
  WallClock() {
    char name[] = "/tmp/paddock-clock-XXXXXX";
    const int file = ::mkstemp(name);
    CHECK(file >= 0);
    name_ = name;
    CHECK(::ftruncate(file, sizeof *offset_s_) == 0);
    void* at = ::mmap(nullptr, sizeof *offset_s_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(at != MAP_FAILED);
    ::close(file);
    offset_s_ = static_cast<std::atomic<std::int64_t>*>(at);
  }
  ~WallClock() {
    ::munmap(offset_s_, sizeof *offset_s_);
    ::unlink(name_.c_str());
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  void step(std::int64_t seconds) { *offset_s_ += seconds; }

  /// For a daemon that it is the clock of.
  std::vector<std::string> environment() const {
    const char* shim = std::getenv("WALL_CLOCK_SHIM");
    CHECK(shim != nullptr);
    const char* asan = std::getenv("ASAN_OPTIONS");
    return {
        std::string("LD_PRELOAD=") + shim, "PADDOCK_TEST_WALL_CLOCK=" + name_,
        // ASan wants to be first, although the shim calls nothing of it.
        std::string("ASAN_OPTIONS=") + (asan != nullptr ? asan : "") + ":verify_asan_link_order=0"};
  }

 private:
  std::string name_;
  std::atomic<std::int64_t>* offset_s_ = nullptr;
};

class SteppedClock : public ::testing::TestWithParam<int> {
 protected:
  SteppedClock()
      : daemon({.reactors = GetParam(),
                .arguments = short_ticks(),
                .environment = clock.environment()}),
        client(connected(daemon)) {}

  void create_ttl(std::string_view path, std::int64_t ttl_ms) {
    ASSERT_TRUE(
        client->call(OpCode::create_ttl, core::test::create_ttl_request(path, ttl_ms)).is_ok());
  }
  void await_deletion(const std::string& path) {
    const Message found = client->exists(path, true);
    if (found.err == ErrorCode::no_node) return;
    const Message event = client->event();
    EXPECT_EQ(event.type, EventType::node_deleted);
    EXPECT_EQ(event.path, path);
  }
  bool has(std::string_view path) { return client->exists(path).is_ok(); }
  /// Containers and TTL nodes have all been looked at since the call.
  void await_reaper() {
    for (int round = 0; round < 2; ++round) {
      const std::string path = "/container" + std::to_string(++containers);
      ASSERT_TRUE(client->call(OpCode::create_container, create_request(path, "", 4)).is_ok());
      ASSERT_TRUE(client->create(path + "/child").is_ok());
      ASSERT_TRUE(client->remove(path + "/child").is_ok());
      await_deletion(path);
    }
  }
  /// The session's clients have gone; only its timeout ends it.
  void abandon(const std::string& path, std::int32_t timeout_ms) {
    const auto gone = connected(daemon, timeout_ms);
    ASSERT_TRUE(gone->create(path, "", 1).is_ok());
    gone->reset();
  }
  std::int64_t ctime_ms(std::string_view path) {
    const Message found = client->exists(path);
    EXPECT_TRUE(found.is_ok()) << path;
    return found.is_ok() ? found.as<proto::StatReply>().stat.ctime_ms : 0;
  }

  /// Everything that time decides, around one step of the clock.
  void expect_time_to_pass_across(std::int64_t step_s) {
    SCOPED_TRACE(step_s);
    const std::string base = "/step" + std::to_string(++steps);
    ASSERT_TRUE(client->create(base).is_ok());
    Crowd kept(daemon.port(), base);
    kept.add(10, 1000);
    std::optional<Heartbeat> heartbeat(std::in_place, kept.clients(), 50);
    const auto leaving = connected(daemon);
    ASSERT_TRUE(leaving->create(base + "/leaving", "", 1).is_ok());
    leaving->reset();
    abandon(base + "/abandoned", 1000);
    create_ttl(base + "/hour", hour_ms);
    create_ttl(base + "/second", 1000);
    const std::int64_t before_ms = ctime_ms(base);

    clock.step(step_s);

    ASSERT_TRUE(client->create(base + "/behind").is_ok());
    const std::int64_t moved_ms = ctime_ms(base + "/behind") - before_ms - 1000 * step_s;
    EXPECT_GE(moved_ms, 0) << "Stats show the wall clock";
    EXPECT_LT(moved_ms, hour_ms);
    create_ttl(base + "/hour-behind", hour_ms);
    create_ttl(base + "/second-behind", 1000);
    abandon(base + "/abandoned-behind", 1000);
    // Nothing lives for ever …
    for (const char* name : {"/abandoned", "/abandoned-behind", "/second", "/second-behind"})
      await_deletion(base + name);
    // … and nothing ends early.
    await_reaper();
    EXPECT_TRUE(has(base + "/hour"));
    EXPECT_TRUE(has(base + "/hour-behind"));
    EXPECT_TRUE(has(base + "/leaving"));
    Client back(daemon.port());
    EXPECT_TRUE(back.resume(*leaving));
    EXPECT_TRUE(back.call(OpCode::close_session).is_ok());
    heartbeat->await_beats(1);
    heartbeat.reset();
    EXPECT_TRUE(has(kept.path(0)));
  }

  WallClock clock;
  Daemon daemon;
  std::unique_ptr<Client> client;
  int containers = 0;
  int steps = 0;
};

TEST_P(SteppedClock, R22NeitherSessionsNorTtlNodesFeelIt) {
  for (const std::int64_t step_s : {day_s, -3 * day_s, 2 * day_s})
    expect_time_to_pass_across(step_s);
}

INSTANTIATE_TEST_SUITE_P(Reactors, SteppedClock, ::testing::Values(1, 4));

}  // namespace
}  // namespace paddock::hard
