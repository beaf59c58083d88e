#include "paddock/stats.h"

#include <gtest/gtest.h>

namespace paddock {
namespace {

TEST(ReactorStats, AResetForgetsTrafficAndLatencyAndKeepsWhatIsNow) {
  ReactorStats stats;
  stats.connections.add(3);
  stats.packets_received.add(5);
  stats.count_reply(proto::OpCode::create, 100, 77);
  stats.reset_if_wanted();
  EXPECT_EQ(stats.packets_received.get(), 5) << "nobody has asked";

  stats.reset_wanted = true;
  stats.reset_if_wanted();
  EXPECT_EQ(stats.packets_received.get(), 0);
  EXPECT_EQ(stats.packets_sent.get(), 0);
  EXPECT_EQ(stats.latency_ns.count(), 0u);
  EXPECT_EQ(stats.op_latency_ns[op_kind(proto::OpCode::create)].count(), 0u);
  EXPECT_EQ(stats.connections.get(), 3);
  EXPECT_FALSE(stats.reset_wanted);
}

TEST(ReactorStats, AReplyCountsForItsOperationAndInTheSizes) {
  ReactorStats stats;
  stats.count_reply(proto::OpCode::create, 100, 7);
  stats.count_reply(proto::OpCode::exists, 20, 9);
  stats.count_reply(proto::OpCode::exists, 30, 11);
  EXPECT_EQ(stats.packets_sent.get(), 3);
  EXPECT_EQ(stats.latency_ns.sum(), 27u);
  EXPECT_EQ(stats.op_latency_ns[op_kind(proto::OpCode::exists)].count(), 2u);
  EXPECT_EQ(stats.last_response_bytes.get(), 30);
  EXPECT_EQ(stats.min_response_bytes.get(), 20);
  EXPECT_EQ(stats.max_response_bytes.get(), 100);
}

}  // namespace
}  // namespace paddock
