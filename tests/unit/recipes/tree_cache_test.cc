#include "recipes/tree_cache.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

using Contents = std::map<std::string, std::string>;

Contents contents_of(const TreeSnapshot& snapshot) {
  Contents contents;
  for (const auto& [path, node] : snapshot.nodes()) contents[path] = node->data;
  return contents;
}

/// What is there, asked node by node while nobody writes.
void read_tree(Client& client, const std::string& path, Contents& contents) {
  const auto node = client.get_data(path).wait(patience);
  if (!node) return;
  contents[path] = node->data;
  for (const std::string& name : children_of(client, path)) {
    read_tree(client, join_path(path, name), contents);
  }
}

/// Adds up what it is told. The daemon's order must make that the tree.
class Listener {
 public:
  std::function<void(const TreeUpdate&)> hook() {
    return [this](const TreeUpdate& update) {
      std::lock_guard lock(mutex_);
      for (const TreeChange& change : update.changes) {
        const bool was_there = sum_.contains(change.path);
        EXPECT_EQ(was_there, change.before != nullptr) << change.path;
        if (change.before) {
          EXPECT_EQ(sum_[change.path], change.before->data);
        }
        if (change.after) {
          sum_[change.path] = change.after->data;
        } else {
          sum_.erase(change.path);
        }
        const char* kinds[] = {"+", "=", "-"};
        log_.push_back(kinds[static_cast<int>(change.kind)] + change.path);
      }
      EXPECT_EQ(update.is_initial, updates_ == 0);
      EXPECT_GE(update.zxid, zxid_);
      zxid_ = update.zxid;
      ++updates_;
    };
  }
  Contents sum() const {
    std::lock_guard lock(mutex_);
    return sum_;
  }
  std::vector<std::string> take_log() {
    std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
  }

 private:
  mutable std::mutex mutex_;
  Contents sum_;
  std::vector<std::string> log_;
  int updates_ = 0;
  Zxid zxid_{};
};

/// With the watch that servers have since 3.6, and without.
class TreeCacheTest : public ::testing::TestWithParam<bool> {
 protected:
  TreeCache::Options options(std::function<void(const TreeUpdate&)> listener = nullptr) const {
    return {.listener = std::move(listener), .one_shot_watches = GetParam()};
  }
  static std::string root() {
    std::string path = test_path();
    std::replace(path.begin() + 1, path.end(), '/', '.');
    return path;
  }
  void set(const std::string& path, const std::string& data) {
    const auto stat = client_->set_data(path, data).wait(patience);
    ASSERT_TRUE(stat) << error_text(stat.error());
  }
  void make(const std::string& path, const std::string& data = "") {
    const auto made = client_->create(path, data).wait(patience);
    ASSERT_TRUE(made) << error_text(made.error());
  }
  void remove(const std::string& path) { ASSERT_TRUE(client_->remove(path).wait(patience)); }

  std::unique_ptr<Client> client_ = connect();
};
INSTANTIATE_TEST_SUITE_P(Watches, TreeCacheTest, ::testing::Bool(), [](const auto& is_one_shot) {
  return std::string(is_one_shot.param ? "OneShot" : "Persistent");
});

TEST_P(TreeCacheTest, LoadsWhatIsThere) {
  make(root(), "r");
  make(root() + "/a", "1");
  make(root() + "/a/b", "2");
  make(root() + "/a/b/c", "3");
  make(root() + "/d", "4");
  Listener listener;
  TreeCache cache(*client_, root(), options(listener.hook()));
  const auto snapshot = cache.await_loaded(patience);
  ASSERT_TRUE(snapshot);
  Contents expected;
  read_tree(*client_, root(), expected);
  EXPECT_EQ(expected.size(), 5u);
  EXPECT_EQ(contents_of(**snapshot), expected);
  EXPECT_EQ((*snapshot)->children(root()), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(cache.find(root() + "/a/b")->data, "2");
  EXPECT_EQ((*snapshot)->zxid(), cache.find(root() + "/d")->stat.czxid);
  EXPECT_EQ(cache.snapshot(), *snapshot) << "nothing has changed, so it is the same object";
  ASSERT_TRUE(cache.refresh(patience));
  EXPECT_TRUE(cache.is_current());
  EXPECT_EQ(listener.sum(), expected);
}

TEST_P(TreeCacheTest, TellsWhatChanges) {
  make(root());
  Listener listener;
  TreeCache cache(*client_, root(), options(listener.hook()));
  ASSERT_TRUE(cache.refresh(patience));
  listener.take_log();
  const std::string a = root() + "/a";
  const auto told = [&] {
    EXPECT_TRUE(cache.refresh(patience));
    return listener.take_log();
  };
  make(a, "1");
  EXPECT_EQ(told(), std::vector<std::string>{"+" + a});
  make(a + "/b", "2");
  EXPECT_EQ(told(), std::vector<std::string>{"+" + a + "/b"});
  set(a, "3");
  EXPECT_EQ(told(), std::vector<std::string>{"=" + a});
  remove(a + "/b");
  EXPECT_EQ(told(), std::vector<std::string>{"-" + a + "/b"});
  remove(a);
  EXPECT_EQ(told(), std::vector<std::string>{"-" + a});
  EXPECT_EQ(told(), std::vector<std::string>());
}

TEST_P(TreeCacheTest, TheRootMayComeAndGo) {
  Listener listener;
  TreeCache cache(*client_, root(), options(listener.hook()));
  auto snapshot = cache.await_loaded(patience);
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE((*snapshot)->nodes().empty());
  for (int round = 0; round < 3; ++round) {
    make(root(), "x");
    make(root() + "/a", "y");
    snapshot = cache.refresh(patience);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->nodes().size(), 2u);
    remove(root() + "/a");
    remove(root());
    snapshot = cache.refresh(patience);
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE((*snapshot)->nodes().empty());
  }
}

