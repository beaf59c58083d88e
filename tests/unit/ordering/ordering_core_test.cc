#include "paddock/ordering/ordering_core.h"

#include <gtest/gtest.h>

#include "tests/unit/ordering/core_world.h"

namespace paddock::ordering::test {
namespace {

using core::test::body_of;
using core::test::create_request;
using core::test::MultiBody;
using proto::ErrorCode;
using proto::OpCode;
using Client = CoreWorld::Client;

std::vector<ErrorCode> errors_of(const std::vector<Answer>& answers) {
  std::vector<ErrorCode> errors;
  for (const Answer& answer : answers) errors.push_back(answer.err);
  return errors;
}

std::string path_reply(std::string_view path) { return body_of(proto::PathRequest{path}); }

TEST(OrderingCore, R3_CommittedZxidStopsAtTheEndsOfBatchesOnly) {
  CoreWorld world;
  const Client client = world.make_client(1);
  const Zxid before = world.state.committed();
  for (const char* path : {"/a", "/b", "/c"}) ASSERT_TRUE(world.create(client, path));
  world.turn();
  const Zxid end = world.state.newest();
  EXPECT_EQ(end.value, before.value + 3);
  while (world.disk.in_flight() > 0) {
    EXPECT_TRUE(world.state.committed() == before || world.state.committed() == end);
    world.disk.poll();
  }
  EXPECT_EQ(world.state.committed(), end);
  EXPECT_EQ(world.core.batches().counters().last_count, 3u);
}

TEST(OrderingCore, R4_WithoutASlotNothingIsTakenAndNothingIsLost) {
  CoreWorld world;
  const Client client = world.make_client(1);
  world.is_reactor_1_stuck = true;
  std::uint32_t taken = 0;
  const auto path = [](std::uint32_t i) { return "/n" + std::to_string(i); };
  while (world.create(client, path(taken))) {
    ASSERT_LT(taken, Feed::slot_count + 1) << "never refused";
    ++taken;
    world.turn();
    world.drain_disk();
  }
  EXPECT_EQ(taken, Feed::slot_count);
  const Zxid newest = world.state.newest();
  EXPECT_FALSE(world.read(client, OpCode::sync, "/"));
  EXPECT_FALSE(world.open(2));
  world.settle();
  EXPECT_EQ(world.state.newest(), newest) << "refused means that nothing has happened";
  EXPECT_EQ(world.answers().size(), taken);

  world.is_reactor_1_stuck = false;
  world.answers();
  EXPECT_TRUE(world.create(client, path(taken)));
  world.settle();
  EXPECT_EQ(errors_of(world.answers()), std::vector{ErrorCode::ok});
  for (std::uint32_t i = 0; i <= taken; ++i) EXPECT_TRUE(world.has(path(i))) << i;
}

TEST(OrderingCore, R8_NothingIsAnsweredOrVisibleBeforeItIsDurable) {
  CoreWorld world;
  const Client client = world.make_client(1);
  const Zxid before = world.state.committed();
  ASSERT_TRUE(world.create(client, "/a"));
  world.turn();
  world.turn();
  EXPECT_TRUE(world.answers().empty());
  EXPECT_EQ(world.state.committed(), before);
  EXPECT_FALSE(world.core.is_idle());
  world.drain_disk();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].zxid, world.state.committed());
  EXPECT_EQ(answers[0].body, path_reply("/a"));
  EXPECT_EQ(answers[0].events, (std::vector<std::string>{"/a", "/"}));
  EXPECT_TRUE(world.core.is_idle());
}

