#include "recipes/waiting_line.h"

#include <algorithm>
#include <optional>

#include "recipes/lock.h"
#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

/// The steps of one lock, taken one by one: whatever happens after whichever step, nothing is left
/// behind, or the lock is there.
class WaitingLineSteps : public ::testing::TestWithParam<bool> {
 protected:
  /// With another's node ahead, unless the lock is free; at a path whose parent lacks if it is.
  void prepare(int round) {
    path_ = "/WaitingLineSteps-" + std::string(GetParam() ? "contended-" : "free-") + name() + "-" +
            std::to_string(round) + "/a";
    if (!GetParam()) return;
    create_node(*other_, path_.substr(0, path_.size() - 2));
    create_node(*other_, path_);
    const auto ahead =
        other_->create(path_ + "/lock-", "", {.mode = CreateMode::ephemeral_sequential})
            .wait(patience);
    ASSERT_TRUE(ahead);
    ahead_ = ahead->path;
  }
  void let_pass() {
    if (GetParam()) {
      ASSERT_TRUE(other_->remove(ahead_).wait(patience));
    }
  }
  static std::string name() {
    const std::string text = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    return text.substr(0, text.find('/'));
  }

  void open() {
    ClientOptions options;
    options.servers = servers();
    options.io_loop = loop_.loop();
    client_ = *Client::open(std::move(options));
    loop_.step_until([&] { return client_->session().state == SessionState::connected; });
  }
  /// Everything that the client has begun is at the server.
  void settle() {
    for (int i = 0; i < 3; ++i) {
      bool is_done = false;
      client_->sync("/", [&](Expected<void>& synced) { is_done = synced.has_value(); });
      loop_.step_until([&] { return is_done; });
    }
  }
  /// A container that never had a child stays for ever.
  void expect_no_lasting_parent(int round) {
    const auto stat = other_->exists(path_).wait(patience);
    ASSERT_TRUE(stat);
    EXPECT_TRUE(!*stat || (*stat)->cversion > 0) << "round " << round;
  }
  void start(Lock& lock) {
    result_.reset();
    pending_ =
        lock.lock_async(patience, [this](Expected<Hold>& hold) { result_ = std::move(hold); });
  }
  /// Whether that was the last round: it was over before that many steps, or waits by then.
  bool take_steps(int count) {
    for (int i = 0; i < count; ++i) {
      if (result_) return true;
      loop_.step();
    }
    return GetParam() && count == 12;
  }

  std::unique_ptr<Client> other_ = connect();
  TestLoop loop_;
  std::unique_ptr<Client> client_;
  std::string path_;
  std::string ahead_;
  Pending<Hold> pending_;
  std::optional<Expected<Hold>> result_;
};

constexpr int rounds_max = 40;  // far more than a lock has steps

TEST_P(WaitingLineSteps, CancelledAfterEach) {
  open();
  int round = 0;
  for (bool was_last = false; !was_last && round < rounds_max; ++round) {
    prepare(round);
    Lock lock(*client_, path_);
    start(lock);
    was_last = take_steps(round);
    pending_.cancel();
    loop_.step_until([&] { return result_.has_value(); });
    if (!*result_) {
      EXPECT_EQ(result_->error(), Error::cancelled);
    }
    result_.reset();
    settle();
    EXPECT_EQ(children_of(*other_, path_).size(), GetParam() ? 1u : 0u) << "round " << round;
    expect_no_lasting_parent(round);
  }
  EXPECT_LT(round, rounds_max);
  EXPECT_GT(round, 2);
}

TEST_P(WaitingLineSteps, DestroyedAfterEach) {
  open();
  int round = 0;
  for (bool was_last = false; !was_last && round < rounds_max; ++round) {
    prepare(round);
    {
      Lock lock(*client_, path_);
      start(lock);
      was_last = take_steps(round);
    }
    loop_.step_until([&] { return result_.has_value(); });
    if (!*result_) {
      EXPECT_EQ(result_->error(), Error::cancelled);
    }
    result_.reset();
    settle();
    EXPECT_EQ(children_of(*other_, path_).size(), GetParam() ? 1u : 0u) << "round " << round;
    expect_no_lasting_parent(round);
  }
  EXPECT_GT(round, 2);
}

