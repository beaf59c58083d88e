#include "paddock/ordering/wall_clock.h"

#include <gtest/gtest.h>

namespace paddock::ordering {
namespace {

constexpr std::int64_t tick_ms = 2000;

TEST(WallClock, TimeThatPassesIsNoStep) {
  WallClock clock(tick_ms);
  EXPECT_EQ(clock.advance(0, 1'000'000), 0) << "there is nothing to compare the first look with";
  EXPECT_EQ(clock.advance(5, 1'000'005), 0);
  EXPECT_EQ(clock.advance(90'000'000, 91'000'001), 0);
}

TEST(WallClock, R22_AStepIsToldOnceBothWays) {
  WallClock clock(tick_ms);
  clock.advance(1000, 50'000);
  EXPECT_EQ(clock.advance(1100, 50'100 + 86'400'000), 86'400'000);
  EXPECT_EQ(clock.advance(1200, 50'200 + 86'400'000), 0);
  EXPECT_EQ(clock.advance(1300, 300), -50'000 - 86'400'000);
  EXPECT_EQ(clock.advance(1400, 400), 0);
}

TEST(WallClock, R22_SmallStepsAddUp) {
  WallClock clock(tick_ms);
  clock.advance(0, 0);
  EXPECT_EQ(clock.advance(0, tick_ms), 0);
  EXPECT_EQ(clock.advance(0, -tick_ms), 0);
  EXPECT_EQ(clock.advance(0, tick_ms + 1), tick_ms + 1);
  EXPECT_EQ(clock.advance(0, 2 * tick_ms + 1), 0);
  EXPECT_EQ(clock.advance(0, 2 * tick_ms + 2), tick_ms + 1);
}

}  // namespace
}  // namespace paddock::ordering
