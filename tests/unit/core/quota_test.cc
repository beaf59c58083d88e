#include "core/quota.h"

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

// R19, and docs/protocol.md, section 11; what is marked "golden" was recorded from ZooKeeper 3.9.5.
namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;

TEST(QuotaText, IsReadAsZooKeeperWritesIt) {
  EXPECT_EQ(parse_quota("count=1,bytes=10"), (QuotaNumbers{.count = 1, .bytes = 10}));
  EXPECT_EQ(parse_quota("count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=2"),
            (QuotaNumbers{.count_hard = 2, .bytes_hard = 10}));
  EXPECT_EQ(parse_quota("count=5,bytes=6=;byteHardLimit=7;countHardLimit=8"),
            (QuotaNumbers{.count = 5, .bytes = 6, .count_hard = 8, .bytes_hard = 7}));
}

TEST(QuotaText, WhatIsMissingOrNoNumberIsNoLimit) {
  for (const std::string_view text :
       {"", "count", "count=", "count=,bytes=", "bytes=x", ",;,;", "=;=", "count=1x", "other=5",
        "count=99999999999999999999", "=", "COUNT=1"})
    EXPECT_EQ(parse_quota(text), QuotaNumbers{}) << text;
  EXPECT_EQ(parse_quota("bytes=3;;count=4,"), (QuotaNumbers{.count = 4, .bytes = 3}));
  EXPECT_EQ(parse_quota("count=3,count=4"), (QuotaNumbers{.count = 4}));
}

class Quota : public ::testing::Test {
 protected:
  explicit Quota(bool enforce = false) : world({.enforce_quota = enforce}) {}

  void make(std::string_view path, Text data = "") {
    ASSERT_EQ(world.create(path, data), ErrorCode::ok) << path;
  }
  /// The plain nodes above the two, as clients make them, and then the two.
  void set_quota(const std::string& path, std::string_view limits) {
    make_folder(path);
    make(limits_path(path), limits);
    make(stats_path(path), "count=0,bytes=0");
  }
  void make_folder(const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string folder = "/zookeeper/quota" + path.substr(0, end);
      if (!world.has(folder)) make(folder);
      if (end == path.npos) break;
    }
  }
  static std::string limits_path(const std::string& path) {
    return "/zookeeper/quota" + path + "/zookeeper_limits";
  }
  static std::string stats_path(const std::string& path) {
    return "/zookeeper/quota" + path + "/zookeeper_stats";
  }
  std::string stats(const std::string& path) { return world.data(stats_path(path)); }
  ErrorCode multi(MultiBody& body) { return world.write(OpCode::multi, body.finish()); }
  std::size_t log_bytes_max(OpCode op, const std::string& body) {
    return world.state.log_bytes_max({.op = op, .body = as_bytes(body), .session = world.session});
  }

  /// Whatever a test has done: the log gives the same tree, and the digest is that of the tree.
  void TearDown() override {
    EXPECT_EQ(world.state.digest(), digest_from_scratch(world.state));
    const auto copy = world.replayed();
    EXPECT_EQ(copy->digest(), world.state.digest());
    EXPECT_EQ(dump(*copy), dump(world.state));
    EXPECT_EQ(copy->approximate_data_bytes(), world.state.approximate_data_bytes());
  }

  World world;
};

class HardQuota : public Quota {
 protected:
  HardQuota() : Quota(true) {}
};

