#include "core/trie.h"

#include <malloc.h>

#include "core/blob.h"
#include "tests/unit/core/trie_fixture.h"

namespace paddock::core {
namespace {

TEST_F(TrieTest, OddPathsAreNotFoundAndTheEmptyOneIsTheRoot) {
  create("/a");
  create("/a/b");
  EXPECT_EQ(trie.find(""), &trie.root());
  EXPECT_EQ(trie.find("/"), &trie.root());
  EXPECT_NE(trie.find("/a/b"), nullptr);
  for (const char* path : {"a", "a/b", "//", "/a/", "//a", "/a//b", "/a/b/", "/b", "/a/bb", "/ab",
                           "/a/b/c", "x", "/a/./b", "/a/../a"})
    EXPECT_EQ(trie.find(path), nullptr) << path;
  EXPECT_EQ(trie.find(std::string_view("/a\0", 3)), nullptr);
}

TEST_F(TrieTest, NamesOfAnyLengthAreToldApart) {
  std::vector<std::string> paths;
  for (std::size_t length = 1; length <= 40; ++length) {
    paths.push_back("/" + std::string(length, 'x'));
    create(paths.back());
  }
  for (const std::string& path : paths) {
    ASSERT_NE(trie.find(path), nullptr) << path;
    for (std::size_t i = 1; i < path.size(); ++i) {
      std::string other = path;
      other[i] = 'y';
      EXPECT_EQ(trie.find(other), nullptr) << other;
    }
  }
}

TEST_F(TrieTest, FetchTakesAnyPaths) {
  create("/a");
  create("/a/b");
  trie.fetch({});
  std::vector<std::string_view> paths{"", "/", "/a", "/a/b", "/absent", "a", "//", "/a/", "/a//b"};
  trie.fetch(paths);
  while (paths.size() <= 2 * Trie::fetch_max) paths.push_back("/a/b");
  trie.fetch(paths);
  EXPECT_NE(trie.find("/a/b"), nullptr);
}

TEST_F(TrieTest, AReaderSeesTheStateOfItsSnapshot) {
  create("/a", "one");  // 1
  set("/a", "two");     // 2
  commit_all();
  trie.pins().pin(0);  // 2
  set("/a", "three");  // 3
  commit_all();
  set("/a", "four");  // 4, pending
  EXPECT_EQ(at("/a", Zxid{0}), "-");
  EXPECT_EQ(at("/a", Zxid{2}), "two");
  EXPECT_EQ(at("/a", Zxid{3}), "three");
  EXPECT_EQ(at("/a", Zxid{4}), "four");
}

TEST_F(TrieTest, ANodeIsNotThereBeforeItsCreationNorAfterItsDeletion) {
  create("/a", "x");
  commit_all();
  trie.pins().pin(0);
  remove("/a");
  commit_all();
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{0}), "-");
  EXPECT_EQ(at("/a", Zxid{1}), "x");
  EXPECT_EQ(at("/a", Zxid{2}), "-");
  EXPECT_EQ(children("/", Zxid{1}), Names{"a"});
  EXPECT_EQ(children("/", Zxid{2}), Names{});
}

TEST_F(TrieTest, ANodeThatIsMadeAgainBeforeItIsForgottenIsTheSameZnode) {
  create("/a", "first");
  commit_all();
  trie.pins().pin(0);
  const Znode* before = trie.find("/a");
  remove("/a");
  commit_all();
  trie.pins().pin(1);
  create("/a", "second");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.find("/a"), before);
  EXPECT_EQ(at("/a", Zxid{1}), "first");
  EXPECT_EQ(at("/a", Zxid{2}), "-");
  EXPECT_EQ(at("/a", Zxid{3}), "second");
  EXPECT_EQ(children("/", Zxid{3}), Names{"a"});
}

TEST_F(TrieTest, NullDataIsNotEmptyData) {
  trie.begin(next());
  const Acl* acl = trie.acls().intern({});
  trie.add_child(trie.root(), "null", std::nullopt, acl);
  trie.add_child(trie.root(), "empty", Bytes{}, acl);
  acl->release();
  trie.keep();
  const Version* null = Trie::newest(node("/null"));
  const Version* empty = Trie::newest(node("/empty"));
  EXPECT_FALSE(null->has_data());
  EXPECT_FALSE(null->data().has_value());
  EXPECT_TRUE(empty->has_data());
  EXPECT_EQ(empty->data()->size(), 0u);
  EXPECT_EQ(null->data_length(), 0);
  EXPECT_NE(null->data_hash(), empty->data_hash());
}

