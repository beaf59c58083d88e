#include "net/busy_poll.h"

#include <gtest/gtest.h>

namespace paddock::net {
namespace {

constexpr std::int64_t spin_ns_max = 200'000;

void wait_times(BusyPoll& poll, int count, std::int64_t ns) {
  for (int i = 0; i < count; ++i) poll.waited(ns);
}

TEST(BusyPoll, SleepsUntilMostOfTheLastWaitsWereShort) {
  BusyPoll poll(spin_ns_max);
  EXPECT_FALSE(poll.is_worth_it());
  wait_times(poll, 8, spin_ns_max - 1);
  EXPECT_FALSE(poll.is_worth_it()) << "half of sixteen";
  poll.waited(spin_ns_max - 1);
  EXPECT_TRUE(poll.is_worth_it());
  wait_times(poll, 1000, spin_ns_max - 1);
  wait_times(poll, 7, spin_ns_max);
  EXPECT_TRUE(poll.is_worth_it());
  poll.waited(spin_ns_max);
  EXPECT_FALSE(poll.is_worth_it()) << "an idle loop sleeps soon";
}

TEST(BusyPoll, EveryOtherWaitIsNotEnough) {
  BusyPoll poll(spin_ns_max);
  for (int i = 0; i < 100; ++i) {
    poll.waited(i % 2 == 0 ? 1000 : 10 * spin_ns_max);
    EXPECT_FALSE(poll.is_worth_it());
  }
}

TEST(BusyPoll, WhoeverDisturbsStartsAnew) {
  BusyPoll poll(spin_ns_max);
  wait_times(poll, 100, 1000);
  poll.disturbs();
  EXPECT_FALSE(poll.is_worth_it());
  wait_times(poll, 8, 1000);
  EXPECT_FALSE(poll.is_worth_it());
}

TEST(BusyPoll, ZeroIsNever) {
  BusyPoll poll(0);
  wait_times(poll, 100, 0);
  EXPECT_FALSE(poll.is_worth_it());
}

}  // namespace
}  // namespace paddock::net
