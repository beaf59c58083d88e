#include <gtest/gtest.h>

#include "tests/unit/ordering/core_world.h"

// R20: a full disk makes the daemon read-only, and nothing is lost or expires meanwhile.
namespace paddock::ordering::test {
namespace {

using core::test::body_of;
using proto::ErrorCode;
using proto::OpCode;
using Client = CoreWorld::Client;

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    client = world.make_client(1);
    other = world.make_client(2);
    ASSERT_TRUE(world.create(client, "/e", 1));
    world.settle();
    world.answers();
  }
  /// No segment can be made any more, and those that there are get filled.
  void fill() {
    world.disk.set_capacity(world.disk.used_bytes());
    const std::string data(32 * 1024, 'x');
    for (int i = 0; !world.core.is_read_only(); ++i) {
      ASSERT_LT(i, 1000);
      proto::SetDataRequest set{"/e", as_bytes(data), -1};
      for (int tries = 0; !world.write(client, OpCode::set_data, body_of(set)); ++tries) {
        ASSERT_LT(tries, 100) << "refused for good";
        world.settle();
      }
      world.settle();
      last = world.answers();
    }
    EXPECT_EQ(world.read_only_changes, std::vector<bool>{true});
  }
  void make_room() { world.disk.set_capacity(UINT64_MAX); }
  void wait_for_room() {
    for (int i = 0; world.core.is_read_only(); ++i) {
      ASSERT_LT(i, 10);
      EXPECT_LE(world.core.next_due_ms(), world.session_now_ms + 1000);
      world.session_now_ms = std::max(world.session_now_ms, world.core.next_due_ms());
      world.settle();
    }
    world.settle();
  }

  CoreWorld world;
  Client client, other;
  std::vector<Answer> last;
};

TEST_F(FullDisk, R20_WritesAndSyncGetNotReadOnlyAndNothingOfThemHappens) {
  fill();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].err, ErrorCode::not_read_only);
  const Zxid newest = world.state.newest();
  ASSERT_TRUE(world.create(client, "/a"));
  ASSERT_TRUE(world.read(client, OpCode::sync, "/"));
  ASSERT_TRUE(world.read(client, OpCode::get_ephemerals, "/"));
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].err, ErrorCode::not_read_only);
  EXPECT_EQ(answers[1].err, ErrorCode::not_read_only);
  EXPECT_EQ(answers[2].err, ErrorCode::ok) << "a read";
  EXPECT_EQ(world.state.newest(), newest);
  EXPECT_EQ(world.state.committed(), newest) << "what was accepted is durable";
}

TEST_F(FullDisk, R20_ItComesBackByItself) {
  fill();
  world.session_now_ms += 5000;
  world.settle();
  EXPECT_TRUE(world.core.is_read_only()) << "there is no room yet";
  make_room();
  wait_for_room();
  EXPECT_EQ(world.read_only_changes, (std::vector<bool>{true, false}));
  ASSERT_TRUE(world.create(client, "/a"));
  world.settle();
  EXPECT_EQ(world.answers().back().err, ErrorCode::ok);
}

TEST_F(FullDisk, R20_NothingExpiresAndDeadlinesBeginAnewBehindIt) {
  world.detach(client.session, client.generation, 1);
  fill();
  world.session_now_ms += 1'000'000;
  world.settle();
  ASSERT_TRUE(world.expire(other.session, other.generation));
  world.settle();
  EXPECT_TRUE(world.closed.empty());
  make_room();
  wait_for_room();
  EXPECT_TRUE(world.closed.empty());
  EXPECT_GE(world.core.next_due_ms(), world.session_now_ms + 5000) << "its full timeout";
  world.session_now_ms = world.core.next_due_ms();
  world.settle();
  EXPECT_EQ(world.closed, std::vector<std::string>{"0x100 expired: its client had no connection"});
}

TEST_F(FullDisk, R20_ResumeWorksAndNewSessionsAreClosedWithoutAWord) {
  fill();
  ASSERT_TRUE(world.resume(client.session, client.password, 5));
  ASSERT_TRUE(world.open(6));
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[1].kind, AnswerKind::connect_accepted);
  EXPECT_EQ(answers[1].connection, 5u);
  EXPECT_EQ(answers[2].kind, AnswerKind::close);
  EXPECT_EQ(answers[2].connection, 6u);
}

TEST_F(FullDisk, R20_CloseSessionClosesTheConnectionNowAndTheSessionLater) {
  fill();
  ASSERT_TRUE(world.close(client));
  world.settle();
  std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].kind, AnswerKind::close);
  EXPECT_EQ(answers[0].connection, 1u);
  EXPECT_TRUE(world.has("/e"));
  world.detach(client.session, client.generation,
               5000);  // its reactor, when the connection is gone
  ASSERT_TRUE(world.resume(client.session, client.password, 5));
  world.settle();
  EXPECT_EQ(world.answers().back().kind, AnswerKind::connect_refused) << "over for its client";

  make_room();
  wait_for_room();
  EXPECT_FALSE(world.has("/e"));
  EXPECT_EQ(world.closed, std::vector<std::string>{"0x100 closed by its client"});
}

TEST_F(FullDisk, R20_ContainersStay) {
  ASSERT_TRUE(
      world.write(client, OpCode::create_ttl, body_of(core::test::create_ttl_request("/t", 1))));
  world.settle();
  fill();
  world.now_ms += 1000;
  world.session_now_ms += 10 * 60'000;
  world.settle();
  EXPECT_TRUE(world.has("/t"));
  make_room();
  wait_for_room();
  EXPECT_FALSE(world.has("/t"));
}

}  // namespace
}  // namespace paddock::ordering::test
