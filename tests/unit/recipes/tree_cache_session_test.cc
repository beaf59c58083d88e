#include "tests/unit/recipes/tree_cache_fixture.h"

namespace paddock::recipes::test {
namespace {

TEST_P(TreeCacheTest, TellsTheDifferenceAfterALostConnection) {
  make(root());
  for (const auto* name : {"/kept", "/changed", "/gone", "/gone/below", "/again"}) {
    make(root() + name, "1");
  }
  // A connection that is gone until it is let go on.
  TestLoop loop;
  loop.start();
  const auto cached = connect({.io_loop = loop.loop()});
  Listener listener;
  {
    TreeCache cache(*cached, root(), options(listener.hook()));
    ASSERT_TRUE(cache.refresh(patience));  // not await_loaded: the listener comes behind that
    listener.take_log();
    loop.stop();
    set(root() + "/changed", "2");
    remove(root() + "/gone/below");
    remove(root() + "/gone");
    remove(root() + "/again");
    make(root() + "/again", "2");
    make(root() + "/new");
    make(root() + "/new/below");
    cached->drop_connection();
    EXPECT_EQ(cache.find(root() + "/changed")->data, "1") << "serves what it knew";
    loop.start();
    const auto snapshot = cache.refresh(patience);
    ASSERT_TRUE(snapshot);
    Contents expected;
    read_tree(*client_, root(), expected);
    EXPECT_EQ(contents_of(**snapshot), expected);
    EXPECT_EQ(listener.sum(), expected);
    for (const std::string& line : listener.take_log()) EXPECT_EQ(line.find("kept"), line.npos);
    // And the watches are there again.
    set(root() + "/kept", "3");
    set(root() + "/new/below", "3");
    ASSERT_TRUE(cache.refresh(patience));
    EXPECT_EQ(listener.sum()[root() + "/kept"], "3");
    EXPECT_EQ(listener.sum()[root() + "/new/below"], "3");
  }
}

TEST_P(TreeCacheTest, GoesOnInTheNextSession) {
  make(root(), "1");
  TestLoop loop;
  loop.start();
  const auto cached =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  {
    Listener listener;
    TreeCache cache(*cached, root(), options(listener.hook()));
    ASSERT_TRUE(cache.await_loaded(patience));
    const std::string mark = root() + "/mark";
    create_node(*cached, mark, CreateMode::ephemeral);
    ASSERT_TRUE(cache.refresh(patience));
    loop.stop();  // longer than its session lives
    await_children(*client_, root(), 0);
    make(root() + "/a", "2");
    EXPECT_NE(cache.find(mark), nullptr) << "serves what it knew";
    loop.start();
    const auto found = cache.await(
        [&](const TreeSnapshot& snapshot) { return snapshot.find(root() + "/a") != nullptr; },
        patience);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->find(mark), nullptr);
    set(root(), "3");
    ASSERT_TRUE(cache.refresh(patience));
    EXPECT_EQ(listener.sum()[root()], "3") << "watches in the new session too";
  }
}

TEST_P(TreeCacheTest, TheEndOfTheSessionEndsWaits) {
  make(root(), "1");
  auto ending = connect();
  TreeCache cache(*ending, root(), options());
  ASSERT_TRUE(cache.await_loaded(patience));
  ASSERT_TRUE(ending->close().wait(patience));
  const auto never = cache.await([](const TreeSnapshot&) { return false; }, patience);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error(), Error::client_closed);
  EXPECT_FALSE(cache.refresh(patience));
  EXPECT_EQ(cache.find(root())->data, "1");
  EXPECT_FALSE(cache.is_current());
}

