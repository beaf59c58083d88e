#include "core/clock_steps.h"

#include <gtest/gtest.h>

namespace paddock::core {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

TEST(ClockSteps, WithoutStepsItIsTheClock) {
  EXPECT_EQ(ClockSteps().now_since(7, 1000), 1000);
  EXPECT_EQ(ClockSteps().now_since(7, INT64_MIN), INT64_MIN);
}

TEST(ClockSteps, R22_OnlyLaterStepsAreTakenOff) {
  ClockSteps steps;
  steps.add(Zxid{10}, hour_ms);
  steps.add(Zxid{20}, -3 * hour_ms);
  steps.add(Zxid{20}, 5);
  EXPECT_EQ(steps.now_since(10, 1000), 1000 - hour_ms + 3 * hour_ms - 5);
  EXPECT_EQ(steps.now_since(11, 1000), 1000 + 3 * hour_ms - 5);
  EXPECT_EQ(steps.now_since(20, 1000), 1000 + 3 * hour_ms - 5);
  EXPECT_EQ(steps.now_since(21, 1000), 1000);
}

/// With more steps than are kept apart nothing gets older than it is.
TEST(ClockSteps, R22_TheOldestStepsAreMergedToTheSafeSide) {
  ClockSteps steps;
  steps.add(Zxid{10}, hour_ms);
  steps.add(Zxid{20}, 7);
  for (std::size_t i = 2; i < ClockSteps::count_max; ++i) steps.add(Zxid{30}, 0);
  EXPECT_EQ(steps.now_since(15, 0), -7);
  steps.add(Zxid{30}, 0);
  EXPECT_EQ(steps.now_since(5, 0), -7 - hour_ms) << "exact";
  EXPECT_EQ(steps.now_since(15, 0), -7 - hour_ms) << "younger than it is";
  EXPECT_EQ(steps.now_since(21, 0), 0);

  ClockSteps back;
  back.add(Zxid{10}, -hour_ms);
  back.add(Zxid{20}, 7);
  for (std::size_t i = 2; i <= ClockSteps::count_max; ++i) back.add(Zxid{30}, 0);
  EXPECT_EQ(back.now_since(5, 0), -7) << "younger than it is";
  EXPECT_EQ(back.now_since(15, 0), -7) << "exact";
}

}  // namespace
}  // namespace paddock::core