// Two batches are in flight and the disk finishes what it likes first: what is published is always
// the durable prefix.
TEST(OrderingCore, R8_OnlyAContiguousDurablePrefixIsPublished) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CoreWorld::Options options;
    options.disk_seed = seed;
    options.reorder = true;
    CoreWorld world(options);
    const Client client = world.make_client(1);
    std::vector<Answer> answers;
    for (int batch = 0; batch < 20; ++batch) {
      while (!world.create(client, "/n" + std::to_string(batch))) world.disk.poll();
      world.turn();
      if (batch % 3 != 0) world.disk.poll();
      for (Answer& answer : world.answers()) {
        EXPECT_LE(answer.zxid, world.log->durable()) << seed;
        EXPECT_TRUE(answers.empty() || answers.back().zxid < answer.zxid) << seed;
        answers.push_back(std::move(answer));
      }
      EXPECT_LE(world.state.committed(), world.log->durable()) << seed;
    }
    world.settle();
    for (Answer& answer : world.answers()) answers.push_back(std::move(answer));
    ASSERT_EQ(answers.size(), 20u) << seed;
    EXPECT_EQ(answers.back().zxid, world.state.newest());
    EXPECT_EQ(world.core.batches().committed_digest(), world.state.digest());
  }
}

TEST(OrderingCore, R13_TheAnswerOfAFailedWriteWaitsForTheStateItWasJudgedOn) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/a"));
  world.turn();
  const Zxid pending = world.state.newest();
  ASSERT_TRUE(world.create(client, "/a"));
  world.turn();
  EXPECT_TRUE(world.answers().empty());
  EXPECT_EQ(world.state.newest(), pending) << "a failed write takes no zxid";
  world.drain_disk();
  world.turn();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(errors_of(answers), (std::vector{ErrorCode::ok, ErrorCode::node_exists}));
  EXPECT_EQ(answers[1].zxid, pending);
  EXPECT_EQ(world.core.batches().counters().txns, 2u);  // with the session's
}

TEST(OrderingCore, R13_AFailedWriteIsAnsweredAtOnceWhenNothingIsPending) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/no/parent"));
  world.turn();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(errors_of(answers), std::vector{ErrorCode::no_node});
  EXPECT_EQ(answers[0].zxid, world.state.committed());
}

TEST(OrderingCore, R14_ANewSessionsReplyWaitsUntilItIsDurable) {
  CoreWorld world;
  ASSERT_TRUE(world.open(7, 4321));
  world.turn();
  EXPECT_TRUE(world.answers().empty());
  world.drain_disk();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].kind, AnswerKind::connect_accepted);
  EXPECT_EQ(answers[0].connection, 7u);
  EXPECT_EQ(answers[0].timeout_ms, 4321);
  EXPECT_EQ(answers[0].session.value, static_cast<std::int64_t>(CoreWorld::first_session));
  EXPECT_EQ(answers[0].body.size(), 16u);
}

TEST(OrderingCore, R14_PasswordsAreRandom) {
  CoreWorld world;
  EXPECT_NE(world.make_client(1).password, world.make_client(2).password);
}

TEST(OrderingCore, R14_AWrongPasswordIsRefusedBeforeAnythingHappensToTheSession) {
  CoreWorld world;
  const Client client = world.make_client(1);
  std::string wrong = client.password;
  wrong[15] = static_cast<char>(wrong[15] ^ 1);
  for (const std::string& password : {wrong, std::string(), client.password.substr(0, 15)}) {
    ASSERT_TRUE(world.resume(client.session, password, 2));
    world.settle();
    const std::vector<Answer> answers = world.answers();
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].kind, AnswerKind::connect_refused);
    EXPECT_EQ(answers[0].connection, 2u);
  }
  ASSERT_TRUE(world.resume(SessionId{12345}, client.password, 2));
  ASSERT_TRUE(world.create(client, "/still-mine"));
  world.settle();
  EXPECT_EQ(world.answers().size(), 2u);
  EXPECT_TRUE(world.has("/still-mine"));
}

