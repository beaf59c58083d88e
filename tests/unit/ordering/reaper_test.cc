#include "paddock/ordering/reaper.h"

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace paddock::ordering {
namespace {

using core::test::create_request;
using core::test::create_ttl_request;
using proto::ErrorCode;
using proto::OpCode;

class ReaperTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t interval_ms = 1000;

  void start(const Reaper::Options& options = {.check_interval_ms = interval_ms}) {
    reaper.emplace(options);
    reaper->start(session_now_ms);
  }
  void make_due_container(const std::string& path) {
    ASSERT_EQ(world.write(OpCode::create_container, create_request(path)), ErrorCode::ok);
    ASSERT_EQ(world.create(path + "/child"), ErrorCode::ok);
    ASSERT_EQ(world.remove(path + "/child"), ErrorCode::ok);
  }
  void make_due_containers(int count) {
    for (int i = 0; i < count; ++i) make_due_container("/c" + std::to_string(i));
  }
  /// One turn; returns how many were removed.
  int turn() {
    int removed = 0;
    reaper->turn(world.state, session_now_ms, world.now_ms, [&](std::string_view path) {
      if (!has_room) return false;
      EXPECT_EQ(world.remove_container(path), ErrorCode::ok) << path;
      ++removed;
      return true;
    });
    return removed;
  }
  /// Lets time pass until there is something to do, as the loop does.
  void go_to_due() {
    ASSERT_GT(reaper->next_due_ms(), session_now_ms);
    session_now_ms = reaper->next_due_ms();
  }

  core::test::World world;
  std::int64_t session_now_ms = 5000;
  bool has_room = true;
  std::optional<Reaper> reaper;
};

TEST_F(ReaperTest, RoundsComeAtTheInterval) {
  start();
  make_due_container("/a");
  EXPECT_EQ(reaper->next_due_ms(), session_now_ms + interval_ms);
  session_now_ms += interval_ms - 1;
  EXPECT_EQ(turn(), 0);
  ++session_now_ms;
  EXPECT_EQ(turn(), 1);
  EXPECT_EQ(reaper->next_due_ms(), session_now_ms + interval_ms);
  make_due_container("/b");
  EXPECT_EQ(turn(), 0) << "the round is over";
  go_to_due();
  EXPECT_EQ(turn(), 1);
}

TEST_F(ReaperTest, RemovalsKeepThePace) {
  start({.check_interval_ms = interval_ms, .per_minute_max = 6000});  // one in 10 ms
  make_due_containers(5);
  session_now_ms += interval_ms;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(turn(), 1) << i;
    EXPECT_EQ(turn(), 0) << i;
    if (i == 4) break;
    EXPECT_EQ(reaper->next_due_ms(), session_now_ms + 10);
    go_to_due();
  }
  EXPECT_EQ(reaper->next_due_ms(), 5000 + 2 * interval_ms) << "from round to round, not behind it";
}

TEST_F(ReaperTest, TimeWithoutTurnsIsNotMadeUpFor) {
  start({.check_interval_ms = interval_ms, .per_minute_max = 6000});
  make_due_containers(3);
  session_now_ms += interval_ms;
  EXPECT_EQ(turn(), 1);
  session_now_ms += 500;
  EXPECT_EQ(turn(), 1);
}

TEST_F(ReaperTest, APaceOfManyInAMillisecondIsKeptToo) {
  start({.check_interval_ms = interval_ms, .per_minute_max = 150'000});  // five in 2 ms
  make_due_containers(40);
  session_now_ms += interval_ms;
  int removed = 0;
  for (int ms = 0; ms < 10; ++ms, ++session_now_ms) removed += turn();
  EXPECT_EQ(removed, 25);
}

TEST_F(ReaperTest, ATurnLooksAtAShareOfTheCandidates) {
  start();
  for (int i = 0; i < 3000; ++i)
    ASSERT_EQ(world.write(OpCode::create_ttl,
                          create_ttl_request("/t" + std::to_string(i), i == 0 ? 1 : 1'000'000)),
              ErrorCode::ok);
  world.now_ms += 10;
  session_now_ms += interval_ms;
  EXPECT_EQ(turn(), 0) << "the oldest is looked at last";
  EXPECT_EQ(reaper->next_due_ms(), session_now_ms) << "there is more to do at once";
  EXPECT_EQ(turn(), 0);
  EXPECT_EQ(turn(), 1);
  EXPECT_EQ(reaper->next_due_ms(), session_now_ms + interval_ms);
}

TEST_F(ReaperTest, WithoutRoomItTriesTheSameNodeSoonAgain) {
  start();
  make_due_containers(2);
  session_now_ms += interval_ms;
  has_room = false;
  EXPECT_EQ(turn(), 0);
  go_to_due();
  EXPECT_LT(session_now_ms, 5000 + 2 * interval_ms);
  has_room = true;
  EXPECT_EQ(turn(), 1);
  go_to_due();
  EXPECT_EQ(turn(), 1);
  EXPECT_EQ(world.state.removable_count(), 0u);
}

TEST_F(ReaperTest, NeverUsedContainersGoOnlyWhenAskedTo) {
  ASSERT_EQ(world.write(OpCode::create_container, create_request("/c")), ErrorCode::ok);
  world.now_ms += 100'000;
  start();
  session_now_ms += interval_ms;
  EXPECT_EQ(turn(), 0);
  start({.check_interval_ms = interval_ms, .never_used_ms_max = 99'999});
  go_to_due();
  EXPECT_EQ(turn(), 1);
}

TEST_F(ReaperTest, R22_AWallClockThatGoesBackRemovesNothing) {
  ASSERT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 5)), ErrorCode::ok);
  start();
  world.now_ms -= 1'000'000;
  session_now_ms += interval_ms;
  EXPECT_EQ(turn(), 0);
  world.now_ms += 1'000'006;
  go_to_due();
  EXPECT_EQ(turn(), 1);
}

}  // namespace
}  // namespace paddock::ordering
