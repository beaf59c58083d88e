#include "paddock/shell/words.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

using Words = std::vector<std::string>;

TEST(ShellWords, AreCutAtWhiteSpace) {
  EXPECT_EQ(split_words("  set  /x\tone \r"), (Words{"set", "/x", "one"}));
  EXPECT_EQ(split_words(""), Words{});
  EXPECT_EQ(split_words(" \t "), Words{});
}

TEST(ShellWords, AQuoteAtTheStartOfAWordHoldsItTogether) {
  EXPECT_EQ(split_words("set /x \"two words\""), (Words{"set", "/x", "two words"}));
  EXPECT_EQ(split_words("set /x 'it is \"so\"'"), (Words{"set", "/x", "it is \"so\""}));
  EXPECT_EQ(split_words("set /x ''"), (Words{"set", "/x", ""}));
}

TEST(ShellWords, AQuoteInsideAWordIsItself) {
  EXPECT_EQ(split_words("set /x it's"), (Words{"set", "/x", "it's"}));
  EXPECT_EQ(split_words(R"(set /x {"a":"b"})"), (Words{"set", "/x", R"({"a":"b"})"}));
  EXPECT_EQ(split_words(R"(set /x a\ b)"), (Words{"set", "/x", "a\\", "b"}));
}

TEST(ShellWords, AQuoteThatIsNeverClosedIsRefused) {
  EXPECT_FALSE(split_words("set /x \"open"));
  EXPECT_FALSE(split_words("'"));
}

TEST(ShellWords, TheLastWordIsTheOneBeingTyped) {
  const LastWord first = last_word("  ge");
  EXPECT_EQ(first.index, 0u);
  EXPECT_EQ(first.start, 2u);
  EXPECT_EQ(first.first, "");

  const LastWord second = last_word("get /a/b");
  EXPECT_EQ(second.index, 1u);
  EXPECT_EQ(second.start, 4u);
  EXPECT_EQ(second.first, "get");

  const LastWord not_begun = last_word("get -s ");
  EXPECT_EQ(not_begun.index, 2u);
  EXPECT_EQ(not_begun.start, 7u);

  const LastWord quoted = last_word("get '/a b/c");
  EXPECT_EQ(quoted.index, 1u);
  EXPECT_EQ(quoted.start, 5u);
  EXPECT_EQ(quoted.quote, '\'');

  const LastWord behind_a_quote = last_word("get '/a b'");
  EXPECT_EQ(behind_a_quote.index, 2u);
}

}  // namespace
}  // namespace paddock::shell