TEST_F(Quota, R19_StatisticsAreKeptAsZooKeeperKeepsThem) {  // golden: quota_accounting
  make("/q", "12345");
  make("/q/c", "1");
  set_quota("/q", "count=1,bytes=10");
  EXPECT_EQ(stats("/q"), "count=2,bytes=6");
  const proto::Stat made = world.stat(stats_path("/q"));
  EXPECT_EQ(made.data_length, 15);
  EXPECT_EQ(made.version, 0);
  EXPECT_EQ(made.mzxid, made.czxid);

  world.now_ms += 1000;
  make("/q/d", "123456789012345");  // over the soft limits: allowed
  EXPECT_EQ(stats("/q"), "count=3,bytes=21");
  ASSERT_EQ(world.set("/q/d", "1"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/q/c"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=2,bytes=6");

  proto::Stat expected = made;
  expected.data_length = 15;
  EXPECT_EQ(world.stat(stats_path("/q")), expected) << "no field changes but the length";
}

TEST_F(Quota, R19_StatisticsAreAStepOfTheTransactionThatChangesThem) {
  make("/q");
  set_quota("/q", "count=1,bytes=10");
  const Zxid before = world.state.newest();
  make("/q/a", "xy");
  EXPECT_EQ(world.state.newest(), next_zxid(before));
  ASSERT_EQ(world.out.txn.steps.size(), 2u);
  const Step& step = world.out.txn.steps[1];
  EXPECT_EQ(step.kind, StepKind::set_quota_stats);
  EXPECT_EQ(step.path, "/zookeeper/quota/q/zookeeper_stats");
  EXPECT_EQ(as_text(*step.data), "count=2,bytes=2");
}

TEST_F(Quota, R19_AChangeOfStatisticsIsNoEvent) {
  make("/q");
  set_quota("/q", "count=1,bytes=10");
  EXPECT_EQ(world.events(), (std::vector<std::string>{"created /zookeeper/quota/q/zookeeper_stats",
                                                      "children /zookeeper/quota/q"}));
  make("/q/a");
  EXPECT_EQ(world.events(), (std::vector<std::string>{"created /q/a", "children /q"}));
}

TEST_F(Quota, R19_AReaderBelowSeesTheOldStatistics) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  world.commits = false;
  world.state.seal();
  make("/q/a");
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
  world.commit_all();
  EXPECT_EQ(stats("/q"), "count=2,bytes=0");
}

TEST_F(Quota, R19_AFailedMultiLeavesTheStatistics) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(multi(MultiBody().create("/q/a").create("/q/b").check("/missing")), ErrorCode::ok);
  EXPECT_FALSE(world.out.has_txn);
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
  make("/q/c");
  EXPECT_EQ(stats("/q"), "count=2,bytes=0");
}

TEST_F(Quota, WithoutQuotasNothingIsWritten) {
  make("/a", "x");
  EXPECT_EQ(world.out.txn.steps.size(), 1u);
  make_folder("/a");
  EXPECT_EQ(world.out.txn.steps.size(), 1u);
  make(stats_path("/a"), "count=7,bytes=7");
  EXPECT_EQ(stats("/a"), "count=1,bytes=1") << "counted when made, with limits or without";
  make("/a/b");
  EXPECT_EQ(stats("/a"), "count=1,bytes=1");
}

TEST_F(Quota, AMultiWritesEachStatisticsOnce) {
  make("/q", "12");
  make("/r");
  set_quota("/q", "count=9,bytes=9");
  set_quota("/r", "count=9,bytes=9");
  ASSERT_EQ(multi(MultiBody()
                      .create("/q/a")
                      .create("/r/a")
                      .create("/q/b")
                      .set("/q", "1234")
                      .remove("/q/a")
                      .create("/elsewhere")),
            ErrorCode::ok);
  EXPECT_EQ(world.out.txn.steps.size(), 8u);
  EXPECT_EQ(stats("/q"), "count=2,bytes=4");
  EXPECT_EQ(stats("/r"), "count=2,bytes=0");
}

TEST_F(Quota, WhatComesToNothingIsNotWritten) {
  make("/q", "12");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.set("/q", "34"), ErrorCode::ok);
  EXPECT_EQ(world.out.txn.steps.size(), 1u);
  ASSERT_EQ(multi(MultiBody().create("/q/a").remove("/q/a")), ErrorCode::ok);
  EXPECT_EQ(world.out.txn.steps.size(), 2u);
  EXPECT_EQ(stats("/q"), "count=1,bytes=2");
}

