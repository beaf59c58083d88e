#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/core/world.h"

// Which containers and TTL nodes the server may remove, and the walk over them in slices.
namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;

class Removable : public ::testing::Test {
 protected:
  void make_container(std::string_view path) {
    ASSERT_EQ(world.write(OpCode::create_container, create_request(path, "", 4)), ErrorCode::ok);
  }
  /// A container that has lost its last child.
  void make_used_container(const std::string& path) {
    make_container(path);
    ASSERT_EQ(world.create(path + "/child"), ErrorCode::ok);
    ASSERT_EQ(world.remove(path + "/child"), ErrorCode::ok);
  }
  void make_ttl(std::string_view path, std::int64_t ttl_ms) {
    ASSERT_EQ(world.write(OpCode::create_ttl, create_ttl_request(path, ttl_ms)), ErrorCode::ok);
  }
  /// All that is due, sorted.
  static std::vector<std::string> due(const State& state, const State::RemovableWhen& when) {
    std::vector<std::string> paths;
    State::RemovableRound round;
    state.visit_removable(round, when, SIZE_MAX, [&](std::string_view path) {
      paths.emplace_back(path);
      return true;
    });
    EXPECT_TRUE(round.is_over());
    std::ranges::sort(paths);
    return paths;
  }
  std::vector<std::string> due(std::int64_t never_used_ms_max = 0) {
    return due(world.state, {.now_ms = world.now_ms, .never_used_ms_max = never_used_ms_max});
  }

  using Paths = std::vector<std::string>;
  World world;
};

