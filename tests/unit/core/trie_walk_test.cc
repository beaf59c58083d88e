#include <map>
#include <set>

#include "tests/unit/core/trie_fixture.h"

namespace paddock::core {
namespace {

TEST_F(TrieTest, AChildWalkSeesTheChildrenOfItsSnapshotOnly) {
  for (const char* path : {"/a", "/b", "/c"}) create(path);
  commit_all();
  trie.pins().pin(0);
  remove("/b");
  create("/d");
  commit_all();
  EXPECT_EQ(children("/", Zxid{3}), (Names{"a", "b", "c"}));
  EXPECT_EQ(children("/", trie.newest_zxid()), (Names{"a", "c", "d"}));
}

TEST_F(TrieTest, AChildWalkGoesOnOverQuiescenceWhileSiblingsComeAndGo) {
  for (int i = 0; i < 100; ++i) create("/n" + std::to_string(i));
  commit_all();
  trie.epoch().enter(0);
  const Zxid snapshot = trie.pins().pin(0);
  ChildWalk walk(trie.root(), snapshot);
  std::set<std::string> seen;
  for (int i = 0; const Znode* child = walk.next(); ++i) {
    EXPECT_TRUE(seen.insert(std::string(child->name())).second);
    remove("/n" + std::to_string(99 - i));
    create("/m" + std::to_string(i));
    commit_all();
    trie.epoch().quiesce(0);
    reclaim_all();
  }
  EXPECT_EQ(seen.size(), 100u);
  trie.pins().unpin(0);
  trie.epoch().leave(0);
}

TEST_F(TrieTest, R17_ASnapshotCursorSeesTheWholeTreeOfItsPinWhileTheTreeMovesOn) {
  std::map<std::string, std::string> expected{{"/", "null"}};
  const auto add = [&](const std::string& path) {
    create(path, "data of " + path);
    expected[path] = "data of " + path;
  };
  for (int i = 0; i < 40; ++i) {
    const std::string top = "/top" + std::to_string(i);
    add(top);
    for (int j = 0; j < 40; ++j) add(top + "/" + std::to_string(j));
  }
  commit_all();
  const Zxid snapshot = trie.pins().pin(3);
  trie.pins().hold(3);
  trie.pins().unpin(3);

  std::map<std::string, std::string> seen;
  SnapshotCursor cursor(trie, snapshot, 3);
  int round = 0;
  while (cursor.visit_shard([&](const Znode& node, const Version& version) {
    std::string path;
    node.append_path(path);
    const std::optional<Bytes> data = version.data();
    EXPECT_TRUE(seen.emplace(path, data ? as_text(*data) : "null").second) << path;
  })) {
    // Tables grow, nodes change, go, and come again.
    const std::string path = "/top" + std::to_string(round % 40) + "/" + std::to_string(round / 40);
    if (round % 3 == 0)
      remove(path);
    else
      set(path, "other");
    for (int i = 0; i < 10; ++i) create("/more" + std::to_string(round) + "-" + std::to_string(i));
    if (round % 7 == 3) {
      const std::string gone = "/more" + std::to_string(round) + "-5";
      remove(gone);
    }
    commit_all();
    trie.reclaim();
    ++round;
  }
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(round, 1024);
  trie.pins().drop(3);
  reclaim_all();
  EXPECT_EQ(trie.nodes_waiting(), 0u);
}

TEST_F(TrieTest, LoadTakesNodesInAnyOrder) {
  ASSERT_NE(trie.load_node("/a/b/c", as_bytes("c"), nullptr), nullptr);
  ASSERT_NE(trie.load_node("/a", as_bytes("a"), nullptr), nullptr);
  trie.load_node("/a/b", std::nullopt, nullptr)->rare().mzxid = 77;
  trie.load_node("/", as_bytes("root"), nullptr);
  for (const char* path : {"a", "//", "//x", "/a//b", "/a/"})
    EXPECT_EQ(trie.load_node(path, std::nullopt, nullptr), nullptr) << path;
  trie.start_at(make_zxid(3, 9));

  EXPECT_EQ(trie.pins().committed(), make_zxid(3, 9));
  EXPECT_EQ(at("/a/b/c", make_zxid(3, 9)), "c");
  EXPECT_EQ(at("/", make_zxid(3, 9)), "root");
  EXPECT_EQ(trie.find_visible("/a/b", make_zxid(3, 9))->mzxid(), 77);
  EXPECT_EQ(children("/a", make_zxid(3, 9)), Names{"b"});
  set("/a/b/c", "later");
  commit_all();
  EXPECT_EQ(at("/a/b/c", trie.newest_zxid()), "later");
}

TEST_F(TrieTest, LoadingANodeTwiceKeepsTheSecond) {
  trie.load_node("/a", as_bytes("first"), nullptr);
  trie.load_node("/a", as_bytes("second"), nullptr);
  EXPECT_EQ(trie.version_count(), 2u);
  trie.start_at(Zxid{1});
  EXPECT_EQ(at("/a", Zxid{1}), "second");
}

TEST_F(TrieTest, TheVisitorOfTheWriterSeesWhatExistsNow) {
  for (const char* path : {"/a", "/b", "/c"}) create(path);
  commit_all();
  remove("/b");
  std::size_t count = 0;
  trie.visit_all([&](Znode&) { ++count; });
  EXPECT_EQ(count, 3u);
}

}  // namespace
}  // namespace paddock::core
