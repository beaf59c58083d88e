#include "recipes/atomic_value.h"

#include <algorithm>
#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

const Expected<std::optional<std::int32_t>> too_late(std::nullopt);

class AtomicValueTest : public ::testing::TestWithParam<bool> {
 protected:
  static std::string path() {
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    return "/AtomicValue-" + std::string(GetParam() ? "receipts-" : "plain-") +
           name.substr(0, name.find('/')) + "/a/b";
  }
  AtomicValue value(Client& client) { return {client, path(), {.receipts = GetParam()}}; }
  const std::unique_ptr<Client> client_ = connect();
};

TEST_P(AtomicValueTest, IsAbsentUntilTheFirstChange) {
  AtomicValue one = value(*client_);
  auto now = one.get(patience);
  ASSERT_TRUE(now);
  EXPECT_EQ(now->version, Versioned::absent);
  EXPECT_EQ(now->data, "");
  EXPECT_EQ(one.compare_and_set(0, "x", patience), too_late);
  EXPECT_EQ(one.compare_and_set(Versioned::absent, "x", patience), 0);
  EXPECT_EQ(one.compare_and_set(Versioned::absent, "y", patience), too_late);
  EXPECT_EQ(one.get(patience)->data, "x");
}

TEST_P(AtomicValueTest, ComparesTheVersion) {
  AtomicValue one = value(*client_);
  EXPECT_EQ(one.set("a", patience), 0);
  EXPECT_EQ(one.set("b", patience), 1);
  EXPECT_EQ(one.compare_and_set(0, "c", patience), too_late);
  EXPECT_EQ(one.compare_and_set(1, "c", patience), 2);
  const auto now = one.get(patience);
  EXPECT_EQ(now->data, "c");
  EXPECT_EQ(now->version, 2);
  EXPECT_EQ(one.compare_and_set(-2, "c", patience).error(), Error::bad_arguments);
  await_children(*client_, path(), 0);  // receipts are gone
}

TEST_P(AtomicValueTest, UpdateMayLeaveIt) {
  AtomicValue one = value(*client_);
  ASSERT_TRUE(one.set("a", patience));
  const auto left = one.update([](const Versioned&) { return std::nullopt; }, patience);
  EXPECT_EQ(left->data, "a");
  const auto now = one.update([](const Versioned& old) { return old.data + "b"; }, patience);
  EXPECT_EQ(now->data, "ab");
  EXPECT_EQ(now->version, 1);
}

TEST_P(AtomicValueTest, StopsAtDeadlineAndToken) {
  AtomicValue one = value(*client_);
  CancelSource source;
  source.request_stop();
  EXPECT_EQ(one.compare_and_set(Versioned::absent, "x", patience, source.get_token()).error(),
            Error::cancelled);
  EXPECT_EQ(one.get(patience, source.get_token()).error(), Error::cancelled);
}

TEST_P(AtomicValueTest, RefusesToBlockInACallback) {
  AtomicValue one = value(*client_);
  std::promise<void> done;
  client_->sync("/", [&](Expected<void>&) {
    EXPECT_EQ(one.set("x", patience).error(), Error::would_deadlock);
    EXPECT_EQ(one.compare_and_set(Versioned::absent, "x", patience).error(), Error::would_deadlock);
    done.set_value();
  });
  done.get_future().get();
  EXPECT_EQ(one.get(patience)->version, Versioned::absent);
}

