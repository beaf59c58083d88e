// A session on a connection that works: the handshake, requests and their order, bounds, the end.

#include "tests/unit/recipes/engine_world.h"

namespace paddock::client {
namespace {

TEST(Engine, ShakesHandsForANewSession) {
  EngineWorld world({.session_timeout = 12'345ms});
  const std::string said = world.hello();
  const auto hello = proto::decode_connect_request(as_bytes(said));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->session, SessionId{0});
  EXPECT_EQ(hello->timeout_ms, 12'345);
  EXPECT_TRUE(hello->has_read_only);
  world.welcome(7);
  EXPECT_EQ(world.take_log(), (Log{"connected"}));
  EXPECT_EQ(world.events.back().session, SessionId{7});
  EXPECT_EQ(world.events.back().valid_until, world.now + EngineWorld::timeout);
}

TEST(Engine, SendsWhatWaitedTogetherAndInOrder) {
  EngineWorld world;
  world.submit("/a");
  world.submit("/b");
  world.hello();
  world.welcome();
  const std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].as<proto::PathRequest>().path, "/a");
  EXPECT_EQ(seen[1].as<proto::PathRequest>().path, "/b");
  EXPECT_LT(seen[0].xid, seen[1].xid);
  world.reply_bare(seen[0].xid);
  world.reply_bare(seen[1].xid, 2, proto::ErrorCode::no_node);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/a: Ok", "/b: NoNode"}));
}

TEST(Engine, UnderstandsBytesOneAtATime) {
  EngineWorld world;
  world.connect();
  world.submit("/a");
  const std::int32_t xid = world.take_requests().at(0).xid;
  ByteBuffer out;
  proto::append_bare_reply(out, {.xid = xid, .zxid = Zxid{1}, .err = {}});
  proto::append_notification(out, Zxid{2}, proto::EventType::node_created, "/nobody");
  for (const std::byte& one : out.bytes()) world.engine.received({&one, 1}, world.now);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/a: Ok"}));
  EXPECT_TRUE(world.engine.wanted());
}

TEST(Engine, HasNoMoreOnTheWireThanAllowed) {
  EngineWorld world({.in_flight_max = 2});
  world.connect();
  for (const char* name : {"/a", "/b", "/c"}) world.submit(name);
  const std::vector<SeenRequest> first = world.take_requests();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_TRUE(world.take_requests().empty());
  world.reply_bare(first[0].xid);
  EXPECT_EQ(world.take_requests().size(), 1u);
}

TEST(Engine, RefusesMoreThanMayWait) {
  EngineWorld world({.queued_requests_max = 2});
  for (const char* name : {"/a", "/b", "/c"}) world.submit(name);
  EXPECT_EQ(world.take_log(), (Log{"/c: TooManyRequests"}));
}

TEST(Engine, DoesNotSendWhatNobodyWantsAnyMore) {
  EngineWorld world;
  const Promise<void> promise;
  Request request = world.request("/given up");
  request.pending = promise.state();
  world.engine.submit(std::move(request), world.now);
  world.submit("/wanted");
  promise.set(tl::unexpected(Error::cancelled));
  world.connect();
  EXPECT_EQ(world.take_requests().size(), 1u);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/given up: Cancelled"}));
}

TEST(Engine, PingsWhenNothingWasSentForAThirdOfTheTimeout) {
  EngineWorld world;
  world.connect();
  world.advance(2'999ms);
  EXPECT_TRUE(world.take_requests().empty());
  world.advance(1ms);
  const TimePoint sent_at = world.now;
  std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].op, proto::OpCode::ping);
  EXPECT_EQ(seen[0].xid, proto::xid_ping);
  world.advance(100ms);
  world.reply_bare(proto::xid_ping);
  // What the server answered it had received no earlier than it was sent.
  EXPECT_EQ(world.engine.valid_until(), sent_at + EngineWorld::timeout);
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid);
  world.advance(2'900ms);
  EXPECT_TRUE(world.take_requests().empty()) << "a request does for a ping";
}

TEST(Engine, ClosesBehindWhatWasAskedBefore) {
  EngineWorld world;
  world.connect();
  world.submit("/a");
  EXPECT_GT(world.engine.valid_until(), world.now);
  world.engine.close(world.now);
  EXPECT_LT(world.engine.valid_until(), world.now) << "the server may be faster than its answer";
  world.submit("/late");
  const std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].op, proto::OpCode::close_session);
  EXPECT_EQ(seen[1].body, "");
  world.reply_bare(seen[0].xid);
  world.reply_bare(seen[1].xid);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/late: ClientClosed", "/a: Ok", "closed"}));
  EXPECT_TRUE(world.engine.has_ended());
  EXPECT_FALSE(world.engine.wanted());
  EXPECT_EQ(world.engine.next_deadline(), TimePoint::max());
  world.submit("/later");
  EXPECT_EQ(world.take_log(), (Log{"/later: ClientClosed"}));
}

TEST(Engine, ClosesWithoutTheServerWhenItMust) {
  EngineWorld never_connected;
  never_connected.submit("/a");
  never_connected.engine.close(never_connected.now);
  EXPECT_EQ(never_connected.take_log(), (Log{"closed", "/a: ClientClosed"}));

  EngineWorld unanswered({.close_timeout = 500ms});
  unanswered.connect();
  unanswered.submit("/a");
  unanswered.engine.close(unanswered.now);
  unanswered.advance(499ms);
  EXPECT_FALSE(unanswered.engine.has_ended());
  unanswered.advance(1ms);
  EXPECT_EQ(unanswered.take_log(), (Log{"connected", "closed", "/a: ClientClosed"}));

  EngineWorld broken;
  broken.connect();
  broken.engine.close(broken.now);
  broken.engine.transport_down(broken.now);
  EXPECT_TRUE(broken.engine.has_ended()) << "the server has the request, or the session runs out";
}

TEST(Engine, DetachesWithWhatItTakesToResume) {
  EngineWorld world;
  world.connect(7);
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid, 42);
  const std::optional<SessionCredentials> credentials = world.engine.detach(world.now);
  ASSERT_TRUE(credentials);
  EXPECT_TRUE(world.take_requests().empty());
  EXPECT_TRUE(world.engine.has_ended());

  EngineWorld heir({.resume = credentials});
  const std::string said = heir.hello();
  const auto hello = proto::decode_connect_request(as_bytes(said));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->session, SessionId{7});
  EXPECT_EQ(hello->last_zxid_seen, Zxid{42});
}

TEST(Engine, AddsAnIdentityAheadOfWhatNeedsIt) {
  EngineWorld world;
  world.connect();
  world.engine.add_auth(
      {"digest", "a:b"}, [&](Error e) { world.log.emplace_back(error_name(e)); }, world.now);
  world.submit("/a");
  const std::vector<SeenRequest> seen = world.take_requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].op, proto::OpCode::auth);
  EXPECT_EQ(seen[0].as<proto::AuthRequest>().scheme, "digest");
  world.reply_bare(seen[0].xid);
  EXPECT_EQ(world.take_log(), (Log{"connected", "Ok"}));
}

TEST(Engine, EndsWhenAnIdentityIsRefused) {
  EngineWorld world({.auth = {{"digest", "a:b"}}});
  world.connect();
  world.submit("/a");
  world.reply_bare(world.take_requests().at(0).xid, 0, proto::ErrorCode::auth_failed);
  EXPECT_EQ(world.take_log(), (Log{"connected", "auth_failed", "/a: AuthFailed"}));
  EXPECT_FALSE(world.engine.wanted());
}

}  // namespace
}  // namespace paddock::client
