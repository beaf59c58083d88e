#include "paddock/shell/options.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "paddock/shell/command.h"

namespace paddock::shell {
namespace {

using Words = std::vector<std::string>;

ShellOptions parse(const Words& words) {
  const auto parsed = parse_shell_options(words);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
  return parsed.value_or(ShellOptions());
}

class File {
 public:
  explicit File(std::string_view text) : path_(::testing::TempDir() + "/shell_options_test") {
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ShellOptions, WithoutAnyThereAreDefaults) {
  const ShellOptions options = parse({});
  EXPECT_EQ(options.servers, "localhost:2181");
  EXPECT_EQ(options.timeout, client::Milliseconds(30'000));
  EXPECT_TRUE(options.command.empty());
}

TEST(ShellOptions, TheFirstOtherWordBeginsTheCommand) {
  const ShellOptions options = parse({"-server", "h:1", "--json", "ls", "-s", "-server", "/x"});
  EXPECT_EQ(options.servers, "h:1");
  EXPECT_TRUE(options.is_json);
  EXPECT_EQ(options.command, (Words{"ls", "-s", "-server", "/x"}));
}

TEST(ShellOptions, ZkClisAreTaken) {
  const File file("jute.maxbuffer=1234\n");
  const ShellOptions options =
      parse({"-waitforconnection", "-r", "-timeout", "5000", "-client-configuration", file.path()});
  EXPECT_EQ(options.timeout, client::Milliseconds(5000));
  EXPECT_EQ(options.reply_bytes_max, 1234u);
}

TEST(ShellOptions, TlsIsRefusedRatherThanLeftOut) {
  const File file("zookeeper.client.secure=true\n");
  EXPECT_FALSE(parse_shell_options({"-client-configuration", file.path()}));
}

TEST(ShellOptions, IdentitiesComeFromWordsAndFiles) {
  const File file("# comment\ndigest:eve:pw:with:colons\n\n");
  const ShellOptions options = parse({"-auth", "digest:bob:pw", "-auth-file", file.path()});
  ASSERT_EQ(options.auth.size(), 2u);
  EXPECT_EQ(options.auth[0].scheme, "digest");
  EXPECT_EQ(options.auth[0].auth, "bob:pw");
  EXPECT_EQ(options.auth[1].auth, "eve:pw:with:colons");
}

TEST(ShellOptions, APasswordIsNotPartOfTheError) {
  const File file("secret\n");
  const auto parsed = parse_shell_options({"-auth-file", file.path()});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().find("secret"), std::string::npos);
}

TEST(ShellOptions, MistakesAreRefused) {
  for (const Words& words : {Words{"-bogus"}, Words{"-server"}, Words{"-timeout", "0", "ls"},
                             Words{"-timeout", "x", "ls"}, Words{"-server", "h:99999"},
                             Words{"-auth", "x"}, Words{"-auth-file", "/nonexistent/file"}})
    EXPECT_FALSE(parse_shell_options(words)) << words.front();
}

TEST(ShellOptions, TheHelpNamesEveryCommand) {
  const std::string help = help_text();
  for (const Command& command : all_commands()) {
    EXPECT_NE(help.find("\n  " + usage_of(command) + "\n"), std::string::npos) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_EQ(find_command(command.name), &command);
  }
}

TEST(ShellOptions, EveryVerbOfZkCliIsThere) {
  for (const char* verb : {"addWatch",      "addauth",       "close",     "config",
                           "connect",       "create",        "delete",    "deleteall",
                           "delquota",      "get",           "getAcl",    "getAllChildrenNumber",
                           "getEphemerals", "history",       "listquota", "ls",
                           "ls2",           "printwatches",  "quit",      "reconfig",
                           "redo",          "removewatches", "rmr",       "set",
                           "setAcl",        "setquota",      "stat",      "sync",
                           "version",       "whoami"})
    EXPECT_NE(find_command(verb), nullptr) << verb;
}

}  // namespace
}  // namespace paddock::shell