TEST_P(WaitingLineSteps, ConnectionLostAfterEach) {
  open();
  int round = 0;
  for (bool was_last = false; !was_last && round < rounds_max; ++round) {
    prepare(round);
    Lock lock(*client_, path_);
    start(lock);
    was_last = take_steps(round);
    client_->drop_connection();
    let_pass();
    loop_.step_until([&] { return result_.has_value(); });
    ASSERT_TRUE(*result_) << error_text(result_->error());
    // Granted just before the cut, it is suspended for a while.
    loop_.step_until([&] { return (*result_)->state() == HoldState::held; });
    EXPECT_EQ(children_of(*other_, path_).size(), 1u) << "round " << round;
    result_.reset();
    settle();
    EXPECT_EQ(children_of(*other_, path_).size(), 0u) << "round " << round;
  }
  EXPECT_GT(round, 2);
}

TEST_P(WaitingLineSteps, DeadlineAfterEach) {
  open();
  int round = 0;
  for (bool was_last = false; !was_last && round < rounds_max; ++round) {
    prepare(round);
    Lock lock(*client_, path_);
    result_.reset();
    // Days ahead, so that only the clock that is moved below gets there; the session is made anew.
    pending_ = lock.lock_async(std::chrono::hours(24),
                               [this](Expected<Hold>& hold) { result_ = std::move(hold); });
    was_last = take_steps(round);
    loop_.move_clock(std::chrono::hours(24));
    loop_.step_until([&] { return result_.has_value(); });
    if (!*result_) {
      EXPECT_EQ(result_->error(), Error::deadline_exceeded);
    }
    result_.reset();
    loop_.step_until([&] { return client_->session().state == SessionState::connected; });
    settle();
    EXPECT_EQ(children_of(*other_, path_).size(), GetParam() ? 1u : 0u) << "round " << round;
    expect_no_lasting_parent(round);
  }
  EXPECT_GT(round, 2);
}

INSTANTIATE_TEST_SUITE_P(All, WaitingLineSteps, ::testing::Bool(), [](const auto& is_contended) {
  return is_contended.param ? "Contended" : "Free";
});

TEST(WaitingLine, ADepartureThatIsNotTheHoldersLeavesTheNextWaiting) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*client, test_path(), 2);
  std::atomic<int> granted{0};
  const Pending<Hold> third = lock.lock_async(patience, [&](Expected<Hold>&) { ++granted; });
  await_children(*client, test_path(), 3);
  second.cancel();  // the third watches this one, and has to look again
  await_children(*client, test_path(), 2);
  ASSERT_TRUE(client->sync("/").wait(patience));
  EXPECT_EQ(granted, 0);
  first->release();
  EXPECT_TRUE(third.wait(patience));
}

TEST(WaitingLine, StartsAgainWhenItsNodeIsDeleted) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*client, test_path(), 2);
  for (const std::string& name : children_of(*client, test_path())) {
    const std::string node = test_path() + "/" + name;
    if (node != first->node()) {
      ASSERT_TRUE(client->remove(node).wait(patience));
    }
  }
  first->release();
  const Expected<Hold> hold = second.wait(patience);
  ASSERT_TRUE(hold) << error_text(hold.error());
  EXPECT_EQ(children_of(*client, test_path()).size(), 1u);
}

TEST(WaitingLine, ChangedDataOfTheOneAheadIsNoDeparture) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*client, test_path(), 2);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(client->set_data(first->node(), std::to_string(i)).wait(patience));
  EXPECT_FALSE(second.is_ready());
  first->release();
  EXPECT_TRUE(second.wait(patience));
}

TEST(WaitingLine, WatchesOnlyTheOneAhead) {
  const auto client = connect();
  Lock lock(*client, test_path());
  std::vector<Pending<Hold>> waiting;
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  for (std::size_t i = 0; i < 3; ++i) {
    waiting.push_back(lock.lock_async(patience));
    await_children(*client, test_path(), i + 2);
  }
  // Each of them has asked for its watch by the reply to this.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->sync("/").wait(patience));
  std::vector<std::string> names = children_of(*client, test_path());
  ASSERT_EQ(names.size(), 4u);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.substr(a.size() - 10) < b.substr(b.size() - 10);
  });
  for (std::size_t i = 0; i < 4; ++i) {
    const auto watched =
        client->check_watches(test_path() + "/" + names[i], WatcherType::data).wait(patience);
    EXPECT_EQ(watched.has_value(), i < 3) << i;
  }
  EXPECT_FALSE(client->check_watches(test_path(), WatcherType::children).wait(patience));
}

TEST(WaitingLine, LeavesNoWatchBehind) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*client, test_path(), 2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->sync("/").wait(patience));
  ASSERT_TRUE(client->check_watches(first->node(), WatcherType::data).wait(patience));
  second.cancel();
  await_children(*client, test_path(), 1);
  EXPECT_FALSE(client->check_watches(first->node(), WatcherType::data).wait(patience));
}

