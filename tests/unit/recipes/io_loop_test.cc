#include "recipes/client/io_loop.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>
#include <vector>

#include "recipes/client/pending.h"

namespace paddock::client {
namespace {

using namespace std::chrono_literals;

bool is_readable(int fd, int timeout_ms = 0) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

TEST(IoLoop, RunsTasksInOrderOnItsThread) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::start();
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    loop->post([&order, i, &loop] {
      EXPECT_TRUE(loop->is_current());
      order.push_back(i);
    });
  }
  EXPECT_FALSE(loop->is_current());
  loop->await_callbacks();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(IoLoop, TimersComeInTheirOrderUnlessCancelled) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::start();
  const Promise<void> last;
  std::vector<int> order;
  const TimePoint now = loop->now();
  loop->call_at(now + 3ms, [&] { last.set({}); });
  loop->call_at(now + 2ms, [&] { order.push_back(2); });
  const IoLoop::TimerId never = loop->call_at(now + 1h, [&] { order.push_back(3); });
  loop->call_at(now + 1ms, [&] { order.push_back(1); });
  loop->cancel_timer(never);
  loop->cancel_timer(never);
  EXPECT_TRUE(last.pending().wait(1h));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(IoLoop, EmbeddedShowsOneDescriptorForEverything) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::embed();
  EXPECT_FALSE(is_readable(loop->fd()));
  int ran = 0;
  loop->post([&] { ++ran; });
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(is_readable(loop->fd()));
  loop->run_ready();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(is_readable(loop->fd()));
  std::thread([&] { loop->post([&] { ++ran; }); }).join();
  EXPECT_TRUE(is_readable(loop->fd()));
  loop->run_ready();
  EXPECT_EQ(ran, 2);
  loop->call_at(loop->now() + 1ms, [&] { ++ran; });
  while (ran == 2 && is_readable(loop->fd(), -1)) loop->run_ready();
  EXPECT_EQ(ran, 3);
}

TEST(IoLoop, EmbeddedFollowsTheClockItIsGiven) {
  TimePoint now{};
  const std::shared_ptr<IoLoop> loop = *IoLoop::embed({.now = [&] { return now; }});
  int ran = 0;
  loop->call_at(now + 1h, [&] { ++ran; });
  loop->run_ready();
  EXPECT_EQ(ran, 0);
  now += 1h;
  loop->run_ready();
  EXPECT_EQ(ran, 1);
}

TEST(IoLoop, ATimerThatArmsItselfForThePastDoesNotHoldTheTurn) {
  const std::shared_ptr<IoLoop> loop = *IoLoop::embed();
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    loop->call_at(loop->now() - 1s, [&] { again(); });
  };
  again();
  loop->run_ready();
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(is_readable(loop->fd(), 1'000)) << "it asks for another turn";
}

TEST(IoLoop, LetsGoOfWhatItWillNeverRun) {
  for (const bool is_embedded : {true, false}) {
    std::shared_ptr<IoLoop> loop = is_embedded ? *IoLoop::embed() : *IoLoop::start();
    const std::shared_ptr<IoLoop::Core> core = loop->core();
    const auto held = std::make_shared<int>(0);
    if (is_embedded) loop->post([held] {});
    loop->call_at(loop->now() + 1h, [held] {});
    loop.reset();
    EXPECT_EQ(held.use_count(), 1);
  }
}

// It would wait for ever for the thread that is gone.
TEST(IoLoop, AnEmbeddedOneIsTakenOverWhenItsDriverHasEnded) {
  std::shared_ptr<IoLoop> loop;
  std::thread([&] {
    loop = *IoLoop::embed();
    loop->run_ready();
  }).join();
  int ran = 0;
  for (int round = 1; round <= 2; ++round) {
    loop->post([&] { ++ran; });
    loop->await_callbacks();
    EXPECT_EQ(ran, round);
  }
  std::thread([&] { loop->run_ready(); }).join();
  loop->post([&] { ++ran; });
  loop->await_callbacks();
  EXPECT_EQ(ran, 3);
}

TEST(IoLoop, AnEmbeddedOneMayEndInItsOwnCallback) {
  std::shared_ptr<IoLoop> loop = *IoLoop::embed();
  IoLoop* const raw = loop.get();
  raw->post([own = std::move(loop)]() mutable { own.reset(); });
  raw->run_ready();
}

TEST(IoLoop, MayEndInItsOwnCallback) {
  std::shared_ptr<IoLoop> loop = *IoLoop::start();
  const Promise<void> ended;
  IoLoop* const raw = loop.get();
  raw->post([own = std::move(loop), ended]() mutable {
    own.reset();
    ended.set({});
  });
  EXPECT_TRUE(ended.pending().wait(1h));
}

}  // namespace
}  // namespace paddock::client
