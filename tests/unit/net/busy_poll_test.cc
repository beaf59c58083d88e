#include "net/busy_poll.h"

#include <gtest/gtest.h>

namespace paddock::net {
namespace {

constexpr std::int64_t adaptive_ns = 200'000;

void wait_times(BusyPoll& poll, int count, std::int64_t ns) {
  for (int i = 0; i < count; ++i) poll.waited(ns);
}

TEST(BusyPoll, SleepsUntilMostOfTheLastWaitsWereShort) {
  BusyPoll poll(0, adaptive_ns);
  EXPECT_EQ(0, poll.spin_ns());
  wait_times(poll, 8, adaptive_ns - 1);
  EXPECT_EQ(0, poll.spin_ns()) << "half of sixteen";
  poll.waited(adaptive_ns - 1);
  EXPECT_EQ(adaptive_ns, poll.spin_ns());
  wait_times(poll, 1000, adaptive_ns - 1);
  wait_times(poll, 7, adaptive_ns);
  EXPECT_EQ(adaptive_ns, poll.spin_ns());
  poll.waited(adaptive_ns);
  EXPECT_EQ(0, poll.spin_ns()) << "an idle loop sleeps soon";
}

TEST(BusyPoll, EveryOtherWaitIsNotEnough) {
  BusyPoll poll(0, adaptive_ns);
  for (int i = 0; i < 100; ++i) {
    poll.waited(i % 2 == 0 ? 1000 : 10 * adaptive_ns);
    EXPECT_EQ(0, poll.spin_ns());
  }
}

constexpr std::int64_t ms = 1'000'000;

/// Lets short waits pass until it spins again; how long they were together, at most a minute.
std::int64_t pause_of(BusyPoll& poll) {
  std::int64_t total_ns = 0;
  for (; poll.spin_ns() == 0 && total_ns < 60'000 * ms; total_ns += adaptive_ns / 2)
    poll.waited(adaptive_ns / 2);
  return total_ns;
}

TEST(BusyPoll, WhoeverDisturbsIsLeftTheCoreForSomeTime) {
  BusyPoll poll(0, adaptive_ns);
  wait_times(poll, 100, 1000);
  poll.disturbs();
  EXPECT_EQ(10 * ms, pause_of(poll));
}

TEST(BusyPoll, APauseGetsLongerWhileItIsDisturbedAgainAndAgain) {
  BusyPoll poll(0, adaptive_ns);
  wait_times(poll, 100, 1000);
  for (const std::int64_t pause_ms : {10, 20, 40, 80, 160, 320, 640, 1000, 1000}) {
    poll.disturbs();
    EXPECT_EQ(pause_ms * ms, pause_of(poll));
    wait_times(poll, 100, adaptive_ns / 2);
  }
}

TEST(BusyPoll, ASecondWithoutADisturbanceMakesPausesShortAgain) {
  BusyPoll poll(0, adaptive_ns);
  wait_times(poll, 100, 1000);
  for (int i = 0; i < 5; ++i) {
    poll.disturbs();
    pause_of(poll);
  }
  wait_times(poll, 9'000, adaptive_ns / 2);
  poll.disturbs();
  EXPECT_EQ(320 * ms, pause_of(poll)) << "0.9 s were too short";
  wait_times(poll, 11'000, adaptive_ns / 2);
  poll.disturbs();
  EXPECT_EQ(10 * ms, pause_of(poll));
}

TEST(BusyPoll, ZeroIsNever) {
  BusyPoll poll(0, 0);
  wait_times(poll, 100, 0);
  EXPECT_EQ(0, poll.spin_ns());
}

TEST(BusyPoll, AlwaysSpinsWhateverTheWaitsWereLike) {
  constexpr std::int64_t always_ns = 50'000;
  BusyPoll poll(always_ns, adaptive_ns);
  EXPECT_EQ(always_ns, poll.spin_ns());
  wait_times(poll, 100, 10 * adaptive_ns);
  EXPECT_EQ(always_ns, poll.spin_ns());
  wait_times(poll, 100, 1000);
  EXPECT_EQ(adaptive_ns, poll.spin_ns());
  poll.disturbs();
  EXPECT_EQ(always_ns, poll.spin_ns());
  BusyPoll longer(2 * adaptive_ns, adaptive_ns);
  wait_times(longer, 100, 1000);
  EXPECT_EQ(2 * adaptive_ns, longer.spin_ns());
}

}  // namespace
}  // namespace paddock::net