TEST_P(AtomicValueTest, NoUpdateIsLostAmongManyThreads) {
  constexpr int thread_count = 4;
  constexpr int rounds = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([this] {
      const auto client = connect();
      AtomicValue one = value(*client);
      for (int round = 0; round < rounds; ++round) {
        const auto changed =
            one.update([](const Versioned& old) { return old.data + "x"; }, patience);
        ASSERT_TRUE(changed) << error_text(changed.error());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto now = value(*client_).get(patience);
  EXPECT_EQ(now->data.size(), static_cast<std::size_t>(thread_count * rounds));
  EXPECT_EQ(now->version, thread_count * rounds - 1);
}

INSTANTIATE_TEST_SUITE_P(All, AtomicValueTest, ::testing::Bool(), [](const auto& has_receipts) {
  return has_receipts.param ? "Receipts" : "Plain";
});

/// Breaks a client's connection again and again, each time a few round trips of another after it
/// has come back.
class Cutter {
 public:
  Cutter(Client& victim, Client& other)
      : thread_([this, &victim, &other] {
          for (int round = 0; !is_over_; ++round) {
            // With a reply the client takes the connection for good, and the next one waits for
            // none.
            if (!victim.sync("/").wait(patience)) continue;
            for (int i = 0; i < round % 7; ++i) other.sync("/").wait(patience);
            victim.drop_connection();
          }
        }) {}
  ~Cutter() { stop(); }
  void stop() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

/// Two writers, one of whose connections breaks all the time: each add that is told happened once.
TEST(AtomicValue, ReceiptsTellOfEveryChangeAcrossBrokenConnections) {
  constexpr int rounds = 60;
  const auto steady = connect();
  const auto shaky = connect();
  const std::string path = test_path();
  const auto append = [&](Client& client, char mark) {
    AtomicValue value(client, path, {.receipts = true});
    for (int round = 0; round < rounds; ++round) {
      const auto changed =
          value.update([&](const Versioned& old) { return old.data + mark; }, patience);
      ASSERT_TRUE(changed) << error_text(changed.error());
    }
  };
  Cutter cutter(*shaky, *steady);
  std::thread other([&] { append(*steady, 'a'); });
  append(*shaky, 'b');
  other.join();
  cutter.stop();
  const auto now = AtomicValue(*steady, path).get(patience);
  EXPECT_EQ(std::count(now->data.begin(), now->data.end(), 'a'), rounds);
  EXPECT_EQ(std::count(now->data.begin(), now->data.end(), 'b'), rounds);
  await_children(*steady, path, 0);
}

/// The change is made and its session runs out before the reply is read: with the session went the
/// receipt. That is never taken for a change that came too late.
TEST(AtomicValue, AReceiptThatWentWithItsSessionIsNoConflict) {
  const auto other = connect();
  for (const auto* below : {"", "/marks"}) create_node(*other, test_path() + below);
  const std::string path = test_path() + "/value";
  std::promise<void> made;
  std::future<void> is_made = made.get_future();
  const Watcher watcher = make_watcher([&](const WatchedEvent&) { made.set_value(); });
  ASSERT_TRUE(other->exists(path, watcher).wait(patience));
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  create_node(*client, test_path() + "/marks/mark", CreateMode::ephemeral);
  loop.stop();
  auto result = std::async(std::launch::async, [&] {
    return AtomicValue(*client, path, {.receipts = true})
        .compare_and_set(Versioned::absent, "x", patience);
  });
  // With a pause after each step, so that hardly ever one comes behind the one that sends: it would
  // read the reply, and this test nothing.
  constexpr Milliseconds pause{100};
  const auto is_ready = [](const auto& future, Milliseconds wait) {
    return future.wait_for(wait) == std::future_status::ready;
  };
  while (!is_ready(is_made, pause) && !is_ready(result, Milliseconds(0))) loop.step();
  await_children(*other, test_path() + "/marks", 0);  // the session is over
  loop.start();
  EXPECT_NE(result.get(), too_late);
}

/// Without receipts an add is told, or connection_loss is: what is there lies between.
TEST(AtomicValue, WithoutReceiptsNothingIsGuessed) {
  constexpr int rounds = 60;
  const auto steady = connect();
  const auto shaky = connect();
  const std::string path = test_path();
  Cutter cutter(*shaky, *steady);
  AtomicValue value(*shaky, path);
  std::size_t told = 0;
  std::size_t open = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto changed =
        value.update([](const Versioned& old) { return old.data + "x"; }, patience);
    if (changed) {
      ++told;
    } else {
      ASSERT_EQ(changed.error(), Error::connection_loss) << error_text(changed.error());
      ++open;
    }
  }
  cutter.stop();
  const auto now = AtomicValue(*steady, path).get(patience);
  EXPECT_GE(now->data.size(), told);
  EXPECT_LE(now->data.size(), told + open);
}

}  // namespace
}  // namespace paddock::recipes::test
