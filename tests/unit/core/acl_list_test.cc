#include "core/acl_list.h"

#include <gtest/gtest.h>

#include "tests/unit/core/requests.h"

namespace paddock::core::test {
namespace {

using proto::Acl;
using proto::ErrorCode;

const IdentitySet nobody{{"ip", "127.0.0.1"}};

ErrorCode judge(AclText acl, const IdentitySet& identities = nobody) {
  std::vector<AclEntry> resolved;
  return resolve_acl_list(acl_vector(std::move(acl)), identities, resolved);
}

TEST(AclList, NullAndEmptyAreInvalid) {
  std::vector<AclEntry> resolved;
  proto::Vector<Acl> null;
  null.is_null = true;
  EXPECT_EQ(resolve_acl_list(null, nobody, resolved), ErrorCode::invalid_acl);
  EXPECT_EQ(judge({}), ErrorCode::invalid_acl);
}

TEST(AclList, SchemesAndIds) {
  for (const auto& [entry, err] : {
           std::pair<Acl, ErrorCode>{{31, "world", "anyone"}, ErrorCode::ok},
           {{0, "world", "anyone"}, ErrorCode::ok},
           {{31, "world", "me"}, ErrorCode::invalid_acl},
           {{31, "world", std::nullopt}, ErrorCode::marshalling_error},
           {{31, std::nullopt, "x"}, ErrorCode::invalid_acl},
           {{31, "", ""}, ErrorCode::invalid_acl},
           {{31, "super", ""}, ErrorCode::invalid_acl},
           {{31, "sasl", "bob"}, ErrorCode::invalid_acl},
           {{31, "x509", "CN=x"}, ErrorCode::invalid_acl},
           {{31, "foo", "bar"}, ErrorCode::invalid_acl},
           {{31, "auth", ""}, ErrorCode::invalid_acl},
           {{31, "digest", "a:b"}, ErrorCode::ok},
           {{31, "digest", ":b"}, ErrorCode::ok},
           {{31, "digest", "a:"}, ErrorCode::invalid_acl},
           {{31, "digest", "nocolon"}, ErrorCode::invalid_acl},
           {{31, "digest", "a:b:c"}, ErrorCode::invalid_acl},
           {{31, "digest", std::nullopt}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0.1"}, ErrorCode::ok},
           {{31, "ip", "127.0.0.0/8"}, ErrorCode::ok},
           {{31, "ip", "127.0.0.0/0"}, ErrorCode::ok},
           {{31, "ip", "127.0.0.0/32"}, ErrorCode::ok},
           {{31, "ip", "127.0.0.0/33"}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0.0/-1"}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0.0/"}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0.0/x"}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0"}, ErrorCode::invalid_acl},
           {{31, "ip", "127.0.0.1.1"}, ErrorCode::invalid_acl},
           {{31, "ip", "999.1.1.1"}, ErrorCode::invalid_acl},
           {{31, "ip", std::string_view("127.0.0.1\0", 10)}, ErrorCode::invalid_acl},
           {{31, "ip", ""}, ErrorCode::invalid_acl},
           {{31, "ip", "::1"}, ErrorCode::ok},
           {{31, "ip", "fe80::/10"}, ErrorCode::ok},
           {{31, "ip", "fe80::/128"}, ErrorCode::ok},
           {{31, "ip", "fe80::/129"}, ErrorCode::invalid_acl},
           {{31, "ip", "fe80::x"}, ErrorCode::invalid_acl},
       }) {
    EXPECT_EQ(judge({entry}), err)
        << entry.scheme.value_or("(null)") << ":" << entry.id.value_or("(null)");
  }
}

TEST(AclList, ASchemeThatIsSwitchedOffIsUnknown) {
  std::vector<AclEntry> resolved;
  const AclText asked{{31, "digest", "a:b"}};
  EXPECT_EQ(resolve_acl_list(acl_vector(asked), nobody, resolved, {.digest = false}),
            ErrorCode::invalid_acl);
}

TEST(AclList, OneBadEntrySpoilsTheList) {
  EXPECT_EQ(judge({{31, "world", "anyone"}, {31, "foo", "bar"}}), ErrorCode::invalid_acl);
}

TEST(AclList, DuplicatesAreDroppedAndTheOrderKept) {
  std::vector<AclEntry> resolved;
  const AclText asked{{31, "world", "anyone"},
                      {1, "digest", "a:b"},
                      {31, "world", "anyone"},
                      {255, "world", "anyone"},
                      {1, "digest", "a:b"}};
  ASSERT_EQ(resolve_acl_list(acl_vector(asked), nobody, resolved), ErrorCode::ok);
  EXPECT_EQ(resolved,
            (std::vector<AclEntry>{
                {31, "world", "anyone"}, {1, "digest", "a:b"}, {255, "world", "anyone"}}));
}

TEST(AclList, LongListsLoseTheirDuplicatesToo) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back("user" + std::to_string(i) + ":x");
  AclText asked;
  for (int round = 0; round < 3; ++round)
    for (const std::string& id : ids) asked.push_back({1, "digest", id});
  std::vector<AclEntry> resolved;
  ASSERT_EQ(resolve_acl_list(acl_vector(asked), nobody, resolved), ErrorCode::ok);
  ASSERT_EQ(resolved.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(resolved[i].id, ids[i]);
}

TEST(AclList, AuthBecomesTheAuthenticatedIdentities) {
  const IdentitySet identities{
      {"ip", "127.0.0.1"}, {"digest", "bob:h1"}, {"super", ""}, {"digest", "eve:h2"}};
  std::vector<AclEntry> resolved;
  const AclText asked{{1, "world", "anyone"}, {31, "auth", "ignored"}};
  ASSERT_EQ(resolve_acl_list(acl_vector(asked), identities, resolved), ErrorCode::ok);
  EXPECT_EQ(resolved,
            (std::vector<AclEntry>{
                {1, "world", "anyone"}, {31, "digest", "bob:h1"}, {31, "digest", "eve:h2"}}));
  EXPECT_EQ(judge({{31, "auth", std::nullopt}}, identities), ErrorCode::ok);
  EXPECT_EQ(judge({{31, "auth", ""}}, {{"ip", "127.0.0.1"}, {"super", ""}}),
            ErrorCode::invalid_acl);
}

TEST(AclList, ListThatExplodesIsRefused) {
  IdentitySet identities;
  for (int i = 0; i < 100; ++i)
    identities.push_back({"digest", "user" + std::to_string(i) + std::string(1000, ':')});
  AclText asked;
  for (int perms = 0; perms < 100; ++perms) asked.push_back({perms, "auth", ""});
  EXPECT_EQ(judge(asked, identities), ErrorCode::invalid_acl);
}

}  // namespace
}  // namespace paddock::core::test