TEST_F(TrieTest, DataOfEveryLengthAroundTheInlineLimitIsKept) {
  const std::size_t limit = Version::data_inline_max;
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{5},
                                   limit - 1, limit, limit + 1, std::size_t{100'000}}) {
    const std::string path = "/n" + std::to_string(length);
    std::string data(length, 'x');
    if (length > 0) data.back() = 'y';
    create(path, data);
    commit_all();
    trie.begin(next());
    ++trie.edit(node(path)).rare().num_children;  // a copy of the version, not of the data
    trie.keep();
    commit_all();
    const Version* version = trie.find_visible(path, trie.newest_zxid());
    EXPECT_EQ(as_text(*version->data()), data);
    EXPECT_EQ(version->data_hash(), hash_bytes(as_bytes(data)));
    EXPECT_EQ(version->data_length(), static_cast<std::int32_t>(length));
  }
  reclaim_all();
}

TEST_F(TrieTest, LongDataIsSharedByVersionsAndOutlivesTheOlder) {
  const std::string data(5000, 'd');
  create("/a", data);
  commit_all();
  const void* bytes = Trie::newest(node("/a"))->data()->data();
  for (int i = 0; i < 3; ++i) {
    create("/a/" + std::to_string(i));
    commit_all();
    reclaim_all();
  }
  EXPECT_EQ(Trie::newest(node("/a"))->data()->data(), bytes);
  EXPECT_EQ(at("/a", trie.newest_zxid()), data);
}

TEST_F(TrieTest, NamesOfAnyLengthAreKept) {
  for (const std::size_t length : {1u, 12u, 13u, 14u, 65534u, 65535u, 65536u, 200000u}) {
    const std::string path = "/" + std::string(length, 'n');
    create(path);
    EXPECT_EQ(node(path).name().size(), length);
    std::string whole;
    node(path).append_path(whole);
    EXPECT_EQ(whole, path);
  }
}

TEST_F(TrieTest, ThePathHashIsTheSameInEveryTrie) {
  create("/a");
  create("/a/b");
  Trie other{{.reader_count_max = 1}};
  other.load_node("/x", std::nullopt, nullptr);
  other.load_node("/a/b", std::nullopt, nullptr);
  EXPECT_EQ(node("/a/b").path_hash(), other.find("/a/b")->path_hash());
  EXPECT_NE(node("/a").path_hash(), node("/a/b").path_hash());
}

TEST_F(TrieTest, R3b_ASupersededVersionOfTheOpenBatchIsReplaced) {
  create("/a", "0");
  commit_all();
  for (int i = 1; i <= 50; ++i) set("/a", std::to_string(i));
  EXPECT_EQ(chain_length("/a"), 2u);  // committed, and the newest of the open batch
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  EXPECT_EQ(at("/a", trie.newest_zxid()), "50");
}

TEST_F(TrieTest, R3b_NothingAtOrBelowTheSealedZxidIsReplaced) {
  create("/a", "0");  // 1
  trie.seal();
  set("/a", "1");  // 2
  trie.seal();
  set("/a", "2");  // 3
  set("/a", "3");  // 4
  trie.seal();
  set("/a", "4");  // 5
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  EXPECT_EQ(at("/a", Zxid{2}), "1");
  EXPECT_EQ(at("/a", Zxid{4}), "3");
  EXPECT_EQ(at("/a", Zxid{5}), "4");
  EXPECT_EQ(chain_length("/a"), 4u);
}

TEST_F(TrieTest, R1_AVersionStaysWhileItsSuccessorIsNotCommitted) {
  create("/a", "0");
  commit_all();
  set("/a", "1");
  trie.seal();
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  trie.commit(Zxid{2});
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "-");
  EXPECT_EQ(at("/a", Zxid{2}), "1");
}

TEST_F(TrieTest, R1_AVersionStaysWhileAPinNeedsItAndGoesWithTheLastOne) {
  create("/a", "0");
  commit_all();
  trie.pins().pin(0);
  trie.pins().pin(1);
  trie.pins().hold(1);
  set("/a", "1");
  commit_all();
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  trie.pins().pin(0);
  trie.pins().pin(1);
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "0");  // the hold
  trie.pins().drop(1);
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "-");
  EXPECT_EQ(trie.nodes_waiting(), 0u);
}

TEST_F(TrieTest, R1_VersionsBetweenALongPinAndTheNewestAreNotHeldBack) {
  create("/hot", "0");
  commit_all();
  trie.pins().pin(3);
  trie.pins().hold(3);  // a snapshot
  trie.pins().unpin(3);
  for (int i = 0; i < 100; ++i) {
    trie.pins().pin(0);  // a reactor, which moves along
    set("/hot", std::to_string(i));
    commit_all();
    trie.reclaim();
    EXPECT_LE(chain_length("/hot"), 3u);
  }
  EXPECT_EQ(at("/hot", Zxid{1}), "0");
  trie.pins().unpin(0);
  reclaim_all();
  EXPECT_EQ(chain_length("/hot"), 2u);
  trie.pins().drop(3);
  reclaim_all();
  EXPECT_EQ(chain_length("/hot"), 1u);
}

