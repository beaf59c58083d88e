#include "recipes/lock.h"

#include <future>
#include <optional>

#include "recipes/contender_names.h"
#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

/// `_c_<uuid>-<marker><ten digits>` below the test's path.
void expect_spelled(const std::string& node, const std::string& marker) {
  const std::string before = test_path() + "/" + new_protection() + marker;
  ASSERT_EQ(node.size(), before.size() + 10) << node;
  EXPECT_TRUE(node.starts_with(test_path() + "/_c_")) << node;
  EXPECT_EQ(node.substr(before.size() - marker.size() - 1, marker.size() + 1), "-" + marker)
      << node;
  EXPECT_EQ(node.find_first_not_of("0123456789", before.size()), std::string::npos) << node;
}

TEST(Lock, NamesItsNodesAsItsLayoutSays) {
  const auto client = connect();
  {
    const Expected<Hold> hold = Lock(*client, test_path(), {.id = "me"}).lock(patience);
    ASSERT_TRUE(hold);
    expect_spelled(hold->node(), "lock-");
    EXPECT_EQ(client->get_data(hold->node()).wait(patience)->data, "me");
  }
  const Expected<Hold> hold =
      Lock(*client, test_path(), {.layout = LockLayout::kazoo}).lock(patience);
  ASSERT_TRUE(hold);
  expect_spelled(hold->node(), "__lock__");
  EXPECT_NE(client->get_data(hold->node()).wait(patience)->data, "");
}

TEST(Lock, MakesMissingParentsAsContainers) {
  const auto client = connect();
  ASSERT_TRUE(Lock(*client, test_path() + "/a/b").lock(patience));
  await_children(*client, test_path() + "/a/b", 0);
  // A container is ephemeral in nothing but that it goes with its last child; its Stat tells it
  // apart from an ephemeral one only.
  const auto stat = client->exists(test_path() + "/a").wait(patience);
  ASSERT_TRUE(stat);
  if (*stat) {
    EXPECT_EQ((*stat)->ephemeral_owner, SessionId{});
  }
}

TEST(Lock, IsGrantedInTheOrderOfArrival) {
  const auto one = connect();
  const auto two = connect();
  Lock locks[] = {{*one, test_path()}, {*two, test_path(), {.layout = LockLayout::kazoo}}};
  Expected<Hold> first = locks[0].lock(patience);
  ASSERT_TRUE(first);
  std::vector<Pending<Hold>> waiting;
  for (std::size_t i = 0; i < 6; ++i) {
    waiting.push_back(locks[i % 2].lock_async(patience));
    await_children(*one, test_path(), i + 2);
  }
  Hold holder = std::move(*first);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t later = i; later < 6; ++later) ASSERT_FALSE(waiting[later].is_ready());
    const Zxid before = holder.fencing_token();
    holder.release();
    Expected<Hold> next = waiting[i].wait(patience);
    ASSERT_TRUE(next);
    EXPECT_GT(next->fencing_token(), before);
    holder = std::move(*next);
  }
}

TEST(Lock, WaitsForTheNodesOfOtherLibraries) {
  const auto client = connect();
  create_node(*client, test_path());
  Lock lock(*client, test_path());
  for (const std::string name :
       {"_c_8c5e0b1a-0000-4000-8000-000000000001-lock-", "4f2a9c__lock__", "x-7205759403792793-"}) {
    const auto ahead =
        client->create(test_path() + "/" + name, "", {.mode = CreateMode::ephemeral_sequential})
            .wait(patience);
    ASSERT_TRUE(ahead);
    const Expected<Hold> none = lock.try_lock(patience);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none) << name;
    const Pending<Hold> hold = lock.lock_async(patience);
    await_children(*client, test_path(), 2);
    EXPECT_FALSE(hold.is_ready());
    ASSERT_TRUE(client->remove(ahead->path).wait(patience));
    EXPECT_TRUE(hold.wait(patience));
    await_children(*client, test_path(), 0);
  }
}

TEST(Lock, IgnoresForeignNodes) {
  const auto client = connect();
  create_node(*client, test_path());
  for (const std::string name : {"readme", "lock-", "a-latch-0000000000", "0000000000"})
    create_node(*client, test_path() + "/" + name);
  EXPECT_TRUE(Lock(*client, test_path()).lock(patience));
}

TEST(Lock, TryLockTellsWhetherItIsFree) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.try_lock(patience);
  ASSERT_TRUE(first && *first);
  const Expected<Hold> second = lock.try_lock(patience);
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  await_children(*client, test_path(), 1);
  first->release();
  const Expected<Hold> third = lock.try_lock(patience);
  ASSERT_TRUE(third);
  EXPECT_TRUE(*third);
}

TEST(Lock, ADeadlineThatHasPassedSendsNothing) {
  const auto client = connect();
  create_node(*client, test_path());
  EXPECT_EQ(Lock(*client, test_path()).lock(Milliseconds(0)).error(), Error::deadline_exceeded);
  const auto stat = client->exists(test_path()).wait(patience);
  EXPECT_EQ((*stat)->cversion, 0);
}

TEST(Lock, GivesUpAtItsDeadline) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  EXPECT_EQ(lock.lock(Milliseconds(20)).error(), Error::deadline_exceeded);
  await_children(*client, test_path(), 1);
  EXPECT_TRUE(first->is_valid());
}

