#include "recipes/double_barrier.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

bool is_ready(Client& client) {
  return client.exists(test_path() + "/ready").wait(patience)->has_value();
}

// Used again and again, with a connection each and breaks between: in no round does anyone start
// before all have arrived, or end before all have left.
TEST(DoubleBarrier, AllBeginAndEndTogether) {
  constexpr int members = 4;
  constexpr int rounds = 15;
  std::atomic<int> arrived{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      const auto client = connect();
      DoubleBarrier barrier(*client, test_path(), members);
      for (int round = 1; round <= rounds; ++round) {
        ++arrived;
        if (member == round % members) client->drop_connection();
        const auto entered = barrier.enter(patience);
        ASSERT_TRUE(entered) << error_text(entered.error());
        EXPECT_GE(arrived, round * members);
        ++done;
        if (member == (round + 1) % members) client->drop_connection();
        const auto left = barrier.leave(patience);
        ASSERT_TRUE(left) << error_text(left.error());
        EXPECT_GE(done, round * members);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto client = connect();
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

TEST(DoubleBarrier, OneMemberNeedsNobody) {
  const auto client = connect();
  DoubleBarrier barrier(*client, test_path(), 1);
  EXPECT_EQ(barrier.leave(patience).error(), Error::bad_arguments);
  ASSERT_TRUE(barrier.enter(patience));
  EXPECT_TRUE(barrier.is_inside());
  EXPECT_TRUE(is_ready(*client));
  EXPECT_EQ(barrier.enter(patience).error(), Error::bad_arguments);
  ASSERT_TRUE(barrier.leave(patience));
  EXPECT_FALSE(barrier.is_inside());
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

TEST(DoubleBarrier, WhoGivesUpIsOut) {
  const auto client = connect();
  DoubleBarrier barrier(*client, test_path(), 2);
  EXPECT_EQ(barrier.enter(Milliseconds(50)).error(), Error::deadline_exceeded);
  EXPECT_FALSE(barrier.is_inside());
  await_children(*client, test_path(), 0);
  CancelSource cancel;
  auto entering = std::async(std::launch::async,
                             [&] { return barrier.enter(Deadline::never(), cancel.get_token()); });
  await_children(*client, test_path(), 1);
  cancel.request_stop();
  EXPECT_EQ(entering.get().error(), Error::cancelled);
  await_children(*client, test_path(), 0);
  EXPECT_EQ(client->check_watches(test_path() + "/ready", WatcherType::data).wait(patience).error(),
            Error::no_watcher);
}

TEST(DoubleBarrier, AMemberThatDiesDoesNotCount) {
  const auto client = connect();
  auto dying = connect({.session_timeout = short_session});
  auto entering = std::async(std::launch::async, [&] {
    DoubleBarrier barrier(*dying, test_path(), 3);
    return barrier.enter(patience);
  });
  await_children(*client, test_path(), 1);
  dying->detach();
  EXPECT_FALSE(entering.get());
  await_children(*client, test_path(), 0);
  DoubleBarrier one(*client, test_path(), 2);
  EXPECT_EQ(one.enter(Milliseconds(50)).error(), Error::deadline_exceeded);
}

TEST(DoubleBarrier, LeavingGoesOnWithoutTheDead) {
  const auto client = connect();
  auto dying = connect({.session_timeout = short_session});
  DoubleBarrier alive(*client, test_path(), 2);
  auto dead = std::make_unique<DoubleBarrier>(*dying, test_path(), 2);
  auto entering = std::async(std::launch::async, [&] { return dead->enter(patience); });
  ASSERT_TRUE(alive.enter(patience));
  ASSERT_TRUE(entering.get());
  dying->detach();
  ASSERT_TRUE(alive.leave(patience));
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

TEST(DoubleBarrier, LeaveGivesUpInTime) {
  const auto client = connect();
  const auto other = connect();
  DoubleBarrier one(*client, test_path(), 2);
  DoubleBarrier two(*other, test_path(), 2);
  auto entering = std::async(std::launch::async, [&] { return two.enter(patience); });
  ASSERT_TRUE(one.enter(patience));
  ASSERT_TRUE(entering.get());
  EXPECT_EQ(one.leave(Milliseconds(50)).error(), Error::deadline_exceeded);
  EXPECT_FALSE(one.is_inside());
  ASSERT_TRUE(two.leave(patience));
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

TEST(DoubleBarrier, WhoComesLateGoesThrough) {
  const auto client = connect();
  const auto late_client = connect();
  DoubleBarrier one(*client, test_path(), 1);
  DoubleBarrier late(*late_client, test_path(), 1);
  ASSERT_TRUE(one.enter(patience));
  ASSERT_TRUE(late.enter(patience));
  auto leaving = std::async(std::launch::async, [&] { return one.leave(patience); });
  ASSERT_TRUE(late.leave(patience));
  EXPECT_TRUE(leaving.get());
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

}  // namespace
}  // namespace paddock::recipes::test
