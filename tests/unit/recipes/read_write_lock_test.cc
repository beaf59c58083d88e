#include "recipes/read_write_lock.h"

#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(ReadWriteLock, ReadersShareAndWritersDoNot) {
  const auto client = connect();
  ReadWriteLock lock(*client, test_path());
  Expected<Hold> one = lock.read_lock(patience);
  Expected<Hold> two = lock.read_lock(patience);
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(one->is_valid() && two->is_valid());
  EXPECT_FALSE(*lock.try_write_lock(patience));
  const Pending<Hold> writer = lock.write_lock_async(patience);
  await_children(*client, test_path(), 3);
  one->release();
  await_children(*client, test_path(), 2);
  EXPECT_FALSE(writer.is_ready());
  two->release();
  Expected<Hold> held = writer.wait(patience);
  ASSERT_TRUE(held);
  EXPECT_GT(held->fencing_token(), two->fencing_token());
  EXPECT_FALSE(*lock.try_read_lock(patience));
  EXPECT_FALSE(*lock.try_write_lock(patience));
  held->release();
  EXPECT_TRUE(*lock.try_read_lock(patience));
}

TEST(ReadWriteLock, AReaderDoesNotPassAWaitingWriter) {
  const auto client = connect();
  ReadWriteLock lock(*client, test_path());
  Expected<Hold> first = lock.read_lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> writer = lock.write_lock_async(patience);
  await_children(*client, test_path(), 2);
  EXPECT_FALSE(*lock.try_read_lock(patience));
  const Pending<Hold> reader = lock.read_lock_async(patience);
  await_children(*client, test_path(), 3);
  first->release();
  Expected<Hold> written = writer.wait(patience);
  ASSERT_TRUE(written);
  EXPECT_FALSE(reader.is_ready());
  written->release();
  EXPECT_TRUE(reader.wait(patience));
}

TEST(ReadWriteLock, AWaitingWriterThatGivesUpLetsReadersOn) {
  const auto client = connect();
  ReadWriteLock lock(*client, test_path());
  const Expected<Hold> first = lock.read_lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> writer = lock.write_lock_async(patience);
  await_children(*client, test_path(), 2);
  const Pending<Hold> reader = lock.read_lock_async(patience);
  await_children(*client, test_path(), 3);
  writer.cancel();
  EXPECT_TRUE(reader.wait(patience));
  EXPECT_TRUE(first->is_valid());
}

TEST(ReadWriteLock, RespectsBothLayouts) {
  const auto client = connect();
  create_node(*client, test_path());
  ReadWriteLock curator(*client, test_path());
  ReadWriteLock kazoo(*client, test_path(), {.layout = LockLayout::kazoo});
  struct Case {
    const char* name;
    bool is_writer;
  };
  for (const Case other : {Case{"_c_u-__READ__", false}, Case{"_c_u-__WRIT__", true},
                           Case{"u__rlock__", false}, Case{"u__lock__", true}}) {
    const auto node =
        client
            ->create(test_path() + "/" + other.name, "", {.mode = CreateMode::ephemeral_sequential})
            .wait(patience);
    ASSERT_TRUE(node);
    for (ReadWriteLock* lock : {&curator, &kazoo}) {
      EXPECT_EQ(static_cast<bool>(*lock->try_read_lock(patience)), !other.is_writer) << other.name;
      EXPECT_FALSE(*lock->try_write_lock(patience)) << other.name;
    }
    ASSERT_TRUE(client->remove(node->path).wait(patience));
  }
}

class Downgrade : public ::testing::TestWithParam<LockLayout> {
 protected:
  const std::unique_ptr<Client> client_ = connect();
  /// A parameterized test's name has a slash.
  const std::string path_ =
      std::string("/Downgrade-") + std::to_string(static_cast<int>(GetParam())) + "-" +
      std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()).substr(0, 9);
  ReadWriteLock lock_{*client_, path_, {.layout = GetParam()}};
};

TEST_P(Downgrade, LetsReadersInAndNoWriterBetween) {
  Expected<Hold> writer = lock_.write_lock(patience);
  ASSERT_TRUE(writer);
  const Zxid token = writer->fencing_token();
  const Pending<Hold> next_writer = lock_.write_lock_async(patience);
  await_children(*client_, path_, 2);
  Expected<Hold> reader = lock_.downgrade(std::move(*writer), patience);
  ASSERT_TRUE(reader) << error_text(reader.error());
  EXPECT_TRUE(reader->is_valid());
  EXPECT_EQ(reader->fencing_token(), token);
  EXPECT_EQ(children_of(*client_, path_).size(), 2u);
  ASSERT_TRUE(client_->sync("/").wait(patience));
  EXPECT_FALSE(next_writer.is_ready());
  reader->release();
  const Expected<Hold> next = next_writer.wait(patience);
  ASSERT_TRUE(next);
  EXPECT_GT(next->fencing_token(), token);  // though its node is older than the reader's
}

