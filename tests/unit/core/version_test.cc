#include <gtest/gtest.h>

#include "tests/unit/core/trie_fixture.h"
#include "tests/unit/core/world.h"

// What a version has of its own, and what follows from the rest: the same to all who read it.
namespace paddock::core::test {
namespace {

TEST_F(TrieTest, AVersionHasTheRareFieldsOnceTheyDiffer) {
  create("/a", "one");
  set("/a", "two");
  const Version* usual = Trie::newest(node("/a"));
  EXPECT_FALSE(usual->has_rare());
  EXPECT_EQ(usual->mzxid(), trie.newest_zxid().value);
  EXPECT_EQ(usual->pzxid(), usual->czxid);
  EXPECT_LT(usual->czxid, usual->mzxid());
  EXPECT_EQ(usual->owner(), 0);
  EXPECT_EQ(usual->num_children(), 0);

  const std::int64_t changed = usual->mzxid();
  create("/a/b");
  const Version* parent = Trie::newest(node("/a"));
  EXPECT_TRUE(parent->has_rare());
  EXPECT_EQ(parent->mzxid(), changed);
  EXPECT_EQ(parent->pzxid(), trie.newest_zxid().value);
  EXPECT_EQ(parent->num_children(), 1);
  EXPECT_EQ(as_text(*parent->data()), "two");
  EXPECT_EQ(parent->version, 1);

  set("/a", "three");
  EXPECT_EQ(Trie::newest(node("/a"))->mzxid(), trie.newest_zxid().value);
  EXPECT_EQ(Trie::newest(node("/a"))->num_children(), 1);
}

TEST_F(TrieTest, RareFieldsCanBeChangedInTheTransactionThatMadeTheNode) {
  trie.begin(next());
  do_create("/a", "data");
  do_create("/a/b");
  do_set("/a/b", "set");
  trie.edit(node("/a/b")).rare().aversion = 7;
  trie.keep();
  commit_all();
  EXPECT_EQ(Trie::newest(node("/a"))->num_children(), 1);
  EXPECT_EQ(as_text(*Trie::newest(node("/a"))->data()), "data");
  EXPECT_EQ(Trie::newest(node("/a/b"))->aversion(), 7);
  EXPECT_EQ(as_text(*Trie::newest(node("/a/b"))->data()), "set");
  reclaim_all();
  EXPECT_EQ(trie.version_count(), 3u);
}

TEST_F(TrieTest, DataSetByTheServerItselfLeavesMzxid) {
  create("/a", "one");
  const std::int64_t changed = Trie::newest(node("/a"))->mzxid();
  trie.begin(next());
  trie.edit_data(node("/a"), as_bytes("two"), Trie::Mzxid::stays);
  trie.keep();
  EXPECT_EQ(Trie::newest(node("/a"))->mzxid(), changed);
  EXPECT_EQ(as_text(*Trie::newest(node("/a"))->data()), "two");
}

TEST(LoadedVersion, OfAUsualZnodeTakesNoMoreThanAFreshOne) {
  State state({});
  const AclEntry open{proto::perm_all, "world", "anyone"};
  NodeValue node{.path = "/a", .data = as_bytes("x"), .acl = {&open, 1}};
  node.czxid = node.pzxid = 5;
  node.mzxid = 9;
  ASSERT_TRUE(state.load_node(node).has_value());
  ASSERT_TRUE(state.finish_load(Zxid{9}).has_value());
  const Version* version = state.trie().find_visible("/a", Zxid{9});
  ASSERT_NE(version, nullptr);
  EXPECT_FALSE(version->has_rare());
  EXPECT_EQ(version->mzxid(), 9);
  EXPECT_EQ(version->pzxid(), 5);
}

TEST(LoadedVersion, OfADamagedFileIsStillThereAndCounted) {
  State state({});
  const AclEntry open{proto::perm_all, "world", "anyone"};
  NodeValue node{.path = "/a", .data = as_bytes("x"), .acl = {&open, 1}};
  node.czxid = node.pzxid = 5;
  node.mzxid = 77;  // later than the state
  ASSERT_TRUE(state.load_node(node).has_value());
  node.path = "/a/b";  // whose parent has a create counter of 0
  ASSERT_TRUE(state.load_node(node).has_value());
  ASSERT_TRUE(state.finish_load(Zxid{9}).has_value());
  const Version* parent = state.trie().find_visible("/a", Zxid{9});
  const Version* child = state.trie().find_visible("/a/b", Zxid{9});
  ASSERT_NE(parent, nullptr);
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(parent->num_children(), 1);
  EXPECT_EQ(parent->mzxid(), 77);
  EXPECT_EQ(child->mzxid(), 77);
}

}  // namespace
}  // namespace paddock::core::test
