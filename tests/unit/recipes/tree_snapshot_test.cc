#include "recipes/tree_snapshot.h"

#include <gtest/gtest.h>

namespace paddock::recipes {
namespace {

TreeSnapshot snapshot_of(std::initializer_list<std::string> paths) {
  TreeNodes nodes;
  for (const std::string& path : paths) nodes.emplace(path, std::make_shared<TreeNode>());
  return {std::move(nodes), Zxid{1}};
}

TEST(TreeSnapshot, DescendantsFollowTheirNode) {
  const TreeSnapshot snapshot = snapshot_of({"/a", "/a/b", "/a/b/c", "/a-", "/a.b", "/ab", "/b"});
  std::vector<std::string> order;
  for (const auto& [path, node] : snapshot.nodes()) order.push_back(path);
  EXPECT_EQ(order, (std::vector<std::string>{"/a", "/a/b", "/a/b/c", "/a-", "/a.b", "/ab", "/b"}));
}

TEST(TreeSnapshot, ChildrenAreOneLevelOnly) {
  const TreeSnapshot snapshot =
      snapshot_of({"/a", "/a/b", "/a/b/c", "/a/b-", "/a/b/c/d", "/a/e", "/a/\xc3\xa4"});
  EXPECT_EQ(snapshot.children("/a"), (std::vector<std::string>{"b", "b-", "e", "\xc3\xa4"}));
  EXPECT_EQ(snapshot.children("/a/b"), std::vector<std::string>{"c"});
  EXPECT_TRUE(snapshot.children("/a/e").empty());
  EXPECT_TRUE(snapshot.children("/none").empty());
}

TEST(TreeSnapshot, TheRootOfAllHasChildrenToo) {
  const TreeSnapshot snapshot = snapshot_of({"/", "/a", "/a/b", "/c"});
  EXPECT_EQ(snapshot.children("/"), (std::vector<std::string>{"a", "c"}));
}

TEST(TreeSnapshot, FindsWhatIsThere) {
  const TreeSnapshot snapshot = snapshot_of({"/a", "/a/b"});
  EXPECT_NE(snapshot.find("/a/b"), nullptr);
  EXPECT_EQ(snapshot.find("/a/c"), nullptr);
}

}  // namespace
}  // namespace paddock::recipes
