#include <gtest/gtest.h>

#include <string>

#include "core/proto/protocol.h"
#include "core/state.h"
#include "core/trie.h"

namespace paddock::core {
namespace {

class LoadTest : public ::testing::Test {
 protected:
  void load(std::string_view path, std::int64_t owner = 0) {
    NodeValue node{.path = path, .acl = {&open, 1}};
    node.czxid = node.mzxid = node.pzxid = 5;
    node.owner = owner;
    ASSERT_TRUE(state.load_node(node).has_value()) << path;
  }
  std::string error() {
    const auto finished = state.finish_load(Zxid{9});
    return finished ? "" : finished.error();
  }
  std::int32_t children_of(std::string_view path) {
    return state.trie().find_visible(path, Zxid{9})->num_children();
  }

  AclEntry open{proto::perm_all, "world", "anyone"};
  State state{State::Options{}};
};

TEST_F(LoadTest, ChildrenAreCountedInWhateverOrderTheyCome) {
  for (const char* path : {"/a/b/c", "/a", "/d/e", "/a/x", "/a/b", "/d", "/d/f"}) load(path);
  ASSERT_EQ(error(), "");
  EXPECT_EQ(children_of("/a"), 2);
  EXPECT_EQ(children_of("/a/b"), 1);
  EXPECT_EQ(children_of("/a/b/c"), 0);
  EXPECT_EQ(children_of("/d"), 2);
  EXPECT_EQ(children_of("/"), 3);  // and /zookeeper
}

TEST_F(LoadTest, AParentThatIsNotThereIsNamed) {
  for (const char* path : {"/a/b/c", "/a"}) load(path);
  EXPECT_EQ(error(), "the node '/a/b' has children and is not there itself");
}

TEST_F(LoadTest, AnEphemeralNodeOfNoSessionIsNamed) {
  load("/e", 0x77);
  EXPECT_EQ(error(), "the ephemeral node '/e' belongs to no session");
}

}  // namespace
}  // namespace paddock::core
