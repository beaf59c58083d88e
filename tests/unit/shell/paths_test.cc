#include "paddock/shell/paths.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

TEST(ShellPaths, GoodOnesHaveNoProblem) {
  for (const char* path : {"/", "/a", "/a/b c", "/a/...", "/\xc3\xa4"})
    EXPECT_EQ(path_problem(path), std::nullopt) << path;
}

// What ZooKeeper's Java client says; seen from zkCli.sh 3.8.
TEST(ShellPaths, ProblemsAreToldInZooKeepersWords) {
  EXPECT_EQ(path_problem(""), "Path length must be > 0");
  EXPECT_EQ(path_problem("bad"), "Path must start with / character");
  EXPECT_EQ(path_problem("/bad/"), "Path must not end with / character");
  EXPECT_EQ(path_problem("/bad//x"),
            "Invalid path string \"/bad//x\" caused by empty node name specified @5");
  EXPECT_EQ(path_problem("/a/./b"),
            "Invalid path string \"/a/./b\" caused by relative paths not allowed @4");
  EXPECT_EQ(path_problem("/a\x01"), "Invalid path string \"/a\x01\" caused by invalid character");
}

}  // namespace
}  // namespace paddock::shell
