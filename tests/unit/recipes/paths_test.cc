#include "recipes/paths.h"

#include <gtest/gtest.h>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(Paths, AreJoinedAndCut) {
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(join_path("/a", "b"), "/a/b");
  EXPECT_EQ(parent_of("/a/b"), "/a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(node_name("/a/b"), "b");
  EXPECT_TRUE(is_below("/a/b", "/a"));
  EXPECT_TRUE(is_below("/a", "/"));
  EXPECT_FALSE(is_below("/a", "/a"));
  EXPECT_FALSE(is_below("/ab", "/a"));
  EXPECT_FALSE(is_below("/", "/"));
}

TEST(Paths, KnowNodeNames) {
  EXPECT_TRUE(is_node_name("a"));
  EXPECT_TRUE(is_node_name("..."));
  for (const auto* name : {"", ".", "..", "a/b", "/"}) EXPECT_FALSE(is_node_name(name)) << name;
}

TEST(Paths, UniqueNamesAreHexAndDiffer) {
  const std::string name = unique_name();
  EXPECT_EQ(name.size(), 32u);
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(name, unique_name());
}

TEST(Paths, EnsurePathMakesAllLevelsAndMayBeRepeated) {
  const auto client = connect();
  const std::string path = test_path() + "/a/b/c";
  ASSERT_TRUE(ensure_path(*client, path, patience));
  ASSERT_TRUE(ensure_path(*client, path, patience));
  EXPECT_TRUE(create_path(*client, path).wait(patience));
  EXPECT_TRUE(client->exists(path).wait(patience)->has_value());
  EXPECT_TRUE(ensure_path(*client, "/", patience));
}

TEST(Paths, EnsurePathTellsWhatTheServerRefuses) {
  const auto client = connect();
  const std::string path = test_path();
  ASSERT_TRUE(client->create(path, "", {.acl = read_acl()}).wait(patience));
  EXPECT_TRUE(ensure_path(*client, path, patience));
  const auto refused = ensure_path(*client, path + "/a", patience);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Error::no_auth);
}

TEST(Paths, ReleaseDeletesOnlyOnesOwn) {
  const auto ours = connect();
  const auto theirs = connect();
  const std::string path = test_path();
  create_node(*theirs, path, CreateMode::ephemeral);
  EXPECT_TRUE(release_owned(*ours, path).wait(patience));
  EXPECT_TRUE(ours->exists(path).wait(patience)->has_value());
  EXPECT_TRUE(release_owned(*theirs, path, "another tag").wait(patience));
  EXPECT_TRUE(ours->exists(path).wait(patience)->has_value());
  EXPECT_TRUE(release_owned(*theirs, path).wait(patience));
  EXPECT_FALSE(ours->exists(path).wait(patience)->has_value());
  EXPECT_TRUE(release_owned(*theirs, path).wait(patience));
}

TEST(Paths, ReleaseFindsWhatIsStillOnItsWay) {
  const auto client = connect();
  const std::string path = test_path();
  for (int round = 0; round < 20; ++round) {
    client->create(path, "tag", {.mode = CreateMode::ephemeral});
    if (round % 2 == 1) client->drop_connection();
    ASSERT_TRUE(release_owned(*client, path, "tag").wait(patience));
    ASSERT_FALSE(client->exists(path).wait(patience)->has_value()) << round;
  }
}

}  // namespace
}  // namespace paddock::recipes::test
