#include "paddock/shell/quota.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

TEST(ShellQuota, ComesBackAsItWasWritten) {
  const Quota quota{.count = 5, .bytes = 6, .count_hard = 7, .bytes_hard = 8};
  EXPECT_EQ(quota_text(quota), "count=5,bytes=6=;byteHardLimit=8;countHardLimit=7");
  EXPECT_EQ(parse_quota(quota_text(quota)), quota);
  EXPECT_EQ(parse_quota(quota_text({})), Quota{});
}

TEST(ShellQuota, OlderServersWriteTwoNumbers) {
  EXPECT_EQ(parse_quota("count=10,bytes=28"), (Quota{.count = 10, .bytes = 28}));
}

TEST(ShellQuota, WhatMakesNoSenseIsNoLimit) {
  EXPECT_EQ(parse_quota(""), Quota{});
  EXPECT_EQ(parse_quota("count=,bytes,;;=,x=1,count=abc"), Quota{});
}

}  // namespace
}  // namespace paddock::shell
