#include "recipes/semaphore.h"

#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

std::string leases() { return test_path() + "/leases"; }
std::string locks() { return test_path() + "/locks"; }

TEST(Semaphore, AdmitsAsManyAsItSays) {
  const auto client = connect();
  Semaphore semaphore(*client, test_path(), 3);
  std::vector<Hold> permits;
  for (int i = 0; i < 3; ++i) {
    Expected<Hold> permit = semaphore.acquire(patience);
    ASSERT_TRUE(permit) << error_text(permit.error());
    permits.push_back(std::move(*permit));
  }
  const Expected<Hold> none = semaphore.try_acquire(patience);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_EQ(semaphore.acquire(Milliseconds(20)).error(), Error::deadline_exceeded);
  await_children(*client, leases(), 3);
  await_children(*client, locks(), 0);
  permits.pop_back();
  await_children(*client, leases(), 2);
  const Expected<Hold> one = semaphore.try_acquire(patience);
  ASSERT_TRUE(one);
  EXPECT_TRUE(*one);
}

TEST(Semaphore, ServesInTheOrderOfArrival) {
  const auto client = connect();
  Semaphore semaphore(*client, test_path(), 2);
  std::vector<Hold> permits;
  for (int i = 0; i < 2; ++i) permits.push_back(std::move(*semaphore.acquire(patience)));
  std::vector<Pending<Hold>> waiting;
  for (std::size_t i = 0; i < 4; ++i) {
    waiting.push_back(semaphore.acquire_async(patience));
    await_children(*client, locks(), i + 1);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t later = i; later < 4; ++later) ASSERT_FALSE(waiting[later].is_ready());
    permits.erase(permits.begin());
    Expected<Hold> next = waiting[i].wait(patience);
    ASSERT_TRUE(next);
    permits.push_back(std::move(*next));
  }
}

TEST(Semaphore, EveryReleaseIsNoticed) {
  // With two in, the one who waits must hear of whichever leaves.
  const auto client = connect();
  for (const std::size_t leaving : {0u, 1u}) {
    Semaphore semaphore(*client, test_path(), 2);
    std::vector<Hold> permits;
    for (int i = 0; i < 2; ++i) permits.push_back(std::move(*semaphore.acquire(patience)));
    const Pending<Hold> next = semaphore.acquire_async(patience);
    await_children(*client, leases(), 3);
    permits[leaving].release();
    EXPECT_TRUE(next.wait(patience));
    permits.clear();
    await_children(*client, leases(), 0);
  }
}

TEST(Semaphore, CancelledInEitherWaitItLeavesNothing) {
  const auto client = connect();
  Semaphore semaphore(*client, test_path(), 1);
  Expected<Hold> held = semaphore.acquire(patience);
  ASSERT_TRUE(held);
  const Pending<Hold> next = semaphore.acquire_async(patience);
  await_children(*client, leases(), 2);
  const Pending<Hold> after = semaphore.acquire_async(patience);
  await_children(*client, locks(), 2);
  after.cancel();
  EXPECT_EQ(after.wait(patience).error(), Error::cancelled);
  await_children(*client, locks(), 1);
  next.cancel();
  EXPECT_EQ(next.wait(patience).error(), Error::cancelled);
  await_children(*client, locks(), 0);
  await_children(*client, leases(), 1);
  held->release();
  EXPECT_TRUE(semaphore.acquire(patience));
}

TEST(Semaphore, ItsDestructionCancelsThoseWhoWait) {
  const auto client = connect();
  auto semaphore = std::make_unique<Semaphore>(*client, test_path(), 1);
  const Expected<Hold> held = semaphore->acquire(patience);
  ASSERT_TRUE(held);
  const Pending<Hold> next = semaphore->acquire_async(patience);
  await_children(*client, leases(), 2);
  const Pending<Hold> after = semaphore->acquire_async(patience);
  await_children(*client, locks(), 2);
  semaphore.reset();
  EXPECT_EQ(next.wait(patience).error(), Error::cancelled);
  EXPECT_EQ(after.wait(patience).error(), Error::cancelled);
  await_children(*client, locks(), 0);
  await_children(*client, leases(), 1);
}

TEST(Semaphore, ItsDestructionWhileTurnsComeIsSafe) {
  const auto client = connect();
  for (int round = 0; round < 30; ++round) {
    std::atomic<int> told{0};
    {
      Semaphore semaphore(*client, test_path(), 2);
      for (int i = 0; i < 4; ++i)
        semaphore.acquire_async(patience, [&](Expected<Hold>&) { ++told; });
      if (round % 3 == 0) {
        ASSERT_TRUE(client->sync("/").wait(patience));
      }
    }
    client->await_callbacks();
    EXPECT_EQ(told, 4);
  }
  await_children(*client, leases(), 0);
  await_children(*client, locks(), 0);
}

TEST(Semaphore, CountsNoForeignNodes) {
  const auto client = connect();
  create_node(*client, test_path());
  create_node(*client, leases());
  create_node(*client, leases() + "/readme");
  Semaphore semaphore(*client, test_path(), 1);
  EXPECT_TRUE(semaphore.acquire(patience));
}

TEST(Semaphore, SharesItsPermitsWithCuratorsLeases) {
  const auto client = connect();
  create_node(*client, test_path());
  create_node(*client, leases());
  const auto lease =
      client->create(leases() + "/_c_u-lease-", "", {.mode = CreateMode::ephemeral_sequential})
          .wait(patience);
  ASSERT_TRUE(lease);
  Semaphore semaphore(*client, test_path(), 1);
  EXPECT_FALSE(*semaphore.try_acquire(patience));
  const Pending<Hold> permit = semaphore.acquire_async(patience);
  await_children(*client, leases(), 2);
  ASSERT_TRUE(client->remove(lease->path).wait(patience));
  EXPECT_TRUE(permit.wait(patience));
}

TEST(Semaphore, HoldsAgainstManyThreads) {
  constexpr int permits = 3;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto client = connect();
      Semaphore semaphore(*client, "/Semaphore.HoldsAgainstManyThreads", permits);
      for (int round = 0; round < 10; ++round) {
        Expected<Hold> permit = semaphore.acquire(patience);
        ASSERT_TRUE(permit) << error_text(permit.error());
        const int now = inside.fetch_add(1) + 1;
        EXPECT_LE(now, permits);
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        ASSERT_TRUE(client->sync("/").wait(patience));
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(most, 1);
  const auto client = connect();
  await_children(*client, leases(), 0);
  await_children(*client, locks(), 0);
}

}  // namespace
}  // namespace paddock::recipes::test
