#include "paddock/shell/complete.h"

#include <gtest/gtest.h>

#include <map>

namespace paddock::shell {
namespace {

using Names = std::vector<std::string>;

/// A tree of a few nodes.
Names children_of(const std::string& path) {
  static const std::map<std::string, Names> tree = {{"/", {"zookeeper", "app", "apple", "solo"}},
                                                    {"/app", {"one", "other"}},
                                                    {"/solo", {"leaf"}},
                                                    {"/zookeeper", {"quota"}}};
  const auto found = tree.find(path);
  return found == tree.end() ? Names{} : found->second;
}

Completion tab(std::string_view line) { return complete(line, children_of); }

TEST(ShellComplete, CommandsAtTheStartOfTheLine) {
  EXPECT_EQ(tab("getAllC").insert, "hildrenNumber ");
  EXPECT_EQ(tab("dele").insert, "te");
  EXPECT_EQ(tab("dele").candidates, (Names{"delete", "deleteall"}));
  EXPECT_EQ(tab("help quo").insert, "");
  EXPECT_EQ(tab("help qui").insert, "t ");
  EXPECT_TRUE(tab("nothing").candidates.empty());
}

TEST(ShellComplete, PathsAsFarAsTheyAgree) {
  EXPECT_EQ(tab("get /a").insert, "pp");
  EXPECT_EQ(tab("get /a").candidates, (Names{"app", "apple"}));
  EXPECT_EQ(tab("get /app/o").insert, "");
  EXPECT_EQ(tab("get /app/o").candidates, (Names{"one", "other"}));
}

TEST(ShellComplete, ASingleNodeGetsASlashIfItHasChildrenAndASpaceIfNot) {
  EXPECT_EQ(tab("ls -s /so").insert, "lo/");
  EXPECT_EQ(tab("ls /solo/").insert, "leaf ");
  EXPECT_EQ(tab("ls \"/solo/l").insert, "eaf\" ");
  EXPECT_EQ(tab("ls '/so").insert, "lo/");
}

TEST(ShellComplete, NothingBelowWhatIsNotThere) {
  EXPECT_EQ(tab("get /none/").insert, "");
  EXPECT_TRUE(tab("get /none/").candidates.empty());
  EXPECT_EQ(tab("get x").insert, "");
}

TEST(ShellComplete, OptionsOfTheCommand) {
  EXPECT_EQ(tab("get --r").insert, "");  // they are offered with one dash
  EXPECT_EQ(tab("get -r").insert, "aw ");
  EXPECT_EQ(tab("reconfig -re").insert, "move ");
}

TEST(ShellComplete, ACharacterIsNotCut) {
  const auto names = [](const std::string&) { return Names{"\xc3\xa4x", "\xc3\xb6x"}; };
  EXPECT_EQ(complete("get /", names).insert, "");
}

}  // namespace
}  // namespace paddock::shell
