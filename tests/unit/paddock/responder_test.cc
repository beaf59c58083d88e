// Bytes that may be a word, and what is done about them.

#include "paddock/words/responder.h"

#include "tests/unit/paddock/words_fixture.h"

namespace paddock::words {
namespace {

/// Remembers what it was asked for.
class ResponderTest : public Words {
 protected:
  Responder responder(std::string whitelist) {
    config_.four_letter_words = std::move(whitelist);
    return Responder(config_, {.view =
                                   [this](Part parts) {
                                     asked_for_ = parts;
                                     return view_;
                                   },
                               .reset_server_stats = [this] { ++server_resets_; },
                               .reset_connection_stats = [this] { ++connection_resets_; }});
  }

  Part asked_for_ = Part::none;
  int server_resets_ = 0;
  int connection_resets_ = 0;
};

TEST_F(ResponderTest, OtherBytesAreNoWord) {
  Responder words = responder("*");
  for (const std::string_view bytes :
       {std::string_view("GET "), std::string_view("\0\0\0\x2d", 4),
        std::string_view("\xff\xf4\xff\xfd"), std::string_view("kill")})
    EXPECT_EQ(words.respond(bytes, "", "127.0.0.1"), std::nullopt);
}

TEST_F(ResponderTest, AKnownWordOffTheWhitelistIsToldSoAndDoesNothing) {
  Responder words = responder("ruok");
  EXPECT_EQ(words.respond("ruok", "", "10.0.0.1"), "imok");
  EXPECT_EQ(words.respond("srst", "", "127.0.0.1"), not_whitelisted("srst"));
  EXPECT_EQ(server_resets_, 0);
}

TEST_F(ResponderTest, LoopbackWordsAreForLoopbackAddresses) {
  Responder words = responder(std::string(default_whitelist));
  for (const char* near : {"127.0.0.1", "127.1.2.3", "::1"})
    EXPECT_EQ(words.respond("cons", "", near), "\n") << near;
  for (const char* far : {"10.127.0.1", "128.0.0.1", "fe80::1", "::12", ""})
    EXPECT_EQ(words.respond("cons", "", far), not_whitelisted("cons")) << far;
}

TEST_F(ResponderTest, ResetsHappenOnlyWhileServing) {
  Responder words = responder("*");
  words.respond("srst", "", "::1");
  words.respond("crst", "", "::1");
  EXPECT_EQ(server_resets_, 1);
  EXPECT_EQ(connection_resets_, 1);
  view_.is_serving = false;
  words.respond("srst", "", "::1");
  words.respond("crst", "", "::1");
  EXPECT_EQ(server_resets_, 1);
  EXPECT_EQ(connection_resets_, 1);
}

TEST_F(ResponderTest, TheTraceMaskIsRemembered) {
  Responder words = responder("*");
  EXPECT_EQ(words.respond("gtmk", "", "::1"), "306");
  EXPECT_EQ(words.respond("stmk", std::string_view("\0\0\0\0\0\0\0\x9", 8), "::1"), "9");
  EXPECT_EQ(words.respond("gtmk", "", "::1"), "9");
}

TEST_F(ResponderTest, AWordAsksOnlyForThePartsThatItShows) {
  Responder words = responder("*");
  words.respond("mntr", "", "::1");
  EXPECT_EQ(asked_for_, Part::none);
  words.respond("dump", "", "::1");
  EXPECT_TRUE(has(asked_for_, Part::sessions));
  EXPECT_TRUE(has(asked_for_, Part::connections));
  EXPECT_FALSE(has(asked_for_, Part::watches));
}

}  // namespace
}  // namespace paddock::words
