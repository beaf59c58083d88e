// The checker itself: it must turn red on histories that no single node gives, and green on those
// that one does, however their operations overlap.

#include "tests/hard/linearizable.h"

#include <gtest/gtest.h>

#include <random>

namespace paddock::hard {
namespace {

using Kind = Operation::Kind;

const NodeState first{0, "a"};

Operation read(std::uint64_t called, std::uint64_t returned, NodeState seen) {
  return {.called = called, .returned = returned, .succeeded = true, .seen = std::move(seen)};
}
Operation read_nothing(std::uint64_t called, std::uint64_t returned) {
  return {.called = called, .returned = returned};
}
/// wanted -1: any; made -1: refused.
Operation set(std::uint64_t called, std::uint64_t returned, std::int32_t wanted, std::string data,
              std::int32_t made) {
  return {.called = called,
          .returned = returned,
          .kind = Kind::set,
          .wanted_version = wanted,
          .data = std::move(data),
          .succeeded = made >= 0,
          .seen = {made, {}}};
}
Operation create(std::uint64_t called, std::uint64_t returned, std::string data, bool succeeded) {
  return {.called = called,
          .returned = returned,
          .kind = Kind::create,
          .data = std::move(data),
          .succeeded = succeeded};
}
Operation remove(std::uint64_t called, std::uint64_t returned, bool succeeded) {
  return {.called = called, .returned = returned, .kind = Kind::remove, .succeeded = succeeded};
}

TEST(Linearizable, OneAfterAnother) {
  EXPECT_TRUE(is_linearizable({}, first));
  EXPECT_TRUE(is_linearizable({set(1, 2, -1, "b", 1), read(3, 4, {1, "b"})}, first));
  EXPECT_TRUE(is_linearizable({remove(1, 2, true), read_nothing(3, 4), create(5, 6, "c", true),
                               create(7, 8, "d", false), read(9, 10, {0, "c"})},
                              first));
}

TEST(Linearizable, OverlappingOperationsMayHaveAnyOrder) {
  for (const NodeState& seen : {NodeState{0, "a"}, NodeState{1, "b"}})
    EXPECT_TRUE(is_linearizable({set(1, 4, -1, "b", 1), read(2, 3, seen)}, first));
}

TEST(Linearizable, AReadOfWhatWasOverwrittenIsRed) {
  EXPECT_FALSE(is_linearizable({set(1, 2, -1, "b", 1), read(3, 4, {0, "a"})}, first));
}

TEST(Linearizable, AReadOfWhatIsNotWrittenYetIsRed) {
  EXPECT_FALSE(is_linearizable({read(1, 2, {1, "b"}), set(3, 4, -1, "b", 1)}, first));
}

TEST(Linearizable, TwoReadsThatDisagreeOnTheOrderAreRed) {
  EXPECT_FALSE(
      is_linearizable({set(1, 10, -1, "b", 1), read(2, 3, {1, "b"}), read(4, 5, {0, "a"})}, first));
}

TEST(Linearizable, ATornReadIsRed) {
  EXPECT_FALSE(is_linearizable({set(1, 2, -1, "b", 1), read(3, 4, {1, "a"})}, first));
  EXPECT_FALSE(is_linearizable({set(1, 2, -1, "b", 1), read(3, 4, {0, "b"})}, first));
}

TEST(Linearizable, TwoWinnersOfOneCompareAndSetAreRed) {
  EXPECT_TRUE(is_linearizable({set(1, 4, 0, "b", 1), set(2, 3, 0, "c", -1)}, first));
  EXPECT_FALSE(is_linearizable({set(1, 4, 0, "b", 1), set(2, 3, 0, "c", 1)}, first));
}

TEST(Linearizable, ARefusalWithoutAReasonIsRed) {
  EXPECT_FALSE(is_linearizable({set(1, 2, 0, "b", -1)}, first));
  EXPECT_FALSE(is_linearizable({create(1, 2, "b", false)}, NodeState{}));
  EXPECT_FALSE(is_linearizable({remove(1, 2, false)}, first));
}

TEST(Linearizable, ALostWriteIsRed) {
  EXPECT_FALSE(
      is_linearizable({set(1, 2, -1, "b", 1), set(3, 4, -1, "c", 1), read(5, 6, {1, "c"})}, first));
}

TEST(Linearizable, AnUnansweredWriteMayHaveHappenedOrNot) {
  const Operation lost = {.called = 1, .kind = Kind::set, .wanted_version = 0, .data = "b"};
  EXPECT_TRUE(is_linearizable({lost, read(2, 3, {0, "a"})}, first));
  EXPECT_TRUE(is_linearizable({lost, read(2, 3, {1, "b"})}, first));
  EXPECT_TRUE(is_linearizable({lost, read(2, 3, {0, "a"}), read(4, 5, {1, "b"})}, first));
  EXPECT_FALSE(is_linearizable({lost, read(2, 3, {1, "b"}), read(4, 5, {0, "a"})}, first));
}

TEST(Linearizable, AnUnansweredWriteDoesNotHappenBeforeItIsSent) {
  EXPECT_FALSE(is_linearizable(
      {read(1, 2, {1, "b"}), {.called = 3, .kind = Kind::set, .data = "b"}}, first));
}

TEST(Linearizable, AnUnansweredWriteHappensByItsLatestMomentOrNever) {
  const Operation lost = {
      .called = 1, .happened_by = 4, .kind = Kind::set, .wanted_version = -1, .data = "b"};
  EXPECT_TRUE(is_linearizable({lost, read(2, 3, {0, "a"}), read(5, 6, {1, "b"})}, first));
  EXPECT_TRUE(is_linearizable({lost, read(5, 6, {0, "a"}), read(7, 8, {0, "a"})}, first));
  EXPECT_FALSE(is_linearizable({lost, read(5, 6, {0, "a"}), read(7, 8, {1, "b"})}, first));
}

/// A long history of many clients, made by a node in memory, and the same with one answer changed.
TEST(Linearizable, LongHistoriesAreJudgedInTime) {
  std::mt19937 random(7);
  std::vector<Operation> history;
  NodeState state = first;
  std::uint64_t now = 0;
  for (int i = 0; i < 5000; ++i) {
    // Called up to 40 moments early, returned up to 40 late: some ten overlap.
    now += 10;
    Operation operation = i % 3 == 0 ? set(0, 0, i % 2 == 0 ? -1 : state.version, std::to_string(i),
                                           state.version + 1)
                                     : read(0, 0, state);
    operation.called = now + 40 - random() % 40;
    operation.returned = now + 41 + random() % 40;
    if (i % 3 == 0) state = {state.version + 1, operation.data};
    if (i % 50 == 3) operation.returned = Operation::never;
    history.push_back(operation);
  }
  EXPECT_TRUE(is_linearizable(history, first));
  Operation& wrong = history[4001];
  ASSERT_EQ(wrong.kind, Kind::read);
  wrong.seen = history[3700].kind == Kind::read ? history[3700].seen : history[3701].seen;
  EXPECT_FALSE(is_linearizable(history, first));
}

}  // namespace
}  // namespace paddock::hard