TEST_F(Quota, NullDataHasNoBytes) {
  make("/q", std::nullopt);
  set_quota("/q", "count=9,bytes=9");
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
  ASSERT_EQ(world.set("/q", "abc"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=1,bytes=3");
  ASSERT_EQ(world.set("/q", std::nullopt), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
}

TEST_F(Quota, TheDeepestActiveQuotaOnThePathIsTheOnlyOneThatCounts) {
  make("/a");
  make("/a/b");
  make("/a/bb");
  set_quota("/a", "count=9,bytes=9");
  EXPECT_EQ(stats("/a"), "count=3,bytes=0");
  set_quota("/a/b", "count=9,bytes=9");
  EXPECT_EQ(stats("/a/b"), "count=1,bytes=0");
  make("/a/b/c", "x");
  make("/a/bb/c", "yy");
  EXPECT_EQ(stats("/a/b"), "count=2,bytes=1");
  EXPECT_EQ(stats("/a"), "count=4,bytes=2");
  ASSERT_EQ(world.remove(limits_path("/a/b")), ErrorCode::ok);
  make("/a/b/d", "zzz");
  EXPECT_EQ(stats("/a/b"), "count=2,bytes=1");
  EXPECT_EQ(stats("/a"), "count=5,bytes=5");
}

TEST_F(Quota, ItCountsTheNodeItself) {
  set_quota("/q", "count=9,bytes=9");
  EXPECT_EQ(stats("/q"), "count=0,bytes=0") << "which need not be there";
  make("/q", "1");
  EXPECT_EQ(stats("/q"), "count=1,bytes=1");
  ASSERT_EQ(world.remove("/q"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=0,bytes=0");
}

TEST_F(Quota, DeletingTheLimitsDeactivatesAndMakingThemAgainCountsAnew) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.remove(limits_path("/q")), ErrorCode::ok);
  make("/q/a");
  EXPECT_EQ(world.out.txn.steps.size(), 1u);
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
  make(limits_path("/q"), "count=9,bytes=9");
  EXPECT_EQ(stats("/q"), "count=2,bytes=0");
}

TEST_F(Quota, DeletingTheStatisticsStopsTheCount) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.remove(stats_path("/q")), ErrorCode::ok);
  make("/q/a");
  EXPECT_EQ(world.out.txn.steps.size(), 1u);
  make(stats_path("/q"));
  EXPECT_EQ(stats("/q"), "count=2,bytes=0");
}

TEST_F(Quota, LimitsOnTheRootAreAnOrdinaryNode) {
  make("/zookeeper/quota/zookeeper_limits", "count=1,bytes=1=;byteHardLimit=0;countHardLimit=0");
  make("/zookeeper/quota/zookeeper_stats", "count=0,bytes=0");
  make("/a", "some data");
  EXPECT_EQ(world.data("/zookeeper/quota/zookeeper_stats"), "count=0,bytes=0");
}

TEST_F(Quota, NodesOfTheseNamesElsewhereMeanNothing) {
  make("/a");
  make("/a/zookeeper_limits", "count=0,bytes=0");
  make("/a/zookeeper_stats", "mine");
  make("/zookeeper/quotas");
  make("/zookeeper/quotas/a");
  make("/zookeeper/quotas/a/zookeeper_limits", "count=0,bytes=0");
  make("/a/b");
  EXPECT_EQ(world.data("/a/zookeeper_stats"), "mine");
}

TEST_F(Quota, ClosingASessionCountsItsEphemerals) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.create("/q/e1", "1", 1), ErrorCode::ok);
  ASSERT_EQ(world.create("/q/e2", "22", 1), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=3,bytes=3");
  ASSERT_EQ(world.close_session(world.session), ErrorCode::ok);
  EXPECT_EQ(world.out.txn.steps.back().kind, StepKind::close_session);
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
}