TEST(Lock, CanBeCancelledByItsToken) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> first = lock.lock(patience);
  ASSERT_TRUE(first);
  CancelSource source;
  auto waiting = std::async(
      std::launch::async, [&] { return lock.lock(Deadline::never(), source.get_token()).error(); });
  await_children(*client, test_path(), 2);
  source.request_stop();
  EXPECT_EQ(waiting.get(), Error::cancelled);
  await_children(*client, test_path(), 1);
}

TEST(Lock, ItsDestructionCancelsThoseWhoWait) {
  const auto client = connect();
  auto lock = std::make_unique<Lock>(*client, test_path());
  const Expected<Hold> first = lock->lock(patience);
  ASSERT_TRUE(first);
  const Pending<Hold> second = lock->lock_async(patience);
  await_children(*client, test_path(), 2);
  lock.reset();
  EXPECT_EQ(second.wait(patience).error(), Error::cancelled);
  await_children(*client, test_path(), 1);
  EXPECT_TRUE(first->is_valid());
}

TEST(Lock, RefusesToBlockInACallback) {
  const auto client = connect();
  Lock lock(*client, test_path());
  std::promise<Error> told;
  client->sync("/", [&](Expected<void>&) { told.set_value(lock.lock(patience).error()); });
  EXPECT_EQ(told.get_future().get(), Error::would_deadlock);
  EXPECT_TRUE(children_of(*client, test_path()).empty());
}

TEST(Lock, CanBeTakenAndReleasedInCallbacks) {
  const auto client = connect();
  Lock lock(*client, test_path());
  constexpr int rounds = 20;
  std::promise<void> done;
  int count = 0;
  std::function<void()> next = [&] {
    lock.lock_async(patience, [&](Expected<Hold>& hold) {
      ASSERT_TRUE(hold);
      hold->release([&](Expected<void>& released) { EXPECT_TRUE(released); });
      if (++count < rounds)
        next();
      else
        done.set_value();
    });
  };
  next();
  ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
  await_children(*client, test_path(), 0);
}

TEST(Lock, AWaitEndsWithTheSession) {
  const auto client = connect();
  auto second = connect();
  const Expected<Hold> first = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(first);
  {
    Lock lock(*second, test_path());
    const Pending<Hold> waiting = lock.lock_async(patience);
    await_children(*client, test_path(), 2);
    ASSERT_TRUE(second->close().wait(patience));
    const Expected<Hold> result = waiting.wait(patience);
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_session_end(result.error())) << error_text(result.error());
  }
  await_children(*client, test_path(), 1);
}

TEST(Lock, PassesOnWhenItsHolderDies) {
  const auto client = connect();
  auto victim = connect();
  Lock lock(*client, test_path());
  std::optional<Hold> dying = std::move(*Lock(*victim, test_path()).lock(patience));
  const Zxid token = dying->fencing_token();
  const Pending<Hold> waiting = lock.lock_async(patience);
  await_children(*client, test_path(), 2);
  ASSERT_TRUE(victim->close().wait(patience));
  EXPECT_EQ(dying->state(), HoldState::lost);
  dying.reset();
  const Expected<Hold> next = waiting.wait(patience);
  ASSERT_TRUE(next);
  EXPECT_GT(next->fencing_token(), token);
}

TEST(Lock, RevocationReachesTheHolderOnce) {
  const auto client = connect();
  const auto other = connect();
  Lock lock(*client, test_path());
  Lock others(*other, test_path());
  ASSERT_EQ(others.request_revocation(patience), false);
  Expected<Hold> hold = lock.lock(patience);
  ASSERT_TRUE(hold);
  std::promise<void> asked;
  hold->on_revoke([&] { asked.set_value(); });  // a second call would throw
  ASSERT_EQ(others.request_revocation(patience), true);
  ASSERT_EQ(others.request_revocation(patience), true);
  ASSERT_EQ(asked.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(hold->is_valid());  // asked, not forced
  hold->release();
  EXPECT_TRUE(others.lock(patience));
}

TEST(Lock, RevocationAskedBeforeTheHandlerIsSetReachesIt) {
  const auto client = connect();
  Lock lock(*client, test_path());
  Expected<Hold> hold = lock.lock(patience);
  ASSERT_TRUE(hold);
  ASSERT_EQ(lock.request_revocation(patience), true);
  std::promise<void> asked;
  hold->on_revoke([&] { asked.set_value(); });
  EXPECT_EQ(asked.get_future().wait_for(patience), std::future_status::ready);
}

TEST(Lock, GuardsACounterAgainstManyThreads) {
  constexpr int thread_count = 8;
  constexpr int rounds = 25;
  Guarded resource;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      const auto client = connect();
      Lock lock(*client, "/Lock.GuardsACounterAgainstManyThreads",
                {.layout = i % 2 == 0 ? LockLayout::curator : LockLayout::kazoo});
      for (int round = 0; round < rounds; ++round) {
        Expected<Hold> hold = lock.lock(patience);
        ASSERT_TRUE(hold) << error_text(hold.error());
        ASSERT_TRUE(resource.add(hold->fencing_token()));
        if (round % 10 == 9) client->drop_connection();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(resource.count(), thread_count * rounds);
  const auto client = connect();
  await_children(*client, test_path(), 0);
}

TEST(Lock, OneLockObjectServesManyThreads) {
  constexpr int thread_count = 4;
  constexpr int rounds = 25;
  const auto client = connect();
  Lock lock(*client, test_path());
  Guarded resource;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        Expected<Hold> hold = lock.lock(patience);
        ASSERT_TRUE(hold && resource.add(hold->fencing_token()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(resource.count(), thread_count * rounds);
}

}  // namespace
}  // namespace paddock::recipes::test
