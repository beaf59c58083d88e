#include "recipes/queue.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <set>
#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

std::string take_and_consume(Queue& queue) {
  auto item = queue.take(patience);
  if (!item) return error_text(item.error());
  const auto consumed = item->consume(patience);
  EXPECT_TRUE(consumed) << error_text(consumed.error());
  return item->data();
}

TEST(Queue, FirstInFirstOut) {
  const auto client = connect();
  Queue queue(*client, test_path());
  ASSERT_TRUE(queue.put("a", patience));
  ASSERT_TRUE(queue.put_all({"b", "c"}, patience));
  ASSERT_TRUE(queue.put_all({}, patience));
  EXPECT_EQ(queue.size(patience), 3);
  for (const auto* message : {"a", "b", "c"}) EXPECT_EQ(take_and_consume(queue), message);
  EXPECT_EQ(queue.size(patience), 0);
  EXPECT_TRUE(children_of(*client, test_path() + "/taken").empty());
  EXPECT_FALSE(queue.try_take(patience)->has_value());
}

TEST(Queue, TakeWaitsForAMessage) {
  const auto client = connect();
  const auto producer = connect();
  Queue queue(*client, test_path());
  auto waiting = std::async(std::launch::async, [&] { return take_and_consume(queue); });
  await_children(*producer, test_path(), 2);  // it has made the folders, and waits soon
  ASSERT_TRUE(Queue(*producer, test_path()).put("x", patience));
  EXPECT_EQ(waiting.get(), "x");
}

TEST(Queue, WhatIsTakenIsNobodyElsesUntilItIsGivenBack) {
  const auto client = connect();
  const auto other = connect();
  Queue queue(*client, test_path());
  Queue others(*other, test_path());
  ASSERT_TRUE(queue.put_all({"a", "b"}, patience));
  auto a = queue.take(patience);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->data(), "a");
  EXPECT_TRUE(a->is_ours());
  EXPECT_EQ(take_and_consume(others), "b");
  EXPECT_FALSE(others.try_take(patience)->has_value());
  auto waiting = std::async(std::launch::async, [&] { return take_and_consume(others); });
  a->give_back();
  EXPECT_FALSE(a->is_ours());
  EXPECT_EQ(a->consume(patience).error(), Error::bad_arguments);
  EXPECT_EQ(waiting.get(), "a");
  // By the destructor too.
  ASSERT_TRUE(queue.put("c", patience));
  ASSERT_TRUE(queue.take(patience));
  EXPECT_EQ(take_and_consume(others), "c");
}

TEST(Queue, ACrashedConsumersMessageIsDeliveredAgain) {
  const auto client = connect();
  auto crashing = connect({.session_timeout = short_session});
  Queue queue(*client, test_path());
  auto dead = std::make_unique<Queue>(*crashing, test_path());
  ASSERT_TRUE(queue.put_all({"a", "b"}, patience));
  auto item = dead->take(patience);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->data(), "a");
  ASSERT_TRUE(crashing->detach().wait(patience));
  EXPECT_FALSE(item->is_ours());
  EXPECT_FALSE(item->consume(patience));
  EXPECT_EQ(take_and_consume(queue), "b");
  EXPECT_EQ(take_and_consume(queue), "a");
}

TEST(Queue, AConsumerThatOutlivesItsSessionCannotConsume) {
  const auto other = connect();
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  {
    Queue others(*other, test_path());
    Queue queue(*client, test_path());
    ASSERT_TRUE(others.put("a", patience));
    auto item = queue.take(patience);
    ASSERT_TRUE(item);
    loop.stop();
    auto again = others.take(patience);  // when the mark is gone with the session
    ASSERT_TRUE(again);
    EXPECT_EQ(again->data(), "a");
    EXPECT_FALSE(item->is_ours());
    loop.start();
    EXPECT_EQ(item->consume(patience).error(), Error::session_expired);
    EXPECT_TRUE(again->consume(patience)) << "the new owner's mark has been left alone";
    ASSERT_TRUE(queue.put("b", patience));
    EXPECT_EQ(take_and_consume(queue), "b");
  }
}

