#include "core/state.h"

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

// Rules of docs/rules.md that the whole state keeps.
namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;

TEST(R3, AReaderIsNeverInsideABatch) {
  World world;
  world.commits = false;
  Pins& pins = world.state.trie().pins();
  for (int batch = 0; batch < 5; ++batch) {
    const Zxid before = world.state.newest();
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(world.create("/n-", "", 2), ErrorCode::ok);
      EXPECT_EQ(pins.pin(1), before);
    }
    world.state.seal();
    EXPECT_EQ(pins.pin(1), before);
    world.state.commit(world.state.newest());
    EXPECT_EQ(pins.pin(1), world.state.newest());
    EXPECT_EQ(world.children("/").size(), 3u * static_cast<std::size_t>(batch + 1) + 1);
  }
  pins.unpin(1);
}

TEST(R3DeathTest, WhatIsNotSealedCannotBeCommitted) {
  World world;
  world.commits = false;
  ASSERT_EQ(world.create("/a"), ErrorCode::ok);
  EXPECT_DEATH(world.state.commit(world.state.newest()), "CHECK failed");
}

TEST(R10, AMultiThatFailsLateLeavesSessionsTotalsAndDigestAsTheyWere) {
  World world;
  ASSERT_EQ(world.create("/e", "data", 1), ErrorCode::ok);
  ASSERT_EQ(world.create("/a", "data"), ErrorCode::ok);
  const std::uint64_t digest = world.state.digest();
  const auto content = dump(world.state);
  const std::int64_t bytes = world.state.approximate_data_bytes();
  ASSERT_EQ(world.write(OpCode::multi, MultiBody()
                                           .remove("/e")
                                           .create("/e2", 1)
                                           .create("/c", 4)
                                           .set("/a", "longer than before")
                                           .check("/missing")
                                           .finish()),
            ErrorCode::ok);
  EXPECT_FALSE(world.out.has_txn);
  EXPECT_EQ(world.state.digest(), digest);
  EXPECT_EQ(dump(world.state), content);
  EXPECT_EQ(world.state.approximate_data_bytes(), bytes);
  EXPECT_EQ(world.state.ephemerals(world.session), std::vector<std::string>{"/e"});
  EXPECT_EQ(world.state.ephemeral_count(), 1u);
  EXPECT_EQ(world.state.removable_count(), 0u);
}

TEST(R22, ATransactionInSlicesIsTheSameAsInOneGo) {
  World whole, sliced;
  sliced.step_budget = 1;
  for (World* world : {&whole, &sliced}) {
    MultiBody body;
    body.create("/a");
    for (int i = 0; i < 50; ++i) {
      const std::string path = "/a/" + std::to_string(i);
      body.create(path, i % 2).set(path, "x");
    }
    ASSERT_EQ(world->write(OpCode::multi, body.finish()), ErrorCode::ok);
    ASSERT_TRUE(world->out.has_txn);
  }
  EXPECT_EQ(whole.slices, 1u);
  EXPECT_GT(sliced.slices, 200u);
  EXPECT_EQ(as_text(whole.out.reply_body.bytes()), as_text(sliced.out.reply_body.bytes()));
  EXPECT_EQ(whole.events(), sliced.events());
  EXPECT_EQ(dump(whole.state), dump(sliced.state));
  for (World* world : {&whole, &sliced})
    ASSERT_EQ(world->close_session(world->session), ErrorCode::ok);
  EXPECT_GT(sliced.slices, 25u);
  EXPECT_EQ(whole.events(), sliced.events());
  EXPECT_EQ(whole.state.digest(), sliced.state.digest());
}

TEST(R22, BetweenSlicesReadersSeeNothingOfTheTransaction) {
  World world;
  ASSERT_EQ(world.create("/a", "before"), ErrorCode::ok);
  world.step_budget = 1;
  int looked = 0;
  world.between_slices = [&] {
    ++looked;
    EXPECT_EQ(world.data("/a"), "before");
    EXPECT_FALSE(world.has("/a/b"));
    world.state.reclaim();
  };
  ASSERT_EQ(world.write(OpCode::multi, MultiBody().set("/a", "x").create("/a/b").finish()),
            ErrorCode::ok);
  EXPECT_GE(looked, 3);
  EXPECT_EQ(world.data("/a"), "x");
}

}  // namespace
}  // namespace paddock::core::test
