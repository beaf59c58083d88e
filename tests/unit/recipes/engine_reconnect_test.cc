// A connection that breaks: what is lost, what is told, how the next one is made.

#include <set>

#include "tests/unit/recipes/engine_world.h"

namespace paddock::client {
namespace {

TEST(EngineReconnect, ResumesItsSession) {
  EngineWorld world;
  world.connect(7);
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid, 99);
  world.engine.transport_down(world.now);
  const std::string said = world.hello();
  const auto hello = proto::decode_connect_request(as_bytes(said));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->session, SessionId{7});
  EXPECT_EQ(as_text(hello->password.value_or(Bytes{})), "0123456789abcdef");
  EXPECT_EQ(hello->last_zxid_seen, Zxid{99});
  world.welcome(7);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/a: Ok", "suspended", "connected"}));
}

TEST(EngineReconnect, FailsWhatWasStartedInOrder) {
  EngineWorld world({.in_flight_max = 2});
  world.connect();
  for (const char* name : {"/a", "/b", "/c"}) world.submit(name);
  world.engine.transport_down(world.now);
  world.submit("/later");
  EXPECT_EQ(world.take_log(), (Log{"connected", "suspended", "/a: ConnectionLoss",
                                   "/b: ConnectionLoss", "/c: NotConnected"}));
  world.connect();
  const std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 1u) << "nothing is sent twice";
  EXPECT_EQ(seen[0].as<proto::PathRequest>().path, "/later");
}