TEST_P(TreeCacheTest, RefreshSeesWhatOthersHaveWritten) {
  make(root());
  TreeCache cache(*client_, root(), options());
  const auto other = connect();
  for (int round = 0; round < 50; ++round) {
    const std::string data = std::to_string(round);
    ASSERT_TRUE(other->set_data(root(), data).wait(patience));
    const auto snapshot = cache.refresh(patience);
    ASSERT_TRUE(snapshot);
    ASSERT_EQ((*snapshot)->find(root())->data, data);
  }
}

// Two nodes that are always written together, and one that is always in one of two places.
TEST_P(TreeCacheTest, NeverShowsHalfOfAMulti) {
  make(root());
  for (const auto* name : {"/a", "/a/deep", "/b", "/left"}) make(root() + name, "0");
  std::atomic<std::uint64_t> seen{0};
  std::atomic<TreeCache*> published{nullptr};
  const auto check = [&](const TreeSnapshot& snapshot) {
    const auto a = snapshot.find(root() + "/a/deep");
    const auto b = snapshot.find(root() + "/b");
    ASSERT_TRUE(a && b);
    ASSERT_EQ(a->data, b->data);
    const bool is_left = snapshot.find(root() + "/left") != nullptr;
    const bool is_right = snapshot.find(root() + "/right") != nullptr;
    ASSERT_NE(is_left, is_right);
    ++seen;
  };
  TreeCache cache(*client_, root(), options([&](const TreeUpdate&) {
    if (TreeCache* self = published) check(*self->snapshot());
  }));
  ASSERT_TRUE(cache.await_loaded(patience));
  published = &cache;
  const auto writer = connect();
  constexpr int rounds = 600;
  std::vector<Pending<MultiResult>> writes;
  for (int round = 1; round <= rounds; ++round) {
    const std::string data = std::to_string(round);
    const auto* from = round % 2 == 1 ? "/left" : "/right";
    const auto* to = round % 2 == 1 ? "/right" : "/left";
    writes.push_back(writer->multi({SetDataOp{root() + "/a/deep", data}, RemoveOp{root() + from},
                                    SetDataOp{root() + "/b", data}, CreateOp{root() + to, data}}));
    if (round % 8 == 0) {
      ASSERT_TRUE(writes.back().wait(patience));
    }
  }
  const auto last = cache.await(
      [&](const TreeSnapshot& snapshot) {
        check(snapshot);
        return snapshot.find(root() + "/b")->data == std::to_string(rounds);
      },
      patience);
  ASSERT_TRUE(last);
  EXPECT_GT(seen, 1u);
  published = nullptr;
}

