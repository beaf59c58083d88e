#include "paddock/ordering/batches.h"

#include <gtest/gtest.h>

#include "tests/unit/ordering/core_world.h"

namespace paddock::ordering::test {
namespace {

using Client = CoreWorld::Client;

TEST(Batches, OneThatIsSmallBesideTheOneInFlightWaitsForMore) {
  CoreWorld world;
  const Client client = world.make_client(1);
  const auto path = [](int i) { return "/n" + std::to_string(i); };
  int made = 0;
  const auto create = [&](int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(world.create(client, path(made++)));
    world.turn();
  };
  const Batches& batches = world.core.batches();
  const std::uint64_t before = batches.counters().batches;
  create(8);  // with none in flight there is nothing to wait for
  EXPECT_EQ(batches.counters().batches, before + 1);
  EXPECT_EQ(world.core.next_due_ns(), INT64_MAX);
  create(3);
  EXPECT_EQ(batches.counters().batches, before + 1);
  const std::int64_t due_ns = world.core.next_due_ns();
  EXPECT_GT(due_ns, world.monotonic_ns);
  world.monotonic_ns = due_ns - 1;
  world.turn();
  EXPECT_EQ(batches.counters().batches, before + 1);
  create(1);  // as large as half of it
  EXPECT_EQ(batches.counters().batches, before + 2);
  EXPECT_EQ(batches.counters().last_count, 4u);
  EXPECT_EQ(world.core.next_due_ns(), INT64_MAX);
  world.settle();

  create(8);
  create(1);
  world.monotonic_ns = world.core.next_due_ns();  // nothing more has come
  world.turn();
  EXPECT_EQ(batches.counters().last_count, 1u);
  world.settle();

  create(8);
  create(1);
  world.drain_disk();  // nobody is left to be small beside
  world.turn();
  EXPECT_EQ(batches.counters().last_count, 1u);
  world.settle();
  for (int i = 0; i < made; ++i) EXPECT_TRUE(world.has(path(i))) << i;
}

}  // namespace
}  // namespace paddock::ordering::test