TEST(OrderingCore, R14_AResumeClosesTheOldConnectionAndDropsItsRequests) {
  CoreWorld world;
  const Client old = world.make_client(1);
  ASSERT_TRUE(world.resume(old.session, old.password, 2, 7777));
  world.settle();
  std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].kind, AnswerKind::close);
  EXPECT_EQ(answers[0].connection, 1u);
  EXPECT_EQ(answers[1].kind, AnswerKind::connect_accepted);
  EXPECT_EQ(answers[1].connection, 2u);
  EXPECT_EQ(answers[1].timeout_ms, 7777);
  EXPECT_EQ(answers[1].body, old.password);
  EXPECT_GT(answers[1].generation, old.generation);

  ASSERT_TRUE(world.create(old, "/from-the-past"));
  ASSERT_TRUE(world.read(old, OpCode::sync, "/"));
  ASSERT_TRUE(world.close(old));
  world.detach(old.session, old.generation, 0);
  world.session_now_ms += 100'000;
  world.settle();
  EXPECT_TRUE(world.answers().empty());
  EXPECT_FALSE(world.has("/from-the-past"));
  EXPECT_TRUE(world.closed.empty());
}

TEST(OrderingCore, R14_TheConnectReplyWaitsForWhatWasPreparedBeforeTheMove) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/a"));
  world.turn();
  ASSERT_TRUE(world.resume(client.session, client.password, 2));
  world.turn();
  EXPECT_TRUE(world.answers().empty());
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2].kind, AnswerKind::connect_accepted);
  EXPECT_EQ(answers[2].zxid, answers[0].zxid);
}

TEST(OrderingCore, R15_AnExpiryIsRefusedIfTheGenerationMoved) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.resume(client.session, client.password, 2));
  ASSERT_TRUE(world.expire(client.session, client.generation));
  world.settle();
  EXPECT_TRUE(world.closed.empty());
  const std::uint64_t generation = world.answers().back().generation;
  ASSERT_TRUE(world.expire(client.session, generation));
  world.settle();
  EXPECT_EQ(world.closed,
            std::vector<std::string>{"0x100 expired: its client was connected and silent"});
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].session_ended);
  EXPECT_EQ(answers[0].kind, AnswerKind::none);
  EXPECT_EQ(answers[0].connection, 2u) << "which is to be closed";
}

TEST(OrderingCore, R15_ADetachedSessionExpiresByTheCoresDeadline) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/e", 1));
  world.settle();
  world.detach(client.session, client.generation, 2500);
  const std::int64_t due = world.core.next_due_ms();
  EXPECT_GE(due, world.session_now_ms + 2500);
  EXPECT_LE(due, world.session_now_ms + 2500 + CoreWorld::tick_ms);
  world.session_now_ms = due - 1;
  world.settle();
  EXPECT_TRUE(world.has("/e"));
  world.session_now_ms = due;
  world.settle();
  EXPECT_FALSE(world.has("/e"));
  EXPECT_EQ(world.closed, std::vector<std::string>{"0x100 expired: its client had no connection"});
  ASSERT_TRUE(world.resume(client.session, client.password, 2));
  world.settle();
  EXPECT_EQ(world.answers().back().kind, AnswerKind::connect_refused);
}

TEST(OrderingCore, R15_AResumeStopsTheDetachedDeadline) {
  CoreWorld world;
  const Client client = world.make_client(1);
  world.detach(client.session, client.generation, 0);
  ASSERT_TRUE(world.resume(client.session, client.password, 2));
  world.session_now_ms += 1'000'000;
  world.settle();
  EXPECT_TRUE(world.closed.empty());
}

TEST(OrderingCore, R18_SyncAndGetEphemeralsAreAnsweredBehindTheWritesBeforeThem) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/e", 1));
  world.turn();
  ASSERT_TRUE(world.read(client, OpCode::sync, "anything at all"));
  ASSERT_TRUE(world.read(client, OpCode::get_ephemerals, "/e"));
  world.turn();
  EXPECT_TRUE(world.answers().empty());
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[1].body, path_reply("anything at all"));
  EXPECT_EQ(answers[1].zxid, answers[0].zxid);
  EXPECT_NE(answers[2].body.find("/e"), std::string::npos);
}