std::string protection_of_last(Client& client, const std::string& path) {
  std::vector<std::string> names = children_of(client, path);
  const auto last = std::max_element(names.begin(), names.end(), [](const auto& a, const auto& b) {
    return a.substr(a.size() - 10) < b.substr(b.size() - 10);
  });
  return last == names.end() ? "" : last->substr(0, last->find("lock-"));
}

// Apache ZooKeeper may carry out a create that was given up for lost behind the one that took its
// place: made by hand here, since this server does not.
TEST(WaitingLine, ItsOwnDoubleIsNotWaitedFor) {
  const auto client = connect();
  const auto other = connect();
  create_node(*other, test_path());
  // Numbers that are free below those of the lock.
  for (int i = 0; i < 3; ++i) {
    const auto made =
        other->create(test_path() + "/x", "", {.mode = CreateMode::persistent_sequential})
            .wait(patience);
    ASSERT_TRUE(made && other->remove(made->path).wait(patience));
  }
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*other, test_path(), 2);
  create_node(*other,
              test_path() + "/" + protection_of_last(*other, test_path()) + "lock-0000000001");
  first->release();
  const Expected<Hold> hold = second.wait(patience);
  ASSERT_TRUE(hold) << error_text(hold.error());
  await_children(*other, test_path(), 1);
}

TEST(WaitingLine, ADoubleBehindItGoesWithIt) {
  const auto other = connect();
  create_node(*other, test_path());
  TestLoop loop;
  const auto client = Client::open({.servers = servers(), .io_loop = loop.loop()});
  ASSERT_TRUE(client);
  loop.step_until([&] { return (*client)->session().state == SessionState::connected; });
  Lock lock(**client, test_path());
  bool has_gone = false;
  // Hardly ever more than one round: the reply to the create has to be lost.
  for (int round = 0; !has_gone && round < 100; ++round) {
    std::optional<Hold> hold;
    lock.lock_async(patience, [&](Expected<Hold>& granted) { hold = std::move(*granted); });
    loop.step();  // sends it
    (*client)->drop_connection();
    loop.step_until([&] { return hold && hold->state() == HoldState::held; });
    const std::string name = protection_of_last(*other, test_path()) + "lock-0999999999";
    create_node(*other, test_path() + "/" + name);
    bool is_released = false;
    hold->release([&](Expected<void>&) { is_released = true; });
    loop.step_until([&] { return is_released; });
    for (int i = 0; i < 3; ++i) {
      bool is_done = false;
      (*client)->sync("/", [&](Expected<void>& synced) { is_done = synced.has_value(); });
      loop.step_until([&] { return is_done; });
    }
    has_gone = !other->remove(test_path() + "/" + name).wait(patience);
  }
  EXPECT_TRUE(has_gone);
}

TEST(WaitingLine, TellsWhyItsSessionIsOver) {
  const auto other = connect();
  const Expected<Hold> first = Lock(*other, test_path()).lock(patience);
  ASSERT_TRUE(first);
  const auto client = connect();
  Lock lock(*client, test_path());
  const Pending<Hold> second = lock.lock_async(patience);
  await_children(*other, test_path(), 2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->sync("/").wait(patience));
  ASSERT_TRUE(client->check_watches(first->node(), WatcherType::data).wait(patience));
  ASSERT_TRUE(client->close().wait(patience));
  EXPECT_EQ(second.wait(patience).error(), Error::client_closed);
}

// What a server that answers a create with another name would bring about.
TEST(WaitingLine, ANameThatTheRuleDoesNotKnowIsNoPlace) {
  static constexpr Spelling known[] = {{.marker = "lock-"}};
  const auto client = connect();
  WaitingLine line(*client, test_path(), open_acl());
  const auto hold =
      line.join({.name = "other-", .data = "", .rule = in_order_of_arrival(known)}, patience)
          .wait(patience);
  ASSERT_FALSE(hold);
  EXPECT_EQ(hold.error(), Error::protocol_error);
  await_children(*client, test_path(), 0);
}

TEST(WaitingLine, TellsWhatTheServerRefuses) {
  const auto client = connect();
  ASSERT_TRUE(client->create(test_path(), "", {.acl = read_acl()}).wait(patience));
  EXPECT_EQ(Lock(*client, test_path()).lock(patience).error(), Error::no_auth);
  EXPECT_EQ(Lock(*client, test_path() + "/below/it").lock(patience).error(), Error::no_auth);
  EXPECT_EQ(Lock(*client, "not/a/path").lock(patience).error(), Error::bad_arguments);
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

}  // namespace
}  // namespace paddock::recipes::test
