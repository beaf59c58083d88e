#include "paddock/words/whitelist.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace paddock::words {
namespace {

Whitelist list(std::string_view text) {
  const Result<Whitelist, std::string> parsed = Whitelist::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Whitelist());
}

TEST(Whitelist, TheDefaultLetsOnlyLoopbackSeeClients) {
  const Whitelist words = list(default_whitelist);
  for (const Word word :
       {Word::ruok, Word::isro, Word::srvr, Word::stat, Word::mntr, Word::conf, Word::wchs}) {
    EXPECT_TRUE(words.allows(word, true)) << name_of(word);
    EXPECT_TRUE(words.allows(word, false)) << name_of(word);
  }
  for (const Word word : {Word::dump, Word::cons}) {
    EXPECT_TRUE(words.allows(word, true)) << name_of(word);
    EXPECT_FALSE(words.allows(word, false)) << name_of(word);
  }
  for (const Word word : {Word::wchc, Word::wchp, Word::crst, Word::srst, Word::stmk, Word::envi})
    EXPECT_FALSE(words.allows(word, true)) << name_of(word);
}

TEST(Whitelist, AnExplicitListAllowsExactlyItsWordsEverywhere) {
  const Whitelist words = list(" stat, ruok ,,conf\t");
  EXPECT_TRUE(words.allows(Word::stat, false));
  EXPECT_TRUE(words.allows(Word::ruok, false));
  EXPECT_TRUE(words.allows(Word::conf, false));
  EXPECT_FALSE(words.allows(Word::srvr, true));
  EXPECT_FALSE(list("").allows(Word::srvr, true));
}

TEST(Whitelist, AStarIsEveryWord) {
  const Whitelist everywhere = list("*");
  const Whitelist near = list("*@loopback,ruok");
  for (int i = 0; i < word_count; ++i) {
    EXPECT_TRUE(everywhere.allows(static_cast<Word>(i), false));
    EXPECT_TRUE(near.allows(static_cast<Word>(i), true));
  }
  EXPECT_FALSE(near.allows(Word::dump, false));
  EXPECT_TRUE(near.allows(Word::ruok, false));
}

TEST(Whitelist, UnknownWordsAreKeptForAWarningAndMalformedEntriesAreRefused) {
  EXPECT_EQ(list("lead,ruok").unknown(), std::vector<std::string>{"lead"});
  for (const char* text : {"ruok srvr", "ruok@", "ruok@remote", "@loopback", "**", "ru-ok"})
    EXPECT_FALSE(Whitelist::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace paddock::words