TEST(OrderingCore, ClosingASessionAnswersDeletesItsEphemeralsAndForgetsIt) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/e", 1));
  ASSERT_TRUE(world.close(client));
  ASSERT_TRUE(world.create(client, "/late"));
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 2u) << "what comes behind closeSession is dropped";
  EXPECT_EQ(answers[1].kind, AnswerKind::reply);
  EXPECT_TRUE(answers[1].session_ended);
  EXPECT_EQ(answers[1].events, (std::vector<std::string>{"/e", "/"}));
  EXPECT_FALSE(world.has("/e"));
  EXPECT_FALSE(world.has("/late"));
  EXPECT_EQ(world.closed, std::vector<std::string>{"0x100 closed by its client"});
  EXPECT_EQ(world.core.owners().find(client.session), nullptr);
}

// A dropped or refused request may have taken a slot that nothing was put into: the daemon waits
// for is_idle() when it stops.
TEST(OrderingCore, ADroppedRequestDoesNotKeepItBusy) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.expire(client.session, client.generation + 1));
  world.turn();
  EXPECT_TRUE(world.core.is_idle());
}

TEST(OrderingCore, R22_NothingIsPreparedBetweenTheSlicesOfATransaction) {
  CoreWorld::Options options;
  options.steps_per_turn = 10;
  CoreWorld world(options);
  const Client client = world.make_client(1);
  const Client other = world.make_client(2);
  ASSERT_TRUE(world.create(client, "/before"));
  MultiBody body;
  for (int i = 0; i < 50; ++i) body.create("/m" + std::to_string(i));
  const Zxid before = world.state.newest();
  ASSERT_TRUE(world.write(client, OpCode::multi, body.finish()));
  int turns = 0;
  for (; world.core.is_busy(); ++turns) {
    ASSERT_LT(turns, 100);
    EXPECT_FALSE(world.create(other, "/between"));
    EXPECT_FALSE(world.read(other, OpCode::sync, "/"));
    EXPECT_FALSE(world.open(3));
    EXPECT_FALSE(world.core.is_idle());
    EXPECT_EQ(world.state.newest(), before);
    world.turn();
    EXPECT_TRUE(world.answers().empty()) << "the batch stays open";
  }
  EXPECT_GT(turns, 10);
  EXPECT_EQ(world.state.newest(), next_zxid(before));
  EXPECT_TRUE(world.create(other, "/behind"));
  world.settle();
  EXPECT_EQ(errors_of(world.answers()), std::vector<ErrorCode>(3, ErrorCode::ok));
  EXPECT_TRUE(world.has("/m49"));
}

TEST(OrderingCore, R22_ASessionMayComeLooseWhileItIsBeingClosed) {
  CoreWorld::Options options;
  options.steps_per_turn = 3;
  CoreWorld world(options);
  const Client client = world.make_client(1);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(world.create(client, "/e" + std::to_string(i), 1));
    world.settle();
  }
  world.answers();
  ASSERT_TRUE(world.expire(client.session, client.generation));
  ASSERT_TRUE(world.core.is_busy());
  world.detach(client.session, client.generation, 0);
  world.settle();
  world.session_now_ms += 100'000;
  world.settle();
  EXPECT_EQ(world.closed,
            std::vector<std::string>{"0x100 expired: its client was connected and silent"});
  EXPECT_EQ(world.answers().size(), 1u);
  EXPECT_EQ(world.state.ephemeral_count(), 0u);
}

TEST(OrderingCore, R22_TheEpochMovesOnWhenTheCounterIsUsedUp) {
  CoreWorld::Options options;
  options.start = Zxid{(std::int64_t{7} << 32) | 0xfffffffc};
  CoreWorld world(options);
  const Client client = world.make_client(1);  // …fd
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(world.create(client, "/n" + std::to_string(i)));
  world.settle();
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 5u);
  for (std::size_t i = 1; i < answers.size(); ++i)
    EXPECT_EQ(answers[i].zxid, next_zxid(answers[i - 1].zxid)) << i;
  EXPECT_EQ(answers.back().zxid.value >> 32, 8);
  EXPECT_EQ(world.state.committed(), answers.back().zxid);
}

