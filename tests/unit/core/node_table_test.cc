#include "core/node_table.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/core/trie_fixture.h"

namespace paddock::core {
namespace {

TEST_F(TrieTest, TheTableFindsEverythingOverManyGrowths) {
  const int count = 100'000;
  const std::size_t bytes_before = trie.node_table_bytes();
  trie.begin(next());
  for (int i = 0; i < count; ++i) do_create("/n" + std::to_string(i));
  trie.keep();
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), count + 1u);
  EXPECT_GT(trie.node_table_bytes(), 2 * bytes_before);
  for (int i = 0; i < count; ++i) {
    const std::string name = "n" + std::to_string(i);
    const Znode* found = trie.find("/" + name);
    ASSERT_NE(found, nullptr) << name;
    ASSERT_EQ(found->name(), name);
    ASSERT_EQ(trie.find_child(trie.root(), name), found);
  }
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(trie.find("/x" + std::to_string(i)), nullptr);
}

TEST_F(TrieTest, TheTableAgreesWithASetOverRandomInsertionsAndRemovals) {
  std::mt19937 random(17);
  std::set<std::string> expected;
  for (int round = 0; round < 60'000; ++round) {
    const std::string path = "/" + std::to_string(random() % 30'000);
    if (expected.erase(path) != 0) {
      remove(path);
    } else {
      create(path);
      expected.insert(path);
    }
    if (round % 16 == 0) {
      commit_all();
      trie.reclaim();
    }
  }
  commit_all();
  reclaim_all();
  EXPECT_EQ(trie.node_table_size(), expected.size() + 1);
  for (int i = 0; i < 30'000; ++i) {
    const std::string path = "/" + std::to_string(i);
    ASSERT_EQ(trie.find(path) != nullptr, expected.count(path) != 0) << path;
  }
}

TEST_F(TrieTest, ATableThatIsEmptiedAndFilledAgainDoesNotGrowForRemovedEntries) {
  const auto fill = [&](int round) {
    for (int i = 0; i < 20'000; ++i) create("/" + std::to_string(round) + "-" + std::to_string(i));
    commit_all();
    for (int i = 0; i < 20'000; ++i) remove("/" + std::to_string(round) + "-" + std::to_string(i));
    commit_all();
    reclaim_all();
  };
  fill(0);
  const std::size_t bytes = trie.node_table_bytes();
  for (int round = 1; round < 5; ++round) fill(round);
  // The shards' shares vary from round to round; entries never reused would make it 4 times as
  // much.
  EXPECT_LE(trie.node_table_bytes(), 2 * bytes);
  EXPECT_EQ(trie.node_table_size(), 1u);
}

}  // namespace
}  // namespace paddock::core