// Several consumers and producers whose connections break all the time: nothing is lost, nothing
// comes twice, nothing stays behind.
TEST(Queue, ExactlyOnceWhileSessionsLive) {
  constexpr int producers = 2;
  constexpr int consumers = 3;
  constexpr int messages = 60;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::map<std::string, int> seen;
  std::atomic<int> count{0};
  CancelSource cancel;
  std::vector<std::unique_ptr<Client>> clients;
  for (int each = 0; each < producers + consumers; ++each) clients.push_back(connect());
  for (int producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      Queue queue(*clients[producer], test_path());
      for (int message = 0; message < messages; ++message) {
        const std::string text = std::to_string(producer) + "-" + std::to_string(message);
        const auto put = queue.put(text, patience);
        EXPECT_TRUE(put) << error_text(put.error());
      }
    });
  }
  for (int consumer = 0; consumer < consumers; ++consumer) {
    threads.emplace_back([&, consumer] {
      Queue queue(*clients[producers + consumer], test_path());
      for (;;) {
        auto item = queue.take(patience, cancel.get_token());
        if (!item) {
          EXPECT_EQ(item.error(), Error::cancelled);
          return;
        }
        const auto consumed = item->consume(patience);
        EXPECT_TRUE(consumed) << error_text(consumed.error());
        {
          std::lock_guard lock(mutex);
          ++seen[item->data()];
        }
        if (++count == producers * messages) cancel.request_stop();
      }
    });
  }
  // One connection after the other breaks, whatever is on it, a message or two apart.
  std::thread breaking([&] {
    for (int at = 0; count < producers * messages; ++at) {
      clients[at % clients.size()]->drop_connection();
      const int before = count;
      while (count == before && before < producers * messages) std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  breaking.join();
  EXPECT_EQ(seen.size(), std::size_t{producers * messages});
  for (const auto& [message, times] : seen) EXPECT_EQ(times, 1) << message;
  const auto client = connect();
  for (const auto* folder : {"/entries", "/taken", "/ledgers"}) {
    await_children(*client, test_path() + folder, 0);
  }
}

TEST(Queue, WhoGivesUpHasTakenNothing) {
  const auto client = connect();
  const auto other = connect();
  Queue queue(*client, test_path());
  Queue others(*other, test_path());
  EXPECT_EQ(queue.take(Milliseconds(20)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  auto waiting = std::async(std::launch::async, [&] {
    return queue.take(Deadline::never(), cancel.get_token()).error();
  });
  cancel.request_stop();
  EXPECT_EQ(waiting.get(), Error::cancelled);
  // Given up at any step: the message is there for others, and no mark is left.
  for (int round = 0; round < 60; ++round) {
    ASSERT_TRUE(others.put("x", patience));
    CancelSource soon;
    std::thread cancelling([&] {
      for (int step = 0; step < round; ++step) EXPECT_TRUE(other->exists("/").wait(patience));
      soon.request_stop();
    });
    auto item = queue.take(Deadline::never(), soon.get_token());
    cancelling.join();
    if (item) {
      ASSERT_TRUE(item->consume(patience));
    } else {
      ASSERT_EQ(item.error(), Error::cancelled);
      ASSERT_EQ(take_and_consume(others), "x") << round;
    }
    await_children(*client, test_path() + "/taken", 0);
  }
}

TEST(Queue, AConsumeThatWasGivenUpMayBeRepeated) {
  const auto client = connect();
  Queue queue(*client, test_path());
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(queue.put("x", patience));
    auto item = queue.take(patience);
    ASSERT_TRUE(item);
    CancelSource cancel;
    cancel.request_stop();
    EXPECT_EQ(item->consume(patience, cancel.get_token()).error(), Error::cancelled);
    const auto consumed = item->consume(patience);
    ASSERT_TRUE(consumed) << error_text(consumed.error());
    EXPECT_EQ(queue.size(patience), 0);
  }
}

TEST(Queue, AMessageThatGoesWhileItIsTakenIsPassedOver) {
  const auto client = connect();
  Queue queue(*client, test_path());
  ASSERT_TRUE(queue.put_all({"a", "b", "c"}, patience));
  EXPECT_EQ(take_and_consume(queue), "a");  // the list has b and c still
  auto names = children_of(*client, test_path() + "/entries");
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names.size(), 2u);
  ASSERT_TRUE(client->remove(test_path() + "/entries/" + names[0]).wait(patience));
  EXPECT_EQ(take_and_consume(queue), "c");
  EXPECT_TRUE(children_of(*client, test_path() + "/taken").empty());
}

TEST(Queue, SharesItsPathWithKazoo) {
  const auto client = connect();
  const auto kazoo = connect();
  Queue queue(*client, test_path());
  ASSERT_TRUE(queue.put_all({"a", "b"}, patience));
  auto names = children_of(*client, test_path() + "/entries");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"entry-100-0000000000", "entry-100-0000000001"}));
  create_node(*kazoo, test_path() + "/taken/" + names[0], CreateMode::ephemeral);
  EXPECT_EQ(take_and_consume(queue), "b");
  EXPECT_FALSE(queue.try_take(patience)->has_value());
  ASSERT_TRUE(kazoo
                  ->create(test_path() + "/entries/entry-100-", "k",
                           {.mode = CreateMode::persistent_sequential})
                  .wait(patience));
  EXPECT_EQ(take_and_consume(queue), "k");
}