TEST_F(Removable, AContainerIsDueWhenItsLastChildIsGone) {
  make_container("/unused");
  make_container("/c");
  EXPECT_EQ(due(), Paths{});
  ASSERT_EQ(world.create("/c/a"), ErrorCode::ok);
  ASSERT_EQ(world.create("/c/b"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/c/a"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{});
  ASSERT_EQ(world.remove("/c/b"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{"/c"});
  ASSERT_EQ(world.remove_container("/c"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{});
  EXPECT_EQ(world.state.removable_count(), 1u);
}

TEST_F(Removable, OtherNodesAreNever) {
  ASSERT_EQ(world.create("/plain"), ErrorCode::ok);
  ASSERT_EQ(world.create("/flag", "", 4), ErrorCode::ok);
  ASSERT_EQ(world.create("/ephemeral", "", 1), ErrorCode::ok);
  ASSERT_EQ(world.create("/plain/child"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/plain/child"), ErrorCode::ok);
  world.now_ms += 1'000'000;
  EXPECT_EQ(due(1), Paths{});
  EXPECT_EQ(world.state.removable_count(), 0u);
}

TEST_F(Removable, ANeverUsedContainerIsDueByAgeIfThatIsAskedFor) {
  make_container("/c");
  world.now_ms += 1000;
  EXPECT_EQ(due(0), Paths{});
  EXPECT_EQ(due(1000), Paths{});
  EXPECT_EQ(due(999), Paths{"/c"});
  ASSERT_EQ(world.set("/c", "renews mtime"), ErrorCode::ok);
  EXPECT_EQ(due(999), Paths{});
}

TEST_F(Removable, ATtlNodeIsDueWhenUnchangedForLongerThanItsTtlAndChildless) {
  make_ttl("/t", 500);
  world.now_ms += 500;
  EXPECT_EQ(due(), Paths{});
  ++world.now_ms;
  EXPECT_EQ(due(), Paths{"/t"});
  ASSERT_EQ(world.create("/t/child"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{});
  ASSERT_EQ(world.remove("/t/child"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{"/t"}) << "children do not renew it";
  ASSERT_EQ(world.set("/t", "x"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{});
}

TEST_F(Removable, R22_AClockThatGoesBackMakesNothingDue) {
  make_ttl("/t", 1);
  make_container("/c");
  for (const std::int64_t now_ms : {world.now_ms - 1, std::int64_t{0}, INT64_MIN})
    EXPECT_EQ(due(world.state, {.now_ms = now_ms, .never_used_ms_max = 1}), Paths{}) << now_ms;
  EXPECT_EQ(due(world.state, {.now_ms = INT64_MAX, .never_used_ms_max = 1}), (Paths{"/c", "/t"}));
}

TEST_F(Removable, R22_AClockThatIsSetMakesNothingOlderOrYounger) {
  constexpr std::int64_t day_ms = 86'400'000;
  for (const std::int64_t step_ms : {day_ms, -2 * day_ms, day_ms}) {
    SCOPED_TRACE(step_ms);
    make_ttl("/before", 500);
    make_container("/unused");
    world.state.clock_stepped(world.state.newest(), step_ms);
    world.now_ms += step_ms;
    make_ttl("/behind", 500);
    world.now_ms += 500;
    EXPECT_EQ(due(500), Paths{});
    EXPECT_EQ(world.remove_container("/before"), ErrorCode::bad_version);
    EXPECT_EQ(world.remove_container("/behind"), ErrorCode::bad_version);
    ++world.now_ms;
    EXPECT_EQ(due(500), (Paths{"/before", "/behind", "/unused"}));
    for (const std::string_view path : {"/before", "/behind", "/unused"})
      EXPECT_EQ(world.remove_container(path), ErrorCode::ok);
  }
}

TEST_F(Removable, R10_AFailedMultiLeavesTheListAsItWas) {
  make_used_container("/c");
  EXPECT_EQ(world.write(OpCode::multi, MultiBody()
                                           .add(OpCode::create_container, create_request("/d", ""))
                                           .remove("/c")
                                           .check("/missing")
                                           .finish()),
            ErrorCode::ok);
  EXPECT_EQ(world.state.removable_count(), 1u);
  EXPECT_EQ(due(), Paths{"/c"});
}

TEST_F(Removable, ANodeThatIsMadeAgainIsWhatItIsNow) {
  make_used_container("/c");
  make_ttl("/t", 5);
  ASSERT_EQ(world.write(OpCode::multi, MultiBody()
                                           .remove("/c")
                                           .create("/c")
                                           .remove("/t")
                                           .add(OpCode::create_container, create_request("/t", ""))
                                           .finish()),
            ErrorCode::ok);
  EXPECT_EQ(world.state.removable_count(), 1u);
  ASSERT_EQ(world.create("/t/child"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/t/child"), ErrorCode::ok);
  EXPECT_EQ(due(), Paths{"/t"});
}

TEST_F(Removable, AWalkInSlicesMeetsEveryNodeAlthoughSomeGoMeanwhile) {
  constexpr int count = 100;
  for (int i = 0; i < count; ++i) make_used_container("/c" + std::to_string(i));
  State::RemovableRound round;
  int removed = 0;
  for (int slice = 0; !round.is_over(); ++slice) {
    ASSERT_LT(slice, count);
    world.state.visit_removable(round, {.now_ms = world.now_ms}, 7, [&](std::string_view path) {
      EXPECT_EQ(world.remove_container(path), ErrorCode::ok);
      ++removed;
      return true;
    });
    // Between slices one goes that the walk has not come to, or one that it has.
    for (const int other : {slice, count - 1 - slice}) {
      const std::string path = "/c" + std::to_string(other);
      if (world.has(path) && world.remove(path) == ErrorCode::ok) ++removed;
    }
  }
  EXPECT_EQ(removed, count);
  EXPECT_EQ(world.state.removable_count(), 0u);
}

TEST_F(Removable, AStoppedWalkGoesOnWithTheNodeThatStoppedIt) {
  make_used_container("/a");
  make_used_container("/b");
  State::RemovableRound round;
  Paths seen;
  const auto look = [&](bool take) {
    world.state.visit_removable(round, {.now_ms = world.now_ms}, 1, [&](std::string_view path) {
      seen.emplace_back(path);
      return take;
    });
  };
  for (const bool take : {false, false, true, true}) look(take);
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[1], seen[2]);
  EXPECT_NE(seen[2], seen[3]);
  EXPECT_TRUE(round.is_over());
}

TEST_F(Removable, AReplayedAndALoadedStateHaveTheSameList) {
  make_used_container("/c");
  make_container("/unused");
  make_ttl("/t", 10);
  make_used_container("/gone");
  ASSERT_EQ(world.remove("/gone"), ErrorCode::ok);
  world.now_ms += 11;
  const State::RemovableWhen when{.now_ms = world.now_ms, .never_used_ms_max = 5};
  const Paths expected{"/c", "/t", "/unused"};
  EXPECT_EQ(due(world.state, when), expected);
  EXPECT_EQ(due(*world.replayed(), when), expected);

  State loaded(State::Options{});
  world.state.trie().visit_all([&](Znode& node) {
    std::string path;
    node.append_path(path);
    ASSERT_TRUE(loaded.load_node(value_of(path, *Trie::newest(node))).has_value());
  });
  ASSERT_TRUE(loaded.finish_load(world.state.newest()).has_value());
  EXPECT_EQ(due(loaded, when), expected);
}

}  // namespace
}  // namespace paddock::core::test
