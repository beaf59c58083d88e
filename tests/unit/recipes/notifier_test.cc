#include "recipes/notifier.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

class Log {
 public:
  void add(std::string line) {
    {
      std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
    }
    changed_.notify_all();
  }
  std::vector<std::string> await_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return lines_.size() >= count; }));
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

TEST(Notifier, EachMessageIsToldToAll) {
  const auto a = connect();
  const auto b = connect();
  Notifier sender(*a, test_path());
  Notifier receiver(*b, test_path());
  std::vector<std::int64_t> numbers;
  Log log;
  auto first = receiver.subscribe("deploy", [&](const Notification& told) {
    EXPECT_EQ(told.missed, 0);
    log.add(std::to_string(told.number) + " " + told.message);
  });
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->await_ready(patience));
  for (int round = 0; round < 5; ++round) {
    const auto number = sender.notify("deploy", "m" + std::to_string(round), patience);
    ASSERT_TRUE(number) << error_text(number.error());
    EXPECT_EQ(*number, round);
    log.await_lines(round + 1);
  }
  EXPECT_EQ(log.await_lines(5), (std::vector<std::string>{"0 m0", "1 m1", "2 m2", "3 m3", "4 m4"}));
  // Who comes later is told the last one, and does not count those before it as missed.
  Log late;
  auto second = receiver.subscribe("deploy", [&](const Notification& told) {
    late.add(told.message + " " + std::to_string(told.missed));
  });
  EXPECT_EQ(late.await_lines(1), std::vector<std::string>{"m4 0"});
}

TEST(Notifier, WhatWasMissedIsCounted) {
  const auto client = connect();
  Notifier sender(*client, test_path());
  TestLoop loop;
  loop.start();
  const auto cut_off = connect({.io_loop = loop.loop()});
  {
    Notifier receiver(*cut_off, test_path());
    ASSERT_TRUE(sender.notify("t", "0", patience));
    Log log;
    auto subscription = receiver.subscribe("t", [&](const Notification& told) {
      log.add(told.message + " " + std::to_string(told.missed));
    });
    log.await_lines(1);
    loop.stop();
    for (const auto* message : {"1", "2", "3"}) ASSERT_TRUE(sender.notify("t", message, patience));
    cut_off->drop_connection();
    loop.start();
    EXPECT_EQ(log.await_lines(2), (std::vector<std::string>{"0 0", "3 2"}));
    // A topic made anew counts anew.
    ASSERT_TRUE(client->remove(test_path() + "/topics/t").wait(patience));
    ASSERT_TRUE(sender.notify("t", "again", patience));
    EXPECT_EQ(log.await_lines(3)[2], "again 0");
  }
}

TEST(Notifier, WorkersAreSeenWorkingAndDying) {
  const auto client = connect();
  Notifier notifier(*client, test_path());
  Log log;
  const auto watch = notifier.watch_workers([&](const WorkerEvent& event) {
    const char* kinds[] = {"started ", "progress ", "gone "};
    log.add(kinds[static_cast<int>(event.kind)] + event.id + " " + event.progress);
  });
  auto crashing = connect({.session_timeout = short_session});
  Notifier theirs(*crashing, test_path());
  auto worker = theirs.start_worker("w1", "0%");
  ASSERT_TRUE(worker);
  ASSERT_TRUE((*worker)->await_started(patience));
  EXPECT_TRUE((*worker)->is_alive());
  log.await_lines(1);
  ASSERT_TRUE((*worker)->report("50%").wait(patience));
  const auto half = watch->await(
      [](const WorkerWatch::Workers& workers) {
        return workers.contains("w1") && workers.at("w1") == "50%";
      },
      patience);
  ASSERT_TRUE(half);
  log.await_lines(2);
  crashing->detach();
  EXPECT_EQ(log.await_lines(3),
            (std::vector<std::string>{"started w1 0%", "progress w1 50%", "gone w1 50%"}));
  EXPECT_FALSE((*worker)->is_alive());
  EXPECT_TRUE(watch->workers().empty());
}

TEST(Notifier, NamesMustBeNames) {
  const auto client = connect();
  Notifier notifier(*client, test_path());
  EXPECT_EQ(notifier.notify("a/b", "", patience).error(), Error::bad_arguments);
  EXPECT_EQ(notifier.subscribe("", nullptr).error(), Error::bad_arguments);
  EXPECT_EQ(notifier.start_worker("..", "").error(), Error::bad_arguments);
}

TEST(Notifier, WaitsEndByDeadlineAndCancel) {
  const auto client = connect();
  Notifier notifier(*client, test_path());
  const auto watch = notifier.watch_workers();
  const auto never = [](const WorkerWatch::Workers&) { return false; };
  EXPECT_EQ(watch->await(never, Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  cancel.request_stop();
  EXPECT_EQ(watch->await(never, patience, cancel.get_token()).error(), Error::cancelled);
  EXPECT_EQ(notifier.notify("t", "m", patience, cancel.get_token()).error(), Error::cancelled);
}

}  // namespace
}  // namespace paddock::recipes::test