TEST(Queue, SharesItsPathWithCurator) {
  const auto client = connect();
  const std::string path = test_path() + "/queue";
  const std::string locks = test_path() + "/locks";
  Queue queue(*client, QueueLayout::curator(path, locks));
  ASSERT_TRUE(queue.put("a", patience));
  const std::string frame("\0\1\0\1\1\0\0\0\1b\1\0\0\0\1c\2", 17);
  ASSERT_TRUE(client->create(path + "/queue-", frame, {.mode = CreateMode::persistent_sequential})
                  .wait(patience));
  EXPECT_EQ(take_and_consume(queue), "a");
  auto both = queue.take(patience);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->messages(), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(children_of(*client, locks).size(), 2u);  // the mark and the ledgers
  ASSERT_TRUE(both->consume(patience));
  EXPECT_TRUE(children_of(*client, path).empty());
}

TEST(Queue, LeavesNoWatchBehind) {
  const auto client = connect();
  {
    Queue queue(*client, test_path());
    EXPECT_FALSE(queue.try_take(patience)->has_value());
    EXPECT_TRUE(
        client->check_watches(test_path() + "/entries", WatcherType::children).wait(patience));
  }
  for (const auto* folder : {"/entries", "/taken"}) {
    const auto left = client->check_watches(test_path() + folder, WatcherType::any).wait(patience);
    EXPECT_EQ(left.error(), Error::no_watcher);
  }
}

TEST(PriorityQueue, TheMostUrgentFirst) {
  const auto client = connect();
  PriorityQueue queue(*client, test_path());
  ASSERT_TRUE(queue.put("later", 500, patience));
  ASSERT_TRUE(queue.put_all({"now", "then"}, 1, patience));
  ASSERT_TRUE(Queue(*client, test_path()).put("plain", patience));
  const auto next = [&] {
    auto item = queue.take(patience);
    EXPECT_TRUE(item && item->consume(patience));
    return item ? item->data() : "";
  };
  EXPECT_EQ(next(), "now");
  ASSERT_TRUE(queue.put("urgent", 0, patience));
  EXPECT_EQ(next(), "urgent") << "seen although the list was not used up";
  for (const auto* message : {"then", "plain", "later"}) EXPECT_EQ(next(), message);
  EXPECT_EQ(queue.put("x", 1000, patience).error(), Error::bad_arguments);
  EXPECT_EQ(queue.size(patience), 0);
}

}  // namespace
}  // namespace paddock::recipes::test
