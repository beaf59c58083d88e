#include "recipes/contender_names.h"

#include <gtest/gtest.h>

namespace paddock::recipes {
namespace {

constexpr Spelling spellings[] = {{.marker = "lock-"},
                                  {.marker = "__lock__"},
                                  {.marker = "__rlock__", .claim = Claim::shared},
                                  {.marker = "-", .start = "x-"}};

std::int32_t number_of(std::string_view name) {
  const auto contender = parse_contender(name, spellings);
  EXPECT_TRUE(contender) << name;
  return contender ? static_cast<std::int32_t>(contender->number) : 0;
}

TEST(ContenderNames, ReadsEachSpelling) {
  EXPECT_EQ(number_of("_c_0b9a7d51-9d0c-4f0e-8a42-b2d1f6a3c001-lock-0000000017"), 17);
  EXPECT_EQ(number_of("5a6f6f4b656570657220697320636f6f__lock__0000000018"), 18);
  EXPECT_EQ(number_of("x-72057594037927936-0000000019"), 19);
  EXPECT_EQ(number_of("lock-2147483647"), 2147483647);
  EXPECT_EQ(parse_contender("a__rlock__0000000001", spellings)->claim, Claim::shared);
  EXPECT_EQ(parse_contender("a__lock__0000000001", spellings)->claim, Claim::exclusive);
}

TEST(ContenderNames, ReadsANumberThatHasWrapped) {
  EXPECT_EQ(number_of("_c_u-lock--2147483648"), -2147483647 - 1);
  EXPECT_EQ(number_of("_c_u-lock--1000000000"), -1'000'000'000);
  EXPECT_EQ(number_of("_c_u-lock--999999999"), -999'999'999);
  EXPECT_EQ(number_of("u__lock__-000000007"), -7);
  EXPECT_EQ(number_of("x-72057594037927936--000000007"), -7);
}

TEST(ContenderNames, LeavesForeignNodesAlone) {
  for (const std::string_view name :
       {"", "lock-", "lock-1", "lock-000000001", "lock-00000000001", "lock-000000000x", "lock",
        "0000000001", "block_0000000001", "_c_u-latch-0000000001", "y-1-0000000001",
        "lock-2147483648", "lock--2147483649", "lock-0000000001.old"}) {
    EXPECT_FALSE(parse_contender(name, spellings)) << name;
  }
}

TEST(ContenderNames, OrderGoesByNumberAlone) {
  const std::vector<std::string> names = {"a-lock-0000000012", "z__lock__0000000009",
                                          "m-lock-0000000010", "junk"};
  EXPECT_EQ(find_first(names, spellings), "z__lock__0000000009");
  EXPECT_EQ(find_blocker(names, "a-lock-0000000012", spellings), "m-lock-0000000010");
  EXPECT_EQ(find_blocker(names, "m-lock-0000000010", spellings), "z__lock__0000000009");
  EXPECT_EQ(find_blocker(names, "z__lock__0000000009", spellings), "");
  EXPECT_EQ(find_first({"junk"}, spellings), "");
}

TEST(ContenderNames, OrderGoesOnAcrossTheWrap) {
  const std::vector<std::string> names = {"c-lock--2147483647", "a-lock-2147483647",
                                          "b-lock--2147483648"};
  EXPECT_EQ(find_first(names, spellings), "a-lock-2147483647");
  EXPECT_EQ(find_blocker(names, "c-lock--2147483647", spellings), "b-lock--2147483648");
  EXPECT_EQ(find_blocker(names, "b-lock--2147483648", spellings), "a-lock-2147483647");
  EXPECT_EQ(
      find_blocker({"a-lock--000000001", "b-lock-0000000000"}, "b-lock-0000000000", spellings),
      "a-lock--000000001");
}

TEST(ContenderNames, SharedWaitsForTheLastExclusiveAhead) {
  const std::vector<std::string> names = {"a__lock__0000000001", "b__lock__0000000002",
                                          "c__rlock__0000000003", "d__rlock__0000000004",
                                          "e__lock__0000000005"};
  EXPECT_EQ(find_blocker(names, "d__rlock__0000000004", spellings), "b__lock__0000000002");
  EXPECT_EQ(find_blocker(names, "e__lock__0000000005", spellings), "d__rlock__0000000004");
}

TEST(ContenderNames, OfTwoWithOneNumberOneIsAhead) {
  const std::vector<std::string> names = {"a-lock-0000000001", "b-lock-0000000001"};
  EXPECT_EQ(find_blocker(names, "a-lock-0000000001", spellings), "");
  EXPECT_EQ(find_blocker(names, "b-lock-0000000001", spellings), "a-lock-0000000001");
}

TEST(ContenderNames, ProtectionIsCuratorsAndUnique) {
  const std::string one = new_protection();
  EXPECT_EQ(one.size(), std::string("_c_00000000-0000-0000-0000-000000000000-").size());
  EXPECT_TRUE(one.starts_with("_c_") && one.ends_with("-"));
  EXPECT_NE(one, new_protection());
}

}  // namespace
}  // namespace paddock::recipes
