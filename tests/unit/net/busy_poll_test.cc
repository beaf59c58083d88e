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

TEST(BusyPoll, WhoeverDisturbsStartsAnew) {
  BusyPoll poll(0, adaptive_ns);
  wait_times(poll, 100, 1000);
  poll.disturbs();
  EXPECT_EQ(0, poll.spin_ns());
  wait_times(poll, 8, 1000);
  EXPECT_EQ(0, poll.spin_ns());
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
