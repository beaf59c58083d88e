#include "paddock/reactor/auth.h"

#include <gtest/gtest.h>

namespace paddock::reactor {
namespace {

class AuthTest : public ::testing::Test {
 protected:
  AuthTest() { config.digest_algorithm = "SHA1"; }
  std::optional<core::IdentitySet> ask(const proto::Ustring& scheme,
                                       const std::optional<std::string_view>& data) {
    proto::Buffer bytes;
    if (data) bytes = as_bytes(*data);
    return authenticate(config, before, scheme, bytes, "127.0.0.1");
  }

  Config config;
  const core::IdentitySet before{{"ip", "127.0.0.1"}};
  const core::Identity bob{"digest", "bob:ikIaKsbtGweaHnb/jKn7OHqbunM="};
};

TEST_F(AuthTest, ADigestIsAddedOnce) {
  const auto after = ask("digest", "bob:pw");
  ASSERT_TRUE(after);
  EXPECT_EQ(*after, (core::IdentitySet{before[0], bob}));
  const auto again = authenticate(config, *after, "digest", as_bytes("bob:pw"), "127.0.0.1");
  EXPECT_EQ(again, after);
}

TEST_F(AuthTest, TheUserEndsAtTheFirstColon) {
  EXPECT_TRUE(digest_id("SHA1", "a:b:c").starts_with("a:"));
  EXPECT_TRUE(digest_id("SHA1", ":").starts_with(":"));
  EXPECT_TRUE(digest_id("SHA1", "nocolon").starts_with("nocolon:"));
  EXPECT_NE(digest_id("SHA1", "bob:pw"), digest_id("SHA-256", "bob:pw"));
}

TEST_F(AuthTest, WhatIsRefused) {
  EXPECT_FALSE(ask("sasl", "x"));
  EXPECT_FALSE(ask("", "x"));
  EXPECT_FALSE(ask(std::nullopt, "x"));
  EXPECT_FALSE(ask("world", "anyone"));
  EXPECT_FALSE(ask("super", ""));
  EXPECT_FALSE(ask("digest", std::nullopt));
  config.digest_auth_enabled = false;
  EXPECT_FALSE(ask("digest", "bob:pw"));
}

TEST_F(AuthTest, AnIpIsWhatTheConnectionHas) {
  EXPECT_EQ(ask("ip", "10.9.8.7"), before);
  EXPECT_EQ(ask("ip", std::nullopt), before);
}

TEST_F(AuthTest, OnlyTheSuperDigestIsSuper) {
  config.super_digest = bob.id;
  const core::Identity super{"super", ""};
  EXPECT_EQ(ask("digest", "bob:pw"), (core::IdentitySet{before[0], super, bob}));
  const auto wrong = ask("digest", "bob:wrong");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->size(), 2u);
  EXPECT_NE((*wrong)[1].scheme, "super");
}

TEST_F(AuthTest, OfADigestTheUserIsShown) {
  EXPECT_EQ(shown_user(bob), "bob");
  EXPECT_EQ(shown_user({"ip", "::1"}), "::1");
}

}  // namespace
}  // namespace paddock::reactor
