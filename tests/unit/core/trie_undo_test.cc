#include "tests/unit/core/trie_fixture.h"

namespace paddock::core {
namespace {

TEST_F(TrieTest, R10_UndoTakesBackEveryKindOfChange) {
  create("/a", "a");
  create("/a/b", "b");
  commit_all();
  const Version* a = Trie::newest(node("/a"));
  const Version* b = Trie::newest(node("/a/b"));
  const Version* root = Trie::newest(trie.root());
  const std::size_t versions = trie.version_count();

  trie.begin(next());
  do_set("/a", "changed");
  do_create("/new", "n");
  do_create("/new/child", "c");
  do_remove("/a/b");
  do_create("/a/b", "again");
  do_set("/a/b", "again and again");
  do_remove("/new/child");
  trie.undo();

  EXPECT_EQ(Trie::newest(node("/a")), a);
  EXPECT_EQ(Trie::newest(node("/a/b")), b);
  EXPECT_EQ(Trie::newest(trie.root()), root);
  EXPECT_EQ(trie.find("/new"), nullptr);
  EXPECT_EQ(trie.find("/new/child"), nullptr);
  EXPECT_EQ(trie.version_count(), versions);
  EXPECT_EQ(trie.newest_zxid(), Zxid{2});
  EXPECT_EQ(at("/a", Zxid{2}), "a");
  EXPECT_EQ(at("/a/b", Zxid{2}), "b");
  EXPECT_EQ(children("/", Zxid{2}), Names{"a"});
  EXPECT_EQ(children("/a", Zxid{2}), Names{"b"});
}

TEST_F(TrieTest, R10_UndoRestoresWhatTheOpenBatchHadReplaced) {
  create("/a", "0");
  commit_all();
  set("/a", "1");  // 2, open batch
  trie.begin(next());
  do_set("/a", "2");
  do_set("/a", "3");
  trie.undo();
  EXPECT_EQ(at("/a", Zxid{2}), "1");
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  set("/a", "4");  // 3 again
  EXPECT_EQ(trie.newest_zxid(), Zxid{3});
  EXPECT_EQ(at("/a", Zxid{3}), "4");
}

TEST_F(TrieTest, R10_ATombstoneThatCameBackByUndoIsStillCollected) {
  create("/a", "0");
  commit_all();
  remove("/a");
  commit_all();
  trie.begin(next());
  do_create("/a", "again");
  reclaim_all();  // while the transaction is open: sees a node that exists
  trie.undo();
  EXPECT_EQ(Trie::newest(node("/a")), nullptr);
  create("/other");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.find("/a"), nullptr);
  EXPECT_EQ(trie.nodes_waiting(), 0u);
}

/// A node can be buried out of a pin's list while an undone transaction has left it in the queue,
/// where the nodes behind the next one are looked at ahead of their turn.
TEST_F(TrieTest, R10_ADeadNodeInTheQueueIsNotLookedInto) {
  constexpr int before = 6, after = 20;  // the queue is looked at some nodes ahead
  for (int i = 0; i < before + after; ++i) create("/" + std::to_string(i));
  create("/a", "0");
  commit_all();
  trie.pins().pin(0);
  remove("/a");
  commit_all();
  reclaim_all();  // the pin's list has it now

  trie.begin(next());
  for (int i = 0; i < before; ++i) do_set("/" + std::to_string(i), "x");
  do_create("/a", "again");
  for (int i = before; i < before + after; ++i) do_set("/" + std::to_string(i), "x");
  trie.undo();
  trie.pins().unpin(0);
  reclaim_all();
  EXPECT_EQ(trie.find("/a"), nullptr);
  EXPECT_NE(trie.nodes_waiting(), 0u);  // for the commit of the transaction that was undone

  create("/other");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.nodes_waiting(), 0u);
  EXPECT_EQ(trie.node_table_size(), 1u + before + after + 1u);
}

TEST_F(TrieTest, R10_ReclaimInsideAnOpenTransactionLeavesTheUndoListIntact) {
  create("/a", "0");
  commit_all();
  for (int i = 1; i < 4; ++i) {
    set("/a", std::to_string(i));
    trie.seal();
  }
  set("/a", "4");  // open batch
  trie.begin(next());
  do_set("/a", "5");  // the version of "4" is out of the chain now
  trie.commit(Zxid{4});
  reclaim_all();
  trie.undo();
  EXPECT_EQ(at("/a", Zxid{4}), "3");
  EXPECT_EQ(at("/a", Zxid{5}), "4");
  EXPECT_EQ(chain_length("/a"), 2u);
}

TEST_F(TrieTest, R2_UndoneMemoryWaitsForTheReadersThatWalkThroughIt) {
  create("/a", "0");
  commit_all();
  trie.epoch().enter(0);
  trie.begin(next());
  do_set("/a", "1");
  do_create("/b", "new");
  const Znode* undone_node = trie.find("/b");
  const Version* undone_version = Trie::newest(node("/a"));
  trie.undo();
  reclaim_all();
  // A reader that had found them skips what is in them; ASan would object if they were gone.
  EXPECT_EQ(Trie::visible(*undone_node, Zxid{1}), nullptr);
  EXPECT_GT(undone_version->zxid, 1);
  EXPECT_EQ(undone_version->older.load(), Trie::newest(node("/a")));
  EXPECT_GE(trie.epoch().waiting(), 3u);
  trie.epoch().leave(0);
  reclaim_all();
  EXPECT_EQ(trie.epoch().waiting(), 0u);
}

TEST_F(TrieTest, R2_AReaderOnAnUndoneChildStillWalksToAllItsSiblings) {
  create("/a");
  create("/b");
  commit_all();
  trie.epoch().enter(0);
  trie.begin(next());
  do_create("/c");
  const Znode* undone = trie.find("/c");
  trie.undo();
  ASSERT_EQ(trie.find("/c"), nullptr);
  reclaim_all();
  EXPECT_EQ(children("/", Zxid{2}), (Names{"a", "b"}));
  EXPECT_EQ(undone->name(), "c");
  trie.epoch().leave(0);
}

TEST_F(TrieTest, R10_KeepAndUndoTakeTurnsOverManyRounds) {
  create("/p");
  commit_all();
  for (int round = 0; round < 300; ++round) {
    const std::string name = "/p/" + std::to_string(round % 7);
    trie.begin(next());
    if (trie.find(name) != nullptr && Trie::newest(node(name)) != nullptr)
      do_remove(name);
    else
      do_create(name, std::to_string(round));
    if (round % 3 == 0)
      trie.undo();
    else
      trie.keep();
    if (round % 5 == 0) commit_all();
    if (round % 2 == 0) trie.reclaim();
  }
  commit_all();
  reclaim_all();
  const Names names = children("/p", trie.newest_zxid());
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Trie::newest(node("/p"))->num_children()));
  EXPECT_EQ(trie.node_table_size(), 2 + names.size());
  EXPECT_EQ(trie.version_count(), 2 + names.size());
}

}  // namespace
}  // namespace paddock::core
