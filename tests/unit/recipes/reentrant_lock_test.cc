#include "recipes/reentrant_lock.h"

#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(ReentrantLock, NestsInOneThread) {
  const auto client = connect();
  ReentrantLock lock(*client, test_path());
  const auto token = lock.lock(patience);
  ASSERT_TRUE(token);
  EXPECT_NE(*token, Zxid{});
  EXPECT_EQ(lock.lock(patience), *token);
  EXPECT_EQ(lock.try_lock(patience), *token);
  EXPECT_EQ(children_of(*client, test_path()).size(), 1u);
  EXPECT_TRUE(lock.unlock());
  EXPECT_TRUE(lock.unlock());
  ASSERT_NE(lock.hold(), nullptr);
  EXPECT_TRUE(lock.hold()->is_valid());
  EXPECT_TRUE(lock.unlock());
  EXPECT_EQ(lock.hold(), nullptr);
  EXPECT_EQ(lock.unlock().error(), Error::bad_arguments);
  await_children(*client, test_path(), 0);
}

TEST(ReentrantLock, ExcludesOtherThreads) {
  const auto client = connect();
  ReentrantLock lock(*client, test_path());
  ASSERT_TRUE(lock.lock(patience));
  std::promise<void> has_tried;
  auto other = std::async(std::launch::async, [&] {
    EXPECT_EQ(lock.unlock().error(), Error::bad_arguments);
    EXPECT_EQ(lock.try_lock(patience), Zxid{});
    EXPECT_EQ(lock.lock(Milliseconds(10)).error(), Error::deadline_exceeded);
    has_tried.set_value();
    const auto token = lock.lock(patience);
    EXPECT_TRUE(token);
    EXPECT_TRUE(lock.unlock());
    return *token;
  });
  const Zxid mine = lock.hold()->fencing_token();
  has_tried.get_future().get();
  EXPECT_TRUE(lock.unlock());
  EXPECT_GT(other.get(), mine);
}

TEST(ReentrantLock, ALostNestIsNotEnteredAgain) {
  auto client = connect();
  const auto other = connect();
  ReentrantLock lock(*client, test_path());
  ASSERT_TRUE(lock.lock(patience));
  ASSERT_TRUE(client->close().wait(patience));
  client->await_callbacks();
  EXPECT_EQ(lock.hold()->state(), HoldState::lost);
  EXPECT_EQ(lock.lock(patience).error(), Error::session_expired);
  EXPECT_TRUE(lock.unlock());
  await_children(*other, test_path(), 0);
}

}  // namespace
}  // namespace paddock::recipes::test
