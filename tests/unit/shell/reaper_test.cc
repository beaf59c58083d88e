#include "paddock/shell/reaper.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

using namespace std::chrono_literals;
using client::TimePoint;

constexpr TimePoint start{};
const std::optional<int> nothing;

TEST(ShellReaper, AskedAGracePeriodBeforeTheEndAndKilledShortlyBeforeIt) {
  Reaper reaper(10s, 2s);
  const TimePoint end = start + 10s;
  EXPECT_EQ(reaper.next(end), end - 2100ms);
  EXPECT_EQ(reaper.due(end - 2101ms, end), nothing);
  EXPECT_FALSE(reaper.has_begun());
  EXPECT_EQ(reaper.due(end - 2100ms, end), SIGTERM);
  EXPECT_TRUE(reaper.has_begun());
  EXPECT_EQ(reaper.due(end - 2099ms, end), nothing);
  EXPECT_EQ(reaper.next(end), end - 100ms);
  EXPECT_EQ(reaper.due(end - 101ms, end), nothing);
  EXPECT_EQ(reaper.due(end - 100ms, end), SIGKILL);
  EXPECT_EQ(reaper.due(end, end), nothing);
  EXPECT_EQ(reaper.next(end), TimePoint::max());
}

TEST(ShellReaper, NothingIsDueWhileTheSessionMovesOn) {
  Reaper reaper(10s, 2s);
  for (int s = 0; s < 100; ++s) EXPECT_EQ(reaper.due(start + 1s * s, start + 1s * s + 5s), nothing);
  EXPECT_FALSE(reaper.has_begun());
}

TEST(ShellReaper, OnceAskedItIsKilledEvenIfTheConnectionComesBack) {
  Reaper reaper(10s, 2s);
  const TimePoint asked = start + 8s;
  ASSERT_EQ(reaper.due(asked, start + 10s), SIGTERM);
  const TimePoint moved_on = start + 20s;
  EXPECT_EQ(reaper.next(moved_on), asked + 2s);
  EXPECT_EQ(reaper.due(asked + 1999ms, moved_on), nothing);
  EXPECT_EQ(reaper.due(asked + 2s, moved_on), SIGKILL);
}

TEST(ShellReaper, WhatIsLostIsKilledAtOnce) {
  Reaper reaper(10s, 2s);
  EXPECT_EQ(reaper.due(start + 5s, start), SIGKILL);
  EXPECT_TRUE(reaper.has_begun());
}

TEST(ShellReaper, TheGraceIsAQuarterUnlessToldOtherwiseAndHalfAtMost) {
  const TimePoint end = start + 1h;
  EXPECT_EQ(Reaper(8s, std::nullopt).next(end), end - 2100ms);
  EXPECT_EQ(Reaper(60s, std::nullopt).next(end), end - 5100ms);
  EXPECT_EQ(Reaper(8s, 100s).next(end), end - 4100ms);
  EXPECT_EQ(Reaper(8s, 0s).next(end), end - 100ms);
  EXPECT_EQ(Reaper(1s, std::nullopt).next(end), end - 300ms);
}

}  // namespace
}  // namespace paddock::shell
