#include "paddock/config/properties.h"

#include <gtest/gtest.h>

namespace paddock::config {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs parse(std::string_view text) {
  const auto properties = parse_properties(text);
  EXPECT_TRUE(properties.has_value());
  Pairs pairs;
  if (!properties) return pairs;
  for (const Property& property : *properties) pairs.emplace_back(property.key, property.value);
  return pairs;
}

TEST(Properties, KeyAndValueAreSeparatedByEqualsColonOrBlanks) {
  EXPECT_EQ(
      parse("a=1\nb:2\nc 3\nd\t4\ne = 5\nf :6\ng  =  7\n"),
      (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}, {"f", "6"}, {"g", "7"}}));
}

TEST(Properties, OnlyTheFirstSeparatorSeparates) {
  EXPECT_EQ(parse("a==1\nb=:2\nc:=3\nserver.1=host:2888:3888\n"),
            (Pairs{{"a", "=1"}, {"b", ":2"}, {"c", "=3"}, {"server.1", "host:2888:3888"}}));
}

TEST(Properties, CommentsAndBlankLinesAreSkipped) {
  EXPECT_EQ(parse("# a=1\n! b=2\n   # c=3\n\n \t \nd=4\n"), (Pairs{{"d", "4"}}));
}

TEST(Properties, ACommentCharacterInsideALineIsPartOfTheValue) {
  EXPECT_EQ(parse("a=1 # not a comment\nb=#x\n"), (Pairs{{"a", "1 # not a comment"}, {"b", "#x"}}));
}

TEST(Properties, ACommentIsNotContinued) {
  EXPECT_EQ(parse("# comment \\\na=1\n"), (Pairs{{"a", "1"}}));
}

TEST(Properties, LinesEndInLfCrOrCrlf) {
  EXPECT_EQ(parse("a=1\r\nb=2\rc=3\nd=4"), (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}));
}

TEST(Properties, ALineGoesOnBehindAnOddNumberOfBackslashes) {
  EXPECT_EQ(parse("a=1,\\\n   2,\\\r\n\t3\n"), (Pairs{{"a", "1,2,3"}}));
  EXPECT_EQ(parse("a=1\\\\\nb=2\n"), (Pairs{{"a", "1\\"}, {"b", "2"}}));
  EXPECT_EQ(parse("a=1\\\\\\\n2\n"), (Pairs{{"a", "1\\2"}}));
}

TEST(Properties, AKeyMayGoOnInTheNextLineAsWell) {
  EXPECT_EQ(parse("tick\\\n   Time=2000\n"), (Pairs{{"tickTime", "2000"}}));
}

TEST(Properties, AContinuationAtTheEndOfTheTextIsDropped) {
  EXPECT_EQ(parse("a=1\\"), (Pairs{{"a", "1"}}));
  EXPECT_EQ(parse("\\"), (Pairs{}));
}

TEST(Properties, EscapesAreResolvedInKeyAndValue) {
  EXPECT_EQ(parse("a\\=b=c\\=d\\:\\ e\n"), (Pairs{{"a=b", "c=d: e"}}));
  EXPECT_EQ(parse("k=\\t\\n\\r\\f\\q\n"), (Pairs{{"k", "\t\n\r\fq"}}));
  EXPECT_EQ(parse("k=\\u0041\\u00e4\\u20AC\\ud83d\\ude00\n"),
            (Pairs{{"k", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"}}));
}

TEST(Properties, AMalformedUnicodeEscapeIsAnErrorWithItsLine) {
  for (const char* text : {"a=1\nb=\\u12\n", "a=1\nb=\\u12g4\n", "a=1\nb=\\u"}) {
    const auto properties = parse_properties(text);
    ASSERT_FALSE(properties.has_value()) << text;
    EXPECT_EQ(properties.error().line, 2);
  }
}

TEST(Properties, AKeyWithoutAValueHasAnEmptyOne) {
  EXPECT_EQ(parse("a\nb=\nc:\n=d\n"), (Pairs{{"a", ""}, {"b", ""}, {"c", ""}, {"", "d"}}));
}

TEST(Properties, TrailingBlanksBelongToTheValue) {
  EXPECT_EQ(parse("a=1  \n"), (Pairs{{"a", "1  "}}));
}

TEST(Properties, EveryOccurrenceIsReturnedWithTheLineWhereItBegins) {
  const auto properties = parse_properties("# one\na=1\n\nb=2,\\\n3\r\na=4\n");
  ASSERT_TRUE(properties.has_value());
  ASSERT_EQ(properties->size(), 3u);
  EXPECT_EQ((*properties)[0].line, 2);
  EXPECT_EQ((*properties)[1].line, 4);
  EXPECT_EQ((*properties)[2].line, 6);
  EXPECT_EQ((*properties)[2].key, "a");
}

TEST(Properties, AByteOrderMarkIsSkippedAndOtherBytesAreKept) {
  EXPECT_EQ(parse("\xef\xbb\xbf"
                  "a=\xc3\xa4\n"),
            (Pairs{{"a", "\xc3\xa4"}}));
}

TEST(Properties, NothingIsInAnEmptyText) { EXPECT_EQ(parse(""), (Pairs{})); }

}  // namespace
}  // namespace paddock::config