TEST(OrderingCore, R22_AWallClockThatGoesBackChangesNothingButTimes) {
  CoreWorld world;
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.create(client, "/a"));
  world.now_ms -= 500'000;
  ASSERT_TRUE(world.create(client, "/b"));
  world.detach(client.session, client.generation, 3000);
  world.now_ms += 10'000'000;
  world.settle();
  EXPECT_EQ(errors_of(world.answers()), std::vector<ErrorCode>(2, ErrorCode::ok));
  EXPECT_TRUE(world.closed.empty()) << "sessions know the monotonic clock only";
}

/// Time as the loop sees it: both clocks go on.
void pass(CoreWorld& world, std::int64_t ms) {
  world.session_now_ms += ms;
  world.now_ms += ms;
  world.settle();
}

TEST(OrderingCore, R22_AWallClockThatIsSetLeavesTtlNodesTheirTime) {
  constexpr std::int64_t day_ms = 86'400'000;
  for (const std::int64_t step_ms : {day_ms, -day_ms}) {
    SCOPED_TRACE(step_ms);
    CoreWorld::Options options;
    options.reaper.check_interval_ms = 100;
    CoreWorld world(options);
    const Client client = world.make_client(1, 1'000'000);
    const auto create_ttl = [&](std::string_view path) {
      return world.write(client, OpCode::create_ttl,
                         body_of(core::test::create_ttl_request(path, 10'000)));
    };
    ASSERT_TRUE(create_ttl("/before"));
    pass(world, 4000);
    world.now_ms += step_ms;
    // Of the turn in which the step is noticed.
    ASSERT_TRUE(create_ttl("/behind"));
    pass(world, 6000);
    EXPECT_TRUE(world.has("/before"));
    pass(world, 200);
    EXPECT_FALSE(world.has("/before"));
    EXPECT_TRUE(world.has("/behind"));
    pass(world, 4000);
    EXPECT_FALSE(world.has("/behind"));
  }
}

/// What is prepared over several turns has the time of the first.
TEST(OrderingCore, R22_AStepInTheMiddleOfATransactionLeavesItsTtlNodesTheirTime) {
  CoreWorld::Options options;
  options.reaper.check_interval_ms = 100;
  options.steps_per_turn = 1;
  CoreWorld world(options);
  const Client client = world.make_client(1, 1'000'000);
  MultiBody multi;
  for (const std::string_view path : {"/a", "/b", "/c"})
    multi.add(OpCode::create_ttl, core::test::create_ttl_request(path, 10'000));
  ASSERT_TRUE(world.write(client, OpCode::multi, multi.finish()));
  ASSERT_TRUE(world.core.is_busy());
  world.turn();
  ASSERT_TRUE(world.core.is_busy());
  world.now_ms += 86'400'000;
  world.settle();
  pass(world, 9800);
  EXPECT_TRUE(world.has("/c"));
  pass(world, 1000);
  EXPECT_FALSE(world.has("/c"));
}

TEST(OrderingCore, ContainersAndTtlNodesAreRemovedInItsTurn) {
  CoreWorld::Options options;
  options.reaper.check_interval_ms = 500;
  CoreWorld world(options);
  const Client client = world.make_client(1);
  ASSERT_TRUE(world.write(client, OpCode::create_container, body_of(create_request("/c"))));
  ASSERT_TRUE(world.create(client, "/c/child"));
  ASSERT_TRUE(
      world.write(client, OpCode::remove, body_of(proto::PathVersionRequest{"/c/child", -1})));
  ASSERT_TRUE(
      world.write(client, OpCode::create_ttl, body_of(core::test::create_ttl_request("/t", 200))));
  world.settle();
  world.answers();
  world.now_ms += 201;
  EXPECT_TRUE(world.has("/c"));
  for (int round = 0; round < 3; ++round) {
    world.session_now_ms = std::max(world.session_now_ms, world.core.next_due_ms());
    world.settle();
  }
  EXPECT_FALSE(world.has("/c"));
  EXPECT_FALSE(world.has("/t"));
  const std::vector<Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 2u);
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.kind, AnswerKind::none);
    EXPECT_EQ(answer.err, ErrorCode::ok);
    EXPECT_EQ(answer.events.size(), 2u) << "watches fire as for a delete";
  }
}

}  // namespace
}  // namespace paddock::ordering::test