TEST_F(TrieTest, R1_AVersionInTheMiddleGoesAndBothItsNeighboursStay) {
  create("/a", "0");  // 1
  commit_all();
  trie.pins().pin(0);
  set("/a", "1");  // 2
  commit_all();
  set("/a", "2");  // 3
  commit_all();
  trie.pins().pin(1);
  set("/a", "3");  // 4
  commit_all();
  reclaim_all();
  EXPECT_EQ(at("/a", Zxid{1}), "0");
  EXPECT_EQ(at("/a", Zxid{2}), "0");  // nobody can be there: what is left is older
  EXPECT_EQ(at("/a", Zxid{3}), "2");
  EXPECT_EQ(at("/a", Zxid{4}), "3");
}

TEST_F(TrieTest, ADeletedNodeLeavesTableAndListWhenNobodyCanSeeIt) {
  create("/a");
  create("/a/b");
  commit_all();
  const std::size_t before = trie.node_table_size();
  trie.pins().pin(0);
  remove("/a/b");
  remove("/a");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), before);
  trie.pins().unpin(0);
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), before - 2);
  EXPECT_EQ(trie.find("/a"), nullptr);
  EXPECT_EQ(trie.version_count(), 1u);  // the root's
  EXPECT_EQ(trie.nodes_waiting(), 0u);
}

TEST_F(TrieTest, ANodeMadeAndDeletedInOneBatchLeavesNothing) {
  create("/a");
  remove("/a");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), 1u);
  EXPECT_EQ(trie.version_count(), 1u);
}

TEST_F(TrieTest, R2_WhatAReaderFoundStaysAllocatedAlthoughItIsGone) {
  create("/a", "here");
  commit_all();
  trie.epoch().enter(0);
  const Znode* found = trie.find("/a");
  const Version* version = Trie::visible(*found, trie.pins().committed());
  remove("/a");
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.find("/a"), nullptr);
  EXPECT_EQ(found->name(), "a");  // ASan would object
  EXPECT_EQ(as_text(*version->data()), "here");
  EXPECT_GT(trie.epoch().waiting(), 0u);
  trie.epoch().leave(0);
  reclaim_all();
  EXPECT_EQ(trie.epoch().waiting(), 0u);
}

TEST_F(TrieTest, ATombstonedParentWaitsForATombstonedChildThatIsHeldBack) {
  create("/a");
  create("/a/b");
  commit_all();
  trie.pins().pin(3);
  trie.pins().hold(3);
  trie.pins().unpin(3);
  trie.begin(next());
  do_remove("/a/b");
  do_remove("/a");
  trie.keep();
  commit_all();
  reclaim_all();
  std::string path;
  node("/a/b").append_path(path);
  EXPECT_EQ(path, "/a/b");
  trie.pins().drop(3);
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), 1u);
}

TEST_F(TrieTest, ReclaimDoesABoundedAmountACall) {
  for (int i = 0; i < 5000; ++i) create("/n" + std::to_string(i));
  commit_all();
  trie.pins().pin(0);
  trie.pins().hold(0);
  for (int i = 0; i < 5000; ++i) remove("/n" + std::to_string(i));
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), 5001u);
  trie.pins().drop(0);
  trie.pins().unpin(0);
  std::size_t calls = 0;
  for (std::size_t before = trie.node_table_size(); before > 1; ++calls) {
    trie.reclaim();
    ASSERT_LE(before - trie.node_table_size(), 300u);
    ASSERT_LT(trie.node_table_size(), before);
    before = trie.node_table_size();
  }
  EXPECT_GE(calls, 5000u / 300);
}

TEST_F(TrieTest, AZnodeWithoutDataCostsAtMost160Bytes) {
  const std::size_t tables_before = trie.node_table_bytes();
  const int count = 200'000;
  trie.begin(next());
  std::size_t block_bytes = 0;
  for (int i = 0; i < count; ++i) {
    const std::string name = "node-" + std::to_string(1'000'000 + i);  // 12 characters
    Znode& made = trie.add_child(trie.root(), name, std::nullopt, nullptr);
    block_bytes += malloc_usable_size(&made);
    block_bytes += malloc_usable_size(const_cast<Version*>(Trie::newest(made)));
  }
  trie.keep();
  const std::size_t each = (block_bytes + trie.node_table_bytes() - tables_before) / count;
  EXPECT_LE(each, 160u);
  EXPECT_GE(each, 110u);  // or the measurement is broken
}

}  // namespace
}  // namespace paddock::core
