#include "paddock/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "paddock/config/keys.h"
#include "paddock/version.h"

namespace paddock {
namespace {

Invocation parse(std::vector<std::string> arguments) { return parse_command_line(arguments, 2); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST(CommandLine, ServeWithoutFlagsHasTheDefaults) {
  const Invocation invocation = parse({"serve"});
  EXPECT_EQ(invocation.action, Invocation::Action::serve);
  EXPECT_EQ(invocation.loaded.config.client_port, 2181);
  EXPECT_EQ(invocation.loaded.config.reactors, 2);
}

TEST(CommandLine, EveryKeyHasAFlagThatSetsItAndIsItsSource) {
  const Config defaults = parse({"serve"}).loaded.config;
  for (const config::UsedKey& key : config::used_keys()) {
    std::string value = config::text_of(key, defaults);
    if (value.empty()) value = key.secret ? "super:hash" : "/text";
    const std::string flag = "--" + std::string(key.flag);
    const Invocation apart = parse({"serve", flag, value});
    ASSERT_EQ(apart.action, Invocation::Action::serve) << flag << ": " << apart.errors;
    EXPECT_EQ(config::text_of(key, apart.loaded.config), value);
    EXPECT_EQ(apart.loaded.config.sources.find(key.name)->second, flag);
    EXPECT_EQ(parse({"serve", flag + "=" + value}).action, Invocation::Action::serve) << flag;
  }
}

TEST(CommandLine, AFlagBeatsTheFileAndTheFileBringsItsOwnDefaults) {
  const std::string file = testing::TempDir() + "paddock_flags_" + std::to_string(::getpid());
  std::ofstream(file) << "dataDir=/d\nclientPort=1\nmaxClientCnxns=7\n";
  const Invocation invocation = parse({"serve", "--config", file, "--client-port", "0"});
  ASSERT_EQ(invocation.action, Invocation::Action::serve) << invocation.errors;
  EXPECT_EQ(invocation.loaded.config.client_port, 0);
  EXPECT_EQ(invocation.loaded.config.client_connections_max, 7);
  EXPECT_EQ(invocation.loaded.config.tick_ms, 3000);
  EXPECT_EQ(invocation.loaded.config.config_file, file);
  std::filesystem::remove(file);
}

TEST(CommandLine, OfARepeatedFlagTheLastWins) {
  EXPECT_EQ(parse({"serve", "--client-port", "1", "--client-port", "2"}).loaded.config.client_port,
            2);
}

TEST(CommandLine, NegativeNumbersAreValues) {
  EXPECT_EQ(parse({"serve", "--listen-backlog", "-1"}).loaded.config.listen_backlog, -1);
}

TEST(CommandLine, MistakesEndWithStatusTwoAndNameTheCulprit) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"serve", "--cleint-port", "1"}, "--cleint-port"},
      {{"serve", "zoo.cfg"}, "zoo.cfg"},
      {{"serve", "--client-port"}, "--client-port"},
      {{"serve", "--client-port", "65536"}, "0..65535"},
      {{"serve", "--client-port", "http"}, "--client-port: clientPort=http"},
      {{"serve", "--tick-time", "0"}, "1..107374182"},
      {{"serve", "--reactors", "65"}, "1..64"},
      {{"serve", "--config", "/nonexistent.cfg"}, "/nonexistent.cfg"},
      {{"serve", "--config"}, "--config"},
      {{"frobnicate"}, "frobnicate"},
      {{"--frobnicate"}, "--frobnicate"},
      {{"version", "serve", "extra"}, "extra"},
      {{}, "serve"},
  };
  for (const auto& [arguments, culprit] : mistakes) {
    const Invocation invocation = parse(arguments);
    EXPECT_EQ(invocation.action, Invocation::Action::finish) << culprit;
    EXPECT_EQ(invocation.status, exit_usage) << culprit;
    EXPECT_TRUE(contains(invocation.errors, culprit)) << culprit << ": " << invocation.errors;
    EXPECT_EQ(invocation.output, "");
  }
}

TEST(CommandLine, WhoTypedSomethingWrongIsToldWhereHelpStands) {
  const std::string errors = parse({"serve", "--cleint-port=1"}).errors;
  EXPECT_TRUE(errors.starts_with("paddock: ")) << errors;
  EXPECT_TRUE(contains(errors, "'paddock serve --help'")) << errors;
  EXPECT_TRUE(contains(parse({"frobnicate"}).errors, "'paddock --help'"));
}

TEST(CommandLine, AnEmptyConfigNameIsNotTheSameAsNone) {
  EXPECT_EQ(parse({"serve", "--config", ""}).status, exit_usage);
}

TEST(CommandLine, HelpAndVersionEndWithStatusZero) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"-h"}, {"serve", "--help"}}) {
    const Invocation invocation = parse(arguments);
    EXPECT_EQ(invocation.status, exit_ok);
    EXPECT_TRUE(contains(invocation.output, "serve")) << invocation.output;
    EXPECT_EQ(invocation.errors, "");
  }
  for (const char* argument : {"version", "--version"})
    EXPECT_EQ(parse({argument}).output, std::string("paddock ") + version + "\n");
}

TEST(CommandLine, HelpOfServeListsEveryFlagWithItsKey) {
  const std::string help = parse({"serve", "--help"}).output;
  for (const config::UsedKey& key : config::used_keys()) {
    EXPECT_TRUE(contains(help, "--" + std::string(key.flag))) << key.flag;
    EXPECT_TRUE(contains(help, std::string(key.name) + ":")) << key.name;
  }
}

TEST(CommandLine, PrintConfigPrintsTheTableAndNotes) {
  const Invocation invocation = parse({"serve", "--print-config", "--skip-acl", "yes"});
  EXPECT_EQ(invocation.action, Invocation::Action::finish);
  EXPECT_EQ(invocation.status, exit_ok);
  EXPECT_TRUE(contains(invocation.output, "--skip-acl")) << invocation.output;
  EXPECT_TRUE(contains(invocation.errors, "skipACL")) << invocation.errors;
}

TEST(CommandLine, TheWalToolGetsItsArgumentsUntouched) {
  const Invocation invocation = parse({"wal", "verify", "--help", "DIR"});
  EXPECT_EQ(invocation.action, Invocation::Action::wal_tool);
  EXPECT_EQ(invocation.arguments, (std::vector<std::string>{"verify", "--help", "DIR"}));
}

}  // namespace
}  // namespace paddock
