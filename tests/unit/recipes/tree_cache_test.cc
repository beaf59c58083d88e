#include "tests/unit/recipes/tree_cache_fixture.h"

namespace paddock::recipes::test {
namespace {

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

}  // namespace
}  // namespace paddock::recipes::test