TEST_F(Quota, RemovingAContainerCounts) {
  make("/q");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.write(OpCode::create_container, create_request("/q/c", "12")), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=2,bytes=2");
  ASSERT_EQ(world.remove_container("/q/c"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=1,bytes=0");
}

TEST_F(Quota, WhatAClientWritesIntoTheStatisticsIsCountedOnFromIfItIsReadable) {
  make("/q", "1");
  set_quota("/q", "count=9,bytes=9");
  ASSERT_EQ(world.set(stats_path("/q"), "count=100,bytes=200"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=100,bytes=200");
  make("/q/a", "1");
  EXPECT_EQ(stats("/q"), "count=101,bytes=201");
  ASSERT_EQ(world.set(stats_path("/q"), "rubbish"), ErrorCode::ok);
  make("/q/b", "1");
  EXPECT_EQ(stats("/q"), "count=3,bytes=3");
}

TEST_F(Quota, R22_CountingALargeSubtreeIsSliced) {
  make("/q");
  for (int i = 0; i < 50; ++i) {
    const std::string path = "/q/" + std::to_string(i);
    make(path, "1");
    for (int j = 0; j < 3; ++j) make(path + "/" + std::to_string(j), "22");
  }
  make_folder("/q");
  make(limits_path("/q"), "count=9,bytes=9");
  world.step_budget = 10;
  world.between_slices = [&] {
    world.state.reclaim();
    EXPECT_NE(world.state.digest(), 0u);
  };
  make(stats_path("/q"));
  EXPECT_GE(world.slices, 20u);
  EXPECT_EQ(stats("/q"), "count=201,bytes=350");
  world.step_budget = 3;
  MultiBody body;
  for (int i = 0; i < 30; ++i) body.create("/q/m" + std::to_string(i));
  ASSERT_EQ(multi(body), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), "count=231,bytes=350");
}

TEST_F(Quota, ALoadedStateCountsOn) {
  make("/q", "12");
  set_quota("/q", "count=9,bytes=9");
  State loaded({});
  world.state.trie().visit_all([&](Znode& node) {
    std::string path;
    node.append_path(path);
    const Version& v = *Trie::newest(node);
    NodeValue value{.path = path, .data = v.data(), .acl = v.acl->entries()};
    ASSERT_TRUE(loaded.load_node(value).has_value());
  });
  ASSERT_TRUE(loaded.finish_load(world.state.newest()).has_value());
  const std::string body = body_of(create_request("/q/a", "345"));
  Prepared out;
  const IdentitySet nobody;
  ASSERT_EQ(loaded.prepare({.op = OpCode::create, .body = as_bytes(body), .identities = &nobody},
                           out, 99),
            State::Progress::done);
  ASSERT_EQ(out.err, ErrorCode::ok);
  ASSERT_EQ(out.txn.steps.size(), 2u);
  EXPECT_EQ(as_text(*out.txn.steps[1].data), "count=2,bytes=5");
}

TEST_F(Quota, ExcessOfASoftLimitIsToldAndNoMore) {
  make("/q", "12345");
  set_quota("/q", "count=2,bytes=10");
  make("/q/a", "1");
  EXPECT_FALSE(world.out.quota_excess.has_value());
  make("/q/b", "1");
  ASSERT_TRUE(world.out.quota_excess.has_value());
  EXPECT_EQ(world.out.quota_excess->path, "/q/b");
  EXPECT_EQ(world.out.quota_excess->what, "count");
  EXPECT_EQ(world.out.quota_excess->value, 3);
  EXPECT_EQ(world.out.quota_excess->limit, 2);
  EXPECT_FALSE(world.out.quota_excess->is_hard);
  ASSERT_EQ(world.set("/q", "12345678"), ErrorCode::ok);
  EXPECT_FALSE(world.out.quota_excess.has_value());
  ASSERT_EQ(world.set("/q", "123456789"), ErrorCode::ok);
  ASSERT_TRUE(world.out.quota_excess.has_value());
  EXPECT_EQ(world.out.quota_excess->what, "bytes");
  EXPECT_EQ(world.out.quota_excess->value, 11);
}

TEST_F(Quota, AHardLimitIsOnlyToldOfUnlessItIsEnforced) {
  make("/q");
  set_quota("/q", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=1");
  make("/q/a");
  ASSERT_TRUE(world.out.quota_excess.has_value());
  EXPECT_TRUE(world.out.quota_excess->is_hard);
}

/// Found by the property test: the sum wrapped, so the limit let everything pass.
TEST_F(HardQuota, NumbersThatAreTooLargeToAddToStayThere) {
  make("/q");
  set_quota("/q", "countHardLimit=1000000");
  const std::string most = "count=9223372036854775807,bytes=9223372036854775807";
  ASSERT_EQ(world.set("/zookeeper/quota/q/zookeeper_stats", most), ErrorCode::ok);
  EXPECT_EQ(world.create("/q/a", "12345"), ErrorCode::quota_exceeded);
  ASSERT_EQ(world.set("/q", "12345"), ErrorCode::ok);
  EXPECT_EQ(stats("/q"), most);
}

TEST_F(HardQuota, RefusesInItsPlaceAmongTheChecks) {  // golden: quota_hard
  make("/q", "12345");
  set_quota("/q", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=2");
  EXPECT_EQ(world.create("/q/a", "123456"), ErrorCode::quota_exceeded);
  EXPECT_FALSE(world.out.has_txn);
  ASSERT_TRUE(world.out.quota_excess.has_value());
  EXPECT_EQ(world.out.quota_excess->path, "/q/a");
  EXPECT_EQ(world.create("/q/a", "12345"), ErrorCode::ok);
  EXPECT_EQ(world.create("/q/b", std::nullopt), ErrorCode::quota_exceeded);
  EXPECT_EQ(world.set("/q/a", "123456", 99), ErrorCode::quota_exceeded) << "before the version";
  EXPECT_EQ(world.set("/q/a", "12345", 99), ErrorCode::bad_version);
  EXPECT_EQ(world.create("/q/a", "123456"), ErrorCode::node_exists) << "before the quota";
  ASSERT_EQ(multi(MultiBody().create("/q/z")), ErrorCode::ok);
  EXPECT_EQ(world.multi_results()[0].err, ErrorCode::quota_exceeded);
  EXPECT_EQ(stats("/q"), "count=2,bytes=10");
}

TEST_F(HardQuota, IsAskedBehindThePermissionsAndTheParent) {
  make("/q");
  ASSERT_EQ(world.create("/q/e", "", 1), ErrorCode::ok);
  ASSERT_EQ(world.create("/q/shut", "", 0, {{proto::perm_read, "world", "anyone"}}), ErrorCode::ok);
  set_quota("/q", "count=-1,bytes=-1=;byteHardLimit=0;countHardLimit=0");
  EXPECT_EQ(world.create("/q/e/x"), ErrorCode::no_children_for_ephemerals);
  EXPECT_EQ(world.create("/q/shut/x"), ErrorCode::no_auth);
  EXPECT_EQ(world.set("/q/shut", "x"), ErrorCode::no_auth);
  EXPECT_EQ(world.create("/q/no/x"), ErrorCode::no_node);
  EXPECT_EQ(world.create("/q/x"), ErrorCode::quota_exceeded);
}

TEST_F(HardQuota, EveryKindOfCreateIsAsked) {
  make("/q");
  set_quota("/q", "count=-1,bytes=-1=;countHardLimit=1");
  for (const std::int32_t flags : {0, 1, 2, 3})
    EXPECT_EQ(world.create("/q/x", "", flags), ErrorCode::quota_exceeded) << flags;
  EXPECT_EQ(world.write(OpCode::create2, create_request("/q/x")), ErrorCode::quota_exceeded);
  EXPECT_EQ(world.write(OpCode::create_container, create_request("/q/x")),
            ErrorCode::quota_exceeded);
  EXPECT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/q/x", 5)),
            ErrorCode::quota_exceeded);
}

TEST_F(HardQuota, SubOperationsOfAMultiAreComparedWithTheSameBase) {
  make("/q");
  set_quota("/q", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=2");
  ASSERT_EQ(multi(MultiBody().create("/q/a").create("/q/b").create("/q/c")), ErrorCode::ok);
  EXPECT_TRUE(world.out.has_txn);
  EXPECT_EQ(stats("/q"), "count=4,bytes=0");
  EXPECT_EQ(world.create("/q/d"), ErrorCode::quota_exceeded);
}

TEST_F(HardQuota, AQuotaBeginsBehindTheTransactionThatMakesIt) {
  make("/q", "123");
  make_folder("/q");
  ASSERT_EQ(multi(MultiBody()
                      .add(OpCode::create, create_request("/zookeeper/quota/q/zookeeper_limits",
                                                          "count=-1,bytes=-1=;countHardLimit=1"))
                      .create("/zookeeper/quota/q/zookeeper_stats")
                      .create("/q/a")),
            ErrorCode::ok);
  EXPECT_TRUE(world.out.has_txn);
  EXPECT_EQ(stats("/q"), "count=2,bytes=3");
  EXPECT_EQ(world.create("/q/b"), ErrorCode::quota_exceeded);
}

TEST_F(HardQuota, ShrinkingIsFineWhileTheResultIsWithinTheLimit) {
  make("/q", "1234567890");
  make("/q/a", "1234567890");
  set_quota("/q", "count=-1,bytes=-1=;byteHardLimit=15");
  EXPECT_EQ(world.set("/q", "123456"), ErrorCode::quota_exceeded);
  EXPECT_EQ(world.set("/q", "12345"), ErrorCode::ok);
  EXPECT_EQ(world.set("/q", "54321"), ErrorCode::ok);
  EXPECT_EQ(world.create("/q/b"), ErrorCode::ok) << "no bytes";
  EXPECT_EQ(world.remove("/q/b"), ErrorCode::ok);
}

TEST_F(HardQuota, AHardLimitReplacesTheSoftOne) {
  make("/q");
  set_quota("/q", "count=1,bytes=-1=;countHardLimit=3");
  EXPECT_EQ(world.create("/q/a"), ErrorCode::ok);
  EXPECT_FALSE(world.out.quota_excess.has_value());
  EXPECT_EQ(world.create("/q/b"), ErrorCode::ok);
  EXPECT_EQ(world.create("/q/c"), ErrorCode::quota_exceeded);
}

TEST_F(HardQuota, WithoutStatisticsNothingIsRefused) {
  make("/q");
  set_quota("/q", "count=-1,bytes=-1=;countHardLimit=0");
  ASSERT_EQ(world.remove(stats_path("/q")), ErrorCode::ok);
  EXPECT_EQ(world.create("/q/a"), ErrorCode::ok);
}

TEST_F(Quota, R20_TheBoundOfTheLogBytesHasRoomForTheStatistics) {
  make("/q");
  const std::string create = body_of(create_request("/q/" + std::string(2000, 'x'), ""));
  const std::size_t before = log_bytes_max(OpCode::create, create);
  const std::size_t close_before = log_bytes_max(OpCode::close_session, "");
  set_quota("/q", "count=9,bytes=9");
  EXPECT_GE(log_bytes_max(OpCode::create, create), before + 200);
  ASSERT_EQ(world.create("/q/e", "", 1), ErrorCode::ok);
  EXPECT_GE(log_bytes_max(OpCode::close_session, ""), close_before + 400);
}

}  // namespace
}  // namespace paddock::core::test