TEST_P(Downgrade, WakesTheReadersBehindIt) {
  Expected<Hold> writer = lock_.write_lock(patience);
  ASSERT_TRUE(writer);
  const Pending<Hold> behind = lock_.read_lock_async(patience);
  await_children(*client_, path_, 2);
  Expected<Hold> reader = lock_.downgrade(std::move(*writer), patience);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(behind.wait(patience));
  EXPECT_TRUE(reader->is_valid());
}

TEST_P(Downgrade, TakesOnlyAWriterOfThisLock) {
  ReadWriteLock other(*client_, path_ + "/other", {.layout = GetParam()});
  EXPECT_EQ(lock_.downgrade(Hold(), patience).error(), Error::bad_arguments);
  Expected<Hold> reader = lock_.read_lock(patience);
  ASSERT_TRUE(reader);
  EXPECT_EQ(lock_.downgrade(std::move(*reader), patience).error(), Error::bad_arguments);
  await_children(*client_, path_, 0);
  Expected<Hold> writer = other.write_lock(patience);
  ASSERT_TRUE(writer);
  EXPECT_EQ(lock_.downgrade(std::move(*writer), patience).error(), Error::bad_arguments);
  await_children(*client_, path_ + "/other", 0);
}

TEST_P(Downgrade, LeavesNothingWhenItFails) {
  Expected<Hold> writer = lock_.write_lock(patience);
  ASSERT_TRUE(writer);
  CancelSource source;
  source.request_stop();
  const Expected<Hold> reader = lock_.downgrade(std::move(*writer), patience, source.get_token());
  if (!reader) {
    EXPECT_EQ(reader.error(), Error::cancelled);
  }
  if (!reader) await_children(*client_, path_, 0);
  EXPECT_FALSE(reader);
}

TEST_P(Downgrade, GoesThroughWhenTheConnectionBreaks) {
  for (int round = 0; round < 20; ++round) {
    Expected<Hold> writer = lock_.write_lock(patience);
    ASSERT_TRUE(writer);
    auto cut = std::async(std::launch::async, [&] { client_->drop_connection(); });
    const Expected<Hold> reader = lock_.downgrade(std::move(*writer), patience);
    ASSERT_TRUE(reader) << error_text(reader.error());
    EXPECT_EQ(children_of(*client_, path_).size(), 1u);
    cut.get();
  }
  await_children(*client_, path_, 0);
}

INSTANTIATE_TEST_SUITE_P(ReadWriteLock, Downgrade,
                         ::testing::Values(LockLayout::curator, LockLayout::kazoo),
                         [](const auto& layout) {
                           return layout.param == LockLayout::kazoo ? "Kazoo" : "Curator";
                         });

TEST(ReadWriteLock, GuardsAValueAgainstManyThreads) {
  constexpr int writer_count = 3;
  constexpr int reader_count = 3;
  constexpr int rounds = 15;
  std::atomic<int> writers_inside{0};
  std::atomic<int> readers_inside{0};
  Guarded resource;
  std::vector<std::thread> threads;
  for (int i = 0; i < writer_count + reader_count; ++i) {
    threads.emplace_back([&, is_writer = i < writer_count] {
      const auto client = connect();
      ReadWriteLock lock(*client, "/ReadWriteLock.GuardsAValueAgainstManyThreads");
      for (int round = 0; round < rounds; ++round) {
        Expected<Hold> hold = is_writer ? lock.write_lock(patience) : lock.read_lock(patience);
        ASSERT_TRUE(hold) << error_text(hold.error());
        if (is_writer) {
          EXPECT_EQ(writers_inside.fetch_add(1), 0);
          EXPECT_EQ(readers_inside.load(), 0);
          EXPECT_TRUE(resource.add(hold->fencing_token()));
          writers_inside.fetch_sub(1);
          if (round % 4 != 3) continue;
          hold = lock.downgrade(std::move(*hold), patience);
          ASSERT_TRUE(hold) << error_text(hold.error());
        }
        readers_inside.fetch_add(1);
        EXPECT_EQ(writers_inside.load(), 0);
        readers_inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(resource.count(), writer_count * rounds);
}

}  // namespace
}  // namespace paddock::recipes::test
