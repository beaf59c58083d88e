#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "recipes/client/client.h"

/// What the recipes' tests share: a daemon that the harness has started, clients of it, and a loop
/// that a test can stop, step and whose clock it can move.
namespace paddock::recipes::test {

using namespace client;

/// Generous: sanitizers, a busy machine. Only a test that fails waits for it.
inline constexpr std::chrono::seconds patience{60};
/// The daemon's ticks allow it; tests that let a session run out wait that long.
inline constexpr Milliseconds short_session{600};

/// "127.0.0.1:<port>".
const std::string& servers();
/// A client whose loop has a thread; fails the test if it does not connect.
std::unique_ptr<Client> connect(ClientOptions options = {});
/// A path that no other test uses: "/<suite>.<test>".
std::string test_path();

std::vector<std::string> children_of(Client& client, const std::string& path);
/// Returns when the node has this many children: no, a failed test.
void await_children(Client& client, const std::string& path, std::size_t count);
void create_node(Client& client, const std::string& path, CreateMode mode = CreateMode::persistent);

/// An embedded loop with a clock that can be moved ahead, driven by step() or by a thread between
/// start() and stop(). While nobody drives it its client is as good as a stopped process. Threads:
/// one at a time.
class TestLoop {
 public:
  TestLoop();
  ~TestLoop() { stop(); }

  const std::shared_ptr<IoLoop>& loop() const { return loop_; }
  void start();
  void stop();
  /// One turn, after waiting for something to do, 20 ms at most.
  void step();
  /// Steps until it is true: no, a failed test.
  void step_until(const std::function<bool()>& is_done);
  void move_clock(Milliseconds ahead) { ahead_ms_ += ahead.count(); }

 private:
  std::atomic<std::int64_t> ahead_ms_{0};
  std::atomic<bool> is_stopping_{false};
  std::shared_ptr<IoLoop> loop_;
  std::thread thread_;
};

/// A resource that a lock guards, as it should be: it refuses tokens below the greatest it has
/// seen. Two that are in it together are seen, or lose each other's additions: the atomics only
/// keep the test itself defined, since nothing but the lock orders its threads.
class Guarded {
 public:
  bool add(Zxid token) {
    const bool was_alone = !is_inside_.exchange(true);
    const bool is_newest = token.value >= greatest_.load();
    greatest_ = token.value;
    const std::int64_t count = count_.load();
    std::this_thread::yield();
    count_ = count + 1;
    is_inside_ = false;
    return was_alone && is_newest;
  }
  std::int64_t count() const { return count_; }

 private:
  std::atomic<bool> is_inside_{false};
  std::atomic<std::int64_t> greatest_{0};
  std::atomic<std::int64_t> count_{0};
};

}  // namespace paddock::recipes::test