TEST(EngineReconnect, GivesUpWaitingForAConnection) {
  EngineWorld world({.queue_timeout = 2'000ms});
  world.submit("/a");
  world.advance(1'000ms);
  world.submit("/b");
  world.advance(999ms);
  EXPECT_EQ(world.take_log(), Log{});
  world.advance(1ms);
  EXPECT_EQ(world.take_log(), (Log{"/a: NotConnected"}));
  world.advance(1'000ms);
  EXPECT_EQ(world.take_log(), (Log{"/b: NotConnected"}));
}

TEST(EngineReconnect, SuspendedTellsTheTimeLeftAndLostComesWhenItIsUsedUp) {
  EngineWorld world;
  world.connect();
  const TimePoint connected_at = world.now;
  world.advance(2'000ms);
  world.submit("/a");
  const TimePoint sent_at = world.now;
  const std::int32_t xid = world.take_requests().at(0).xid;
  EXPECT_EQ(world.engine.valid_until(), connected_at + EngineWorld::timeout);
  world.advance(1'000ms);
  world.reply_bare(xid);
  world.advance(500ms);
  world.engine.transport_down(world.now);
  EXPECT_EQ(world.events.back().state, SessionState::suspended);
  EXPECT_EQ(world.events.back().valid_until, sent_at + EngineWorld::timeout);
  EXPECT_EQ(world.events.back().time_left(world.now), EngineWorld::timeout - 1'500ms);
  world.take_log();
  world.advance(EngineWorld::timeout - 1'501ms);
  EXPECT_EQ(world.take_log(), Log{});
  world.advance(1ms);
  EXPECT_EQ(world.take_log(), (Log{"lost"}));
}

TEST(EngineReconnect, ASilentServerSuspendsWhileTheSessionIsStillSafe) {
  EngineWorld world;
  world.connect();
  world.advance(5'999ms);
  EXPECT_EQ(world.take_log(), (Log{"connected"}));
  world.advance(1ms);
  EXPECT_EQ(world.take_log(), (Log{"suspended"}));
  EXPECT_EQ(world.events.back().time_left(world.now), 3'000ms);
}

TEST(EngineReconnect, APauseOfOursIsToldBeforeAnyReply) {
  EngineWorld world;
  world.connect();
  world.submit("/a");
  const std::int32_t xid = world.take_requests().at(0).xid;
  // The process stood still; the reply lies in the socket, and nobody asked for a tick before it.
  world.now += EngineWorld::timeout;
  world.reply_bare(xid);
  EXPECT_EQ(world.take_log(), (Log{"connected", "suspended", "lost", "/a: ConnectionLoss"}));
}

TEST(EngineReconnect, ASessionThatTheServerKeptIsConnectedAgainAfterLost) {
  EngineWorld world;
  world.connect();
  world.engine.transport_down(world.now);
  world.advance(20s);
  world.take_log();
  world.connect(7);
  EXPECT_EQ(world.take_log(), (Log{"connected"}));
}

TEST(EngineReconnect, AnExpiredSessionIsTheEnd) {
  EngineWorld world;
  world.connect();
  world.watched("/w", WatchOrder::Read::data);
  world.engine.transport_down(world.now);
  world.submit("/a");
  world.hello();
  world.take_log();
  world.welcome(0, 0ms);
  EXPECT_EQ(world.take_log(), (Log{"expired", "/a: SessionExpired", "/w saw -2 /w"}));
  EXPECT_FALSE(world.engine.wanted());
  world.submit("/b");
  EXPECT_EQ(world.take_log(), (Log{"/b: SessionExpired"}));
}

TEST(EngineReconnect, AnExpiredSessionIsRenewedOnRequest) {
  EngineWorld world({.renew_expired = true});
  world.connect(7);
  world.watched("/w", WatchOrder::Read::data);
  world.engine.transport_down(world.now);
  world.submit("/unsent");
  world.hello();
  world.take_log();
  world.welcome(0, 0ms);
  EXPECT_EQ(world.take_log(),
            (Log{"expired", "/unsent: SessionExpired", "/w saw -2 /w", "connecting"}));
  EXPECT_EQ(world.events[world.events.size() - 2].session, SessionId{7});
  world.submit("/a");
  const std::string said = world.hello();
  const auto hello = proto::decode_connect_request(as_bytes(said));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->session, SessionId{0});
  world.welcome(8);
  EXPECT_EQ(world.take_requests().size(), 1u) << "no watches or requests of the old session";
  EXPECT_EQ(world.engine.event().session, SessionId{8});
}

TEST(EngineReconnect, TriesEachServerOnceBeforeItWaits) {
  EngineWorld world({.host_count = 3, .backoff_min = 100ms, .backoff_max = 400ms});
  std::set<std::size_t> hosts;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.engine.wanted());
    hosts.insert(world.engine.wanted()->host);
    world.engine.transport_down(world.now);
    if (i < 2) world.engine.tick(world.now);
  }
  EXPECT_EQ(hosts.size(), 3u);
  Clock::duration longest{};
  for (int i = 0; i < 20; ++i) {
    world.engine.tick(world.now);
    EXPECT_FALSE(world.engine.wanted());
    const Clock::duration wait = world.engine.next_deadline() - world.now;
    EXPECT_GE(wait, 50ms);
    EXPECT_LE(wait, i == 0 ? 100ms : 400ms);
    longest = std::max(longest, wait);
    world.advance(wait);
    ASSERT_TRUE(world.engine.wanted());
    world.engine.transport_down(world.now);
  }
  EXPECT_GT(longest, 200ms);
}

TEST(EngineReconnect, AServerThatDoesNotAnswerTheHandshakeIsLeft) {
  EngineWorld world({.host_count = 2, .connect_timeout = 1'000ms});
  const std::uint64_t first = world.engine.wanted()->attempt;
  world.advance(500ms);
  world.engine.transport_up(world.now);
  world.advance(499ms);
  EXPECT_EQ(world.engine.wanted()->attempt, first);
  world.advance(1ms);
  world.engine.tick(world.now);
  ASSERT_TRUE(world.engine.wanted());
  EXPECT_NE(world.engine.wanted()->attempt, first);
  EXPECT_TRUE(world.engine.output().empty());
}

TEST(EngineReconnect, ASlowServerIsGivenMoreTimeUntilItAnswers) {
  EngineWorld world({.session_timeout = 3'000ms, .connect_timeout = 1'000ms});
  const auto next_attempt_lasts = [&] {
    world.hello();
    const std::uint64_t attempt = world.engine.wanted()->attempt;
    const TimePoint begun = world.now;
    while (world.engine.wanted() && world.engine.wanted()->attempt == attempt) world.advance(100ms);
    return world.now - begun;
  };
  EXPECT_EQ(next_attempt_lasts(), 1'000ms);
  EXPECT_EQ(next_attempt_lasts(), 2'000ms);
  EXPECT_EQ(next_attempt_lasts(), 3'000ms);
  EXPECT_EQ(next_attempt_lasts(), 3'000ms);
  world.connect();
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid);
  world.engine.transport_down(world.now);
  EXPECT_EQ(next_attempt_lasts(), 1'000ms);
}

TEST(EngineReconnect, AServerThatWelcomesAndDropsIsNotAskedWithoutPause) {
  EngineWorld world({.backoff_min = 100ms});
  world.connect();
  world.engine.transport_down(world.now);
  world.engine.tick(world.now);
  EXPECT_FALSE(world.engine.wanted());
  world.advance(100ms);
  world.connect();
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid);
  world.engine.transport_down(world.now);
  world.engine.tick(world.now);
  EXPECT_TRUE(world.engine.wanted()) << "one that answered is asked at once";
}

TEST(EngineReconnect, ProvesItsIdentitiesAndSetsItsWatchesBeforeAnythingElse) {
  EngineWorld world({.auth = {{"digest", "a:b"}}});
  world.connect();
  world.reply_bare(world.take_requests().at(0).xid, 0);
  world.engine.add_auth({"digest", "c:d"}, {}, world.now);
  world.reply_bare(world.take_requests().at(0).xid, 0);
  world.watched("/data", WatchOrder::Read::data);
  world.watched("/exist", WatchOrder::Read::exists, proto::ErrorCode::no_node);
  world.watched("/child", WatchOrder::Read::children);
  world.engine.transport_down(world.now);
  world.submit("/a");
  world.connect();
  const std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(as_text(*seen[0].as<proto::AuthRequest>().auth), "a:b");
  EXPECT_EQ(as_text(*seen[1].as<proto::AuthRequest>().auth), "c:d");
  EXPECT_EQ(seen[2].op, proto::OpCode::set_watches);
  const auto set = seen[2].as<proto::SetWatchesRequest>();
  EXPECT_EQ(set.relative_zxid, Zxid{1});
  ASSERT_EQ(set.data.items.size(), 1u);
  EXPECT_EQ(set.data.items[0], "/data");
  ASSERT_EQ(set.exist.items.size(), 1u);
  EXPECT_EQ(set.exist.items[0], "/exist");
  ASSERT_EQ(set.child.items.size(), 1u);
  EXPECT_EQ(set.child.items[0], "/child");
  EXPECT_EQ(seen[3].op, proto::OpCode::sync);
}

TEST(EngineReconnect, SetsManyWatchesInPiecesThatServersTake) {
  EngineWorld world;
  world.connect();
  const std::string long_name(100, 'x');
  std::set<std::string> paths;
  for (int i = 0; i < 5'000; ++i) {
    const std::string path = "/" + long_name + std::to_string(i);
    paths.insert(path);
    world.watched(path, i % 2 ? WatchOrder::Read::data : WatchOrder::Read::children);
  }
  world.watched("/tree", WatchOrder::Read::recursive);
  world.reconnect();
  const std::vector<SeenRequest> seen = world.take_requests();
  EXPECT_GT(seen.size(), 4u);
  std::set<std::string> set;
  std::size_t recursive = 0;
  for (const SeenRequest& one : seen) {
    EXPECT_EQ(one.op, proto::OpCode::set_watches2);
    EXPECT_LE(one.body.size(), 128u * 1024);
    const auto record = one.as<proto::SetWatches2Request>();
    EXPECT_EQ(record.relative_zxid, Zxid{1});
    for (const auto& path : record.data.items) set.emplace(*path);
    for (const auto& path : record.child.items) set.emplace(*path);
    recursive += record.persistent_recursive.items.size();
  }
  EXPECT_EQ(set, paths);
  EXPECT_EQ(recursive, 1u);
  for (const SeenRequest& one : seen) world.reply_bare(one.xid);
  EXPECT_TRUE(world.engine.wanted());
}

// The reply to the first piece has shown what the second was never asked about.
TEST(EngineReconnect, ABreakBetweenTwoPiecesHidesNoChange) {
  EngineWorld world;
  world.connect();
  for (int i = 0; i < 2'000; ++i)
    world.watched("/" + std::string(100, 'x') + std::to_string(i), WatchOrder::Read::data);
  world.reconnect();
  const std::vector<SeenRequest> pieces = world.take_requests();
  ASSERT_EQ(pieces.size(), 2u);
  world.reply_bare(pieces[0].xid, 50);
  world.reconnect();
  const std::vector<SeenRequest> again = world.take_requests();
  ASSERT_EQ(again.size(), 2u);
  for (const SeenRequest& one : again) {
    EXPECT_EQ(one.as<proto::SetWatchesRequest>().relative_zxid, Zxid{1});
    world.reply_bare(one.xid, 60);
  }
  world.reconnect();
  EXPECT_EQ(world.take_requests().at(0).as<proto::SetWatchesRequest>().relative_zxid, Zxid{60});
}

TEST(EngineReconnect, WatchersHearWhenAServerCannotSetThem) {
  EngineWorld world;
  world.connect();
  world.watched("/tree", WatchOrder::Read::recursive);
  world.reconnect();
  world.take_log();
  world.reply_bare(world.take_requests().at(0).xid, -1, proto::ErrorCode::unimplemented);
  EXPECT_EQ(world.take_log(), (Log{"/tree saw -2 /tree"}));
}

}  // namespace
}  // namespace paddock::client
