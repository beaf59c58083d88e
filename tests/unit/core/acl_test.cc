#include "core/acl.h"

#include <gtest/gtest.h>

#include "core/proto/protocol.h"

namespace paddock::core {
namespace {

using proto::perm_admin;
using proto::perm_all;
using proto::perm_read;
using proto::perm_write;

struct AclTest : ::testing::Test {
  bool permits(std::vector<AclEntry> entries, std::int32_t needed, const IdentitySet& identities) {
    const Acl* acl = table.intern(entries);
    const bool answer = acl->permits(needed, identities);
    acl->release();
    return answer;
  }
  bool ip_matches(std::string_view range, std::string address) {
    return permits({{perm_all, "ip", range}}, perm_read, {{"ip", std::move(address)}});
  }

  Epoch epoch{1};
  AclTable table{epoch};
};

TEST_F(AclTest, AnEmptyListPermitsEverything) { EXPECT_TRUE(permits({}, perm_admin, {})); }

TEST_F(AclTest, WorldAnyoneGrantsItsBitsOnly) {
  const std::vector<AclEntry> list{{perm_read, "world", "anyone"}};
  EXPECT_TRUE(permits(list, perm_read, {}));
  EXPECT_TRUE(permits(list, perm_read | perm_admin, {}));  // one of the bits
  EXPECT_FALSE(permits(list, perm_write, {}));
}

TEST_F(AclTest, OnlyWorldAnyoneIsTheWorld) {
  EXPECT_FALSE(permits({{perm_all, "world", "nobody"}}, perm_read, {{"ip", "1.2.3.4"}}));
}

TEST_F(AclTest, SuperMayDoEverything) {
  EXPECT_TRUE(permits({{0, "digest", "a:b"}}, perm_admin, {{"super", ""}}));
}

TEST_F(AclTest, DigestIsEqualityOfSchemeAndId) {
  const std::vector<AclEntry> list{{perm_write, "digest", "bob:hash"}};
  EXPECT_TRUE(permits(list, perm_write, {{"ip", "1.2.3.4"}, {"digest", "bob:hash"}}));
  EXPECT_FALSE(permits(list, perm_write, {{"digest", "bob:hush"}}));
  EXPECT_FALSE(permits(list, perm_write, {{"sasl", "bob:hash"}}));
  EXPECT_FALSE(permits(list, perm_read, {{"digest", "bob:hash"}}));
}

TEST_F(AclTest, TheSecondEntryCountsAsWell) {
  EXPECT_TRUE(permits({{perm_read, "world", "anyone"}, {perm_write, "digest", "bob:hash"}},
                      perm_write, {{"digest", "bob:hash"}}));
}

TEST_F(AclTest, IpIsTheWholeAddressByDefault) {
  EXPECT_TRUE(ip_matches("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(ip_matches("10.1.2.3", "10.1.2.4"));
}

TEST_F(AclTest, IpBitsNeedNotBeWholeBytes) {
  EXPECT_TRUE(ip_matches("10.1.2.0/24", "10.1.2.255"));
  EXPECT_FALSE(ip_matches("10.1.2.0/24", "10.1.3.0"));
  EXPECT_TRUE(ip_matches("10.1.128.0/17", "10.1.129.5"));
  EXPECT_FALSE(ip_matches("10.1.128.0/17", "10.1.127.5"));
  EXPECT_TRUE(ip_matches("10.0.0.0/0", "200.1.1.1"));
  EXPECT_TRUE(ip_matches("10.1.2.3/32", "10.1.2.3"));
}

TEST_F(AclTest, Ipv6HasRangesAndItsSpellingDoesNotMatter) {
  EXPECT_TRUE(ip_matches("2001:db8::/32", "2001:db8:1:2::3"));
  EXPECT_FALSE(ip_matches("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(ip_matches("::1", "0:0:0:0:0:0:0:1"));
  EXPECT_TRUE(ip_matches("::1/128", "::1"));
}

TEST_F(AclTest, IpFamiliesDoNotMatchEachOther) {
  EXPECT_FALSE(ip_matches("0.0.0.0/0", "::1"));
  EXPECT_FALSE(ip_matches("::/0", "127.0.0.1"));
}

TEST_F(AclTest, AnIpEntryThatIsNoAddressMatchesNothing) {
  for (const char* range : {"", "10.1.2", "10.1.2.3/33", "10.1.2.3/", "10.1.2.3/-1", "10.1.2.3/8x",
                            "::/129", "host", "10.1.2.3/1000"})
    EXPECT_FALSE(ip_matches(range, "10.1.2.3")) << range;
  EXPECT_FALSE(ip_matches("10.1.2.3", std::string(200, '1')));
}

TEST_F(AclTest, EqualListsAreOneObjectAndOrderCounts) {
  const std::vector<AclEntry> ab{{1, "world", "anyone"}, {2, "digest", "a:b"}};
  const std::vector<AclEntry> ba{{2, "digest", "a:b"}, {1, "world", "anyone"}};
  const Acl* first = table.intern(ab);
  const Acl* second = table.intern(ab);
  const Acl* third = table.intern(ba);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, third);
  EXPECT_NE(first->hash(), third->hash());
  EXPECT_EQ(table.size(), 2u);
  ASSERT_EQ(first->entries().size(), 2u);
  EXPECT_EQ(first->entries()[1], ab[1]);
  for (const Acl* acl : {first, second, third}) acl->release();
}

TEST_F(AclTest, TextOfNeighboursDoesNotRunTogether) {
  const Acl* first = table.intern(std::vector<AclEntry>{{1, "ab", "c"}});
  const Acl* second = table.intern(std::vector<AclEntry>{{1, "a", "bc"}});
  EXPECT_NE(first, second);
  EXPECT_NE(first->hash(), second->hash());
  first->release();
  second->release();
}

TEST_F(AclTest, R2_AReleasedListWaitsForReadersAndIsMadeAnewMeanwhile) {
  const std::vector<AclEntry> list{{perm_read, "digest", "a:b"}};
  const Acl* acl = table.intern(list);
  epoch.enter(0);
  acl->release();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(epoch.collect(10), 0u);
  EXPECT_EQ(acl->entries()[0].id, "a:b");  // the reader may still look
  const Acl* again = table.intern(list);
  EXPECT_NE(acl, again);
  epoch.leave(0);
  EXPECT_EQ(epoch.collect(10), 1u);
  again->release();
}

}  // namespace
}  // namespace paddock::core
