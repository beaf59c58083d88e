#include "paddock/shell/arguments.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

const std::vector<Option> options = {{"s"}, {"w"}, {"v", true}, {"file", true}, {"raw"}};

Arguments parse(const std::vector<std::string>& words) {
  const auto parsed = Arguments::parse(options, words);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
  return parsed.value_or(Arguments());
}

std::string error_of(const std::vector<std::string>& words) {
  const auto parsed = Arguments::parse(options, words);
  return parsed ? "no error" : parsed.error();
}

using Words = std::vector<std::string>;

TEST(ShellArguments, OptionsStandAnywhere) {
  const Arguments arguments = parse({"-s", "/x", "-v", "7", "data"});
  EXPECT_TRUE(arguments.has("s"));
  EXPECT_FALSE(arguments.has("w"));
  EXPECT_EQ(arguments.value("v"), "7");
  EXPECT_EQ(arguments.positional(), (Words{"/x", "data"}));
}

TEST(ShellArguments, LettersShareADash) {
  const Arguments arguments = parse({"-swv7"});
  EXPECT_TRUE(arguments.has("s"));
  EXPECT_TRUE(arguments.has("w"));
  EXPECT_EQ(arguments.value("v"), "7");
}

TEST(ShellArguments, WordsTakeOneDashOrTwo) {
  EXPECT_EQ(parse({"-file", "a"}).value("file"), "a");
  EXPECT_EQ(parse({"--file", "a"}).value("file"), "a");
  EXPECT_EQ(parse({"--file=a=b"}).value("file"), "a=b");
  EXPECT_TRUE(parse({"--raw"}).has("raw"));
}

TEST(ShellArguments, TwoDashesEndTheOptions) {
  const Arguments arguments = parse({"/x", "--", "-s", "--", "b"});
  EXPECT_FALSE(arguments.has("s"));
  EXPECT_EQ(arguments.positional(), (Words{"/x", "-s", "--", "b"}));
  EXPECT_EQ(Words(arguments.behind_dashes().begin(), arguments.behind_dashes().end()),
            (Words{"-s", "--", "b"}));
  EXPECT_TRUE(parse({"/x"}).behind_dashes().empty());
}

TEST(ShellArguments, NegativeNumbersAndALoneDashAreData) {
  EXPECT_EQ(parse({"-5", "-", "-0x"}).positional(), (Words{"-5", "-", "-0x"}));
}

TEST(ShellArguments, WhatIsNoOptionIsRefusedByName) {
  EXPECT_EQ(error_of({"-q"}), "Unrecognized option: -q");
  EXPECT_EQ(error_of({"-sq"}), "Unrecognized option: -sq");
  EXPECT_EQ(error_of({"--raw=yes"}), "Unrecognized option: --raw=yes");
  EXPECT_EQ(error_of({"/x", "-v"}), "Missing argument for option: v");
}

TEST(ShellArguments, TheLastValueCountsAndAllCanBeHad) {
  const Arguments arguments = parse({"-v", "1", "-v", "2"});
  EXPECT_EQ(arguments.value("v"), "2");
  EXPECT_EQ(arguments.values("v"), (std::vector<std::string_view>{"1", "2"}));
}

TEST(ShellArguments, NumbersAreWholeAndInTheirRange) {
  EXPECT_EQ(parse({"-v", "7"}).number("v", -1, 7).value(), 7);
  EXPECT_EQ(parse({}).number("v", 0, 7).value(), std::nullopt);
  EXPECT_FALSE(parse({"-v", "8"}).number("v", -1, 7));
  EXPECT_FALSE(parse({"-v", "-2"}).number("v", -1, 7));
  for (const char* text : {"", "x", "7x", " 7", "0x7", "7.0", "99999999999999999999"})
    EXPECT_FALSE(parse({"-v", text}).number("v", INT64_MIN, INT64_MAX)) << text;
}

TEST(ShellArguments, HexadecimalHasAPrefixOrNot) {
  EXPECT_EQ(parse_hex("ff"), 255);
  EXPECT_EQ(parse_hex("0xff"), 255);
  EXPECT_EQ(parse_hex("0x"), std::nullopt);
  EXPECT_EQ(parse_hex("fg"), std::nullopt);
}

}  // namespace
}  // namespace paddock::shell