// Nobody ever pauses, and each of the nodes changes again while the others are read.
TEST_P(TreeCacheTest, ACrowdedTreeDoesNotStarveSnapshots) {
  make(root());
  constexpr int nodes = 24;
  for (int node = 0; node < nodes; ++node) make(root() + "/" + std::to_string(node));
  TreeCache cache(*client_, root(), options());
  ASSERT_TRUE(cache.await_loaded(patience));
  const auto writer = connect();
  std::atomic<bool> is_over{false};
  std::thread writing([&] {
    std::vector<Pending<Stat>> writes;
    for (int round = 0; !is_over; ++round) {
      const std::string path = root() + "/" + std::to_string(round * 7 % nodes);
      writes.push_back(writer->set_data(path, std::to_string(round)));
      if (writes.size() < 16) continue;
      EXPECT_TRUE(writes.front().wait(patience));
      writes.erase(writes.begin());
    }
    for (const auto& write : writes) EXPECT_TRUE(write.wait(patience));
  });
  Zxid seen{};
  for (int step = 0; step < 5; ++step) {
    const auto newer =
        cache.await([&](const TreeSnapshot& snapshot) { return snapshot.zxid() > seen; }, patience);
    ASSERT_TRUE(newer);
    seen = (*newer)->zxid();
  }
  is_over = true;
  writing.join();
  Contents expected;
  read_tree(*client_, root(), expected);
  EXPECT_EQ(contents_of(**cache.refresh(patience)), expected);
}

// The list of a parent names children that are gone, or others, when they are read.
TEST_P(TreeCacheTest, LoadsATreeThatChangesMeanwhile) {
  make(root());
  constexpr int branches = 40;
  for (int branch = 0; branch < branches; ++branch) {
    make(root() + "/" + std::to_string(branch));
    make(root() + "/" + std::to_string(branch) + "/leaf", "x");
  }
  const auto writer = connect();
  std::atomic<bool> is_over{false};
  std::thread writing([&] {
    for (int round = 0; !is_over; ++round) {
      const std::string branch = root() + "/" + std::to_string(round * 11 % branches);
      writer->remove(branch + "/leaf");
      writer->remove(branch);
      writer->create(branch, std::to_string(round));
      EXPECT_TRUE(writer->create(branch + "/leaf", std::to_string(round)).wait(patience));
    }
  });
  for (int round = 0; round < 10; ++round) {
    Listener listener;
    TreeCache cache(*client_, root(), options(listener.hook()));
    const auto loaded = cache.await_loaded(patience);
    ASSERT_TRUE(loaded);
    for (const auto& [path, node] : (*loaded)->nodes()) {
      if (path == root()) continue;
      ASSERT_NE((*loaded)->find(parent_of(path)), nullptr) << path;
    }
    if (round < 9) continue;
    is_over = true;
    writing.join();
    Contents expected;
    read_tree(*client_, root(), expected);
    EXPECT_EQ(contents_of(**cache.refresh(patience)), expected);
    EXPECT_EQ(listener.sum(), expected);
  }
}

// The watch is set before anything is read, so events overtake the load: they tell of nodes whose
// parents have not been listed yet. A load takes a round trip for each level of a chain, and the
// loop stands still after the first few.
TEST_P(TreeCacheTest, AnEventDuringTheLoadLosesNothingBelowItsNode) {
  constexpr int levels = 30;
  std::string path = root();
  std::string changed;
  make(path);
  for (int level = 1; level <= levels; ++level) {
    path += "/n";
    make(path);
    if (level == 20) changed = path;
  }
  TestLoop loop;
  loop.start();
  const auto cached = connect({.io_loop = loop.loop()});
  loop.stop();
  TreeCache cache(*cached, root(), options());
  loop.step();
  bool is_watching = false;
  cached->exists("/", nullptr, [&](const auto&) { is_watching = true; });
  loop.step_until([&] { return is_watching; });
  ASSERT_EQ(cache.snapshot(), nullptr) << "else this tests nothing";
  set(changed, "x");
  loop.start();
  const auto loaded = cache.await_loaded(patience);
  ASSERT_TRUE(loaded);
  Contents expected;
  read_tree(*client_, root(), expected);
  EXPECT_EQ(expected.size(), levels + 1u);
  EXPECT_EQ(contents_of(**loaded), expected);
}

TEST_P(TreeCacheTest, LoadsMoreThanOneReadHolds) {
  make(root());
  constexpr int nodes = 2'000;
  std::vector<Op> ops;
  for (int node = 0; node < nodes; ++node) {
    ops.emplace_back(CreateOp{root() + "/" + std::to_string(node), std::to_string(node)});
  }
  ASSERT_TRUE(client_->multi(ops).wait(patience));
  TreeCache cache(*client_, root(), options());
  const auto snapshot = cache.await_loaded(patience);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ((*snapshot)->nodes().size(), nodes + 1u);
  EXPECT_EQ((*snapshot)->children(root()).size(), std::size_t{nodes});
  EXPECT_EQ((*snapshot)->find(root() + "/1999")->data, "1999");
}

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