TEST_P(TreeCacheTest, WaitsEndByDeadlineAndCancel) {
  make(root());
  TreeCache cache(*client_, root(), options());
  const auto never = [](const TreeSnapshot&) { return false; };
  EXPECT_EQ(cache.await(never, Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  auto waiting = std::async(std::launch::async, [&] {
    return cache.await(never, Deadline::never(), cancel.get_token());
  });
  cancel.request_stop();
  EXPECT_EQ(waiting.get().error(), Error::cancelled);
  EXPECT_EQ(cache.refresh(patience, cancel.get_token()).error(), Error::cancelled);
}

TEST_P(TreeCacheTest, RefusesToWaitInItsListener) {
  make(root());
  std::promise<Error> refused;
  std::atomic<TreeCache*> self{nullptr};
  TreeCache cache(*client_, root(), options([&](const TreeUpdate& update) {
    if (update.is_initial) return;
    refused.set_value(self.load()->await_loaded(patience).error());
  }));
  ASSERT_TRUE(cache.await_loaded(patience));
  self = &cache;
  set(root(), "x");
  EXPECT_EQ(refused.get_future().get(), Error::would_deadlock);
}

TEST_P(TreeCacheTest, ASlowListenerMissesNothing) {
  make(root());
  Listener listener;
  std::promise<void> entered;
  std::promise<void> go_on;
  auto allowed = go_on.get_future().share();
  const auto cached = connect();
  TreeCache cache(*cached, root(), options([&](const TreeUpdate& update) {
    if (!update.is_initial && !update.changes.empty() && update.changes[0].path == root()) {
      entered.set_value();
      allowed.wait();
    }
    listener.hook()(update);
  }));
  ASSERT_TRUE(cache.await_loaded(patience));
  set(root(), "slow");
  entered.get_future().wait();
  for (int node = 0; node < 100; ++node) make(root() + "/" + std::to_string(node), "x");
  remove(root() + "/7");
  go_on.set_value();
  ASSERT_TRUE(cache.refresh(patience));
  Contents expected;
  read_tree(*client_, root(), expected);
  EXPECT_EQ(expected.size(), 100u);
  EXPECT_EQ(listener.sum(), expected);
}

TEST_P(TreeCacheTest, StopsAtItsDepth) {
  make(root());
  make(root() + "/a");
  make(root() + "/a/b");
  TreeCache::Options shallow = options();
  shallow.depth_max = 1;
  TreeCache cache(*client_, root(), shallow);
  shallow.depth_max = 0;
  TreeCache alone(*client_, root(), shallow);
  make(root() + "/c");
  make(root() + "/a/d");
  set(root() + "/a/b", "x");
  EXPECT_EQ((*cache.refresh(patience))->children(root()), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(cache.snapshot()->nodes().size(), 3u);
  EXPECT_EQ((*alone.refresh(patience))->nodes().size(), 1u);
}

TEST_P(TreeCacheTest, ANodeThatMayNotBeReadIsThereWithoutData) {
  make(root());
  const std::vector<Acl> closed = {{perms::all & ~perms::read, "world", "anyone"}};
  ASSERT_TRUE(client_->create(root() + "/secret", "x", {.acl = closed}).wait(patience));
  TreeCache cache(*client_, root(), options());
  const auto snapshot = cache.refresh(patience);
  ASSERT_TRUE(snapshot);
  const auto secret = (*snapshot)->find(root() + "/secret");
  ASSERT_NE(secret, nullptr);
  EXPECT_EQ(secret->error, Error::no_auth);
  EXPECT_EQ(secret->data, "");
}

TEST_P(TreeCacheTest, LeavesNoWatchAndNoCallBehind) {
  make(root());
  make(root() + "/a");
  for (int round = 0; round < 20; ++round) {
    auto called_after = std::make_shared<std::atomic<bool>>(false);
    auto is_gone = std::make_shared<std::atomic<bool>>(false);
    {
      TreeCache cache(*client_, root(), options([=](const TreeUpdate&) {
        if (*is_gone) *called_after = true;
      }));
      set(root() + "/a", std::to_string(round));
      if (round % 2 == 0) {
        ASSERT_TRUE(cache.refresh(patience));
      }
    }
    *is_gone = true;
    set(root() + "/a", "after");
    ASSERT_TRUE(client_->sync(root()).wait(patience));
    EXPECT_FALSE(*called_after);
  }
  if (GetParam()) return;  // those of reads that were under way fire once and are gone
  const auto left = client_->check_watches(root(), WatcherType::any).wait(patience);
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error(), Error::no_watcher);
}

}  // namespace
}  // namespace paddock::recipes::test
