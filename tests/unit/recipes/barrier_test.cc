#include "recipes/barrier.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(Barrier, IsClosedByItsNode) {
  const auto client = connect();
  const std::string path = test_path() + "/gates/a";
  Barrier barrier(*client, path);
  EXPECT_EQ(barrier.is_closed(patience), false);
  EXPECT_TRUE(barrier.wait(patience));
  ASSERT_TRUE(barrier.close(patience));
  ASSERT_TRUE(barrier.close(patience));
  EXPECT_EQ(barrier.is_closed(patience), true);
  EXPECT_TRUE(client->exists(path).wait(patience)->has_value());
  ASSERT_TRUE(barrier.open(patience));
  ASSERT_TRUE(barrier.open(patience));
  EXPECT_EQ(barrier.is_closed(patience), false);
}

TEST(Barrier, OpeningLetsAllGo) {
  const auto keeper = connect();
  Barrier barrier(*keeper, test_path());
  ASSERT_TRUE(barrier.close(patience));
  const auto waiting_client = connect();
  std::vector<std::future<Expected<void>>> waiting;
  for (int waiter = 0; waiter < 5; ++waiter) {
    waiting.push_back(std::async(
        std::launch::async, [&] { return Barrier(*waiting_client, test_path()).wait(patience); }));
  }
  // Its watch is there, and data that changes lets nobody through.
  while (!waiting_client->check_watches(test_path(), WatcherType::data).wait(patience)) {
  }
  ASSERT_TRUE(keeper->set_data(test_path(), "still closed").wait(patience));
  waiting_client->drop_connection();
  ASSERT_TRUE(barrier.open(patience));
  for (auto& waiter : waiting) EXPECT_TRUE(waiter.get());
}

TEST(Barrier, WhoGivesUpLeavesNoWatch) {
  const auto client = connect();
  Barrier barrier(*client, test_path());
  ASSERT_TRUE(barrier.close(patience));
  EXPECT_EQ(barrier.wait(Milliseconds(20)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  auto waiting = std::async(std::launch::async,
                            [&] { return barrier.wait(Deadline::never(), cancel.get_token()); });
  while (!client->check_watches(test_path(), WatcherType::data).wait(patience)) {
  }
  cancel.request_stop();
  EXPECT_EQ(waiting.get().error(), Error::cancelled);
  EXPECT_EQ(client->check_watches(test_path(), WatcherType::data).wait(patience).error(),
            Error::no_watcher);
}

TEST(Barrier, TheEndOfTheSessionEndsTheWait) {
  const auto keeper = connect();
  ASSERT_TRUE(Barrier(*keeper, test_path()).close(patience));
  const auto client = connect();
  auto waiting =
      std::async(std::launch::async, [&] { return Barrier(*client, test_path()).wait(patience); });
  while (!client->check_watches(test_path(), WatcherType::data).wait(patience)) {
  }
  ASSERT_TRUE(client->close().wait(patience));
  EXPECT_FALSE(waiting.get());
}

}  // namespace
}  // namespace paddock::recipes::test
