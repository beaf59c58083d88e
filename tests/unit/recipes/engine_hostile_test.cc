// A server that lies: whatever it sends, at worst the connection is dropped.

#include <random>

#include "recipes/client/decode.h"
#include "tests/unit/recipes/engine_world.h"

namespace paddock::client {
namespace {

std::string framed(std::string_view body) {
  std::string frame(4, '\0');
  store_be32(reinterpret_cast<std::byte*>(frame.data()), static_cast<std::uint32_t>(body.size()));
  return frame.append(body);
}
std::string header(std::int32_t xid, std::int32_t err = 0) {
  ByteBuffer out;
  proto::encode(
      proto::ReplyHeader{.xid = xid, .zxid = Zxid{1}, .err = static_cast<proto::ErrorCode>(err)},
      out);
  return std::string(as_text(out.bytes()));
}

struct Lie {
  std::string name;
  std::string bytes;
};

void expect_dropped(EngineWorld& world, const std::string& bytes) {
  const std::uint64_t attempt = world.engine.wanted()->attempt;
  world.engine.received(as_bytes(bytes), world.now);
  EXPECT_FALSE(world.engine.has_ended());
  EXPECT_TRUE(!world.engine.wanted() || world.engine.wanted()->attempt != attempt);
}

TEST(EngineHostile, BytesWithoutSenseDropTheConnection) {
  const std::string minus_one(4, '\xff');
  const Lie lies[] = {
      {"negative length", minus_one},
      {"huge length", std::string("\x7f\xff\xff\xff", 4)},
      {"just above the limit", std::string("\x04\x00\x00\x01", 4)},
      {"empty frame", framed("")},
      {"header cut off", framed(header(1).substr(0, 15))},
      {"reply to nothing", framed(header(77))},
      {"reply to a later request", framed(header(2))},
      {"unasked ping", framed(header(-2))},
      {"unasked auth", framed(header(-4))},
      {"unasked setWatches", framed(header(-8))},
      {"unknown negative xid", framed(header(-77))},
      {"event without a body", framed(header(-1))},
      {"event without a path", framed(header(-1) + std::string(8, '\1') + minus_one)},
      {"event with a huge path", framed(header(-1) + std::string(8, '\1') + "\x7f\xff\xff\xff")},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.name);
    EngineWorld world;
    world.connect();
    world.submit("/a");
    world.submit("/b");
    world.take_requests();
    expect_dropped(world, lie.bytes);
    EXPECT_EQ(world.take_log(),
              (Log{"connected", "suspended", "/a: ConnectionLoss", "/b: ConnectionLoss"}));
  }
}

TEST(EngineHostile, AHandshakeWithoutSenseIsNoSession) {
  const Lie lies[] = {
      {"negative length", std::string(4, '\xff')},
      {"empty", framed("")},
      {"cut off", framed(std::string(19, '\1'))},
      {"a refusal of a session that nobody had", framed(std::string(37, '\0'))},
      {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.name);
    EngineWorld world;
    world.hello();
    expect_dropped(world, lie.bytes);
    EXPECT_EQ(world.take_log(), Log{});
  }
}

TEST(EngineHostile, AnotherSessionThanTheOneAskedForIsRefused) {
  EngineWorld world;
  world.connect(7);
  world.engine.transport_down(world.now);
  world.hello();
  world.take_log();
  world.welcome(8);
  EXPECT_EQ(world.take_log(), Log{});
  EXPECT_EQ(world.engine.event().session, SessionId{7});
}

TEST(EngineHostile, ABodyWithoutSenseFailsItsRequestAndTheConnection) {
  EngineWorld world;
  world.connect();
  Request request = world.request("/a");
  request.done = [&](const Reply& reply) {
    proto::Reader in(reply.body);
    read_names({in, ""});
    world.log.emplace_back(in.ok() ? "sound" : "unsound");
    return in.ok();
  };
  world.engine.submit(std::move(request), world.now);
  world.submit("/b");
  world.take_requests();
  expect_dropped(world, framed(header(1) + std::string("\x7f\xff\xff\xff", 4)));
  EXPECT_EQ(world.take_log(), (Log{"connected", "unsound", "suspended", "/b: ConnectionLoss"}));
}

TEST(EngineHostile, NothingBehindTheDropIsLookedAt) {
  EngineWorld world;
  world.connect();
  world.submit("/a");
  world.take_requests();
  world.engine.received(as_bytes(framed(header(77)) + framed(header(1))), world.now);
  EXPECT_EQ(world.take_log(), (Log{"connected", "suspended", "/a: ConnectionLoss"}));
}

TEST(EngineHostile, UnknownErrorsAndEventsDoNoHarm) {
  EngineWorld world;
  world.connect();
  world.submit("/a");
  world.take_requests();
  world.notify(static_cast<proto::EventType>(99), "/a");
  world.engine.received(as_bytes(framed(header(1, -4711))), world.now);
  EXPECT_EQ(world.take_log(), (Log{"connected", "/a: Error"}));
  EXPECT_TRUE(world.engine.wanted());
}

TEST(EngineHostile, ResultsThatDoNotFitTheirOperationsAreUnsound) {
  ByteBuffer one;
  proto::Writer writer(one);
  proto::write_multi_result(writer, proto::OpCode::remove);
  proto::write_multi_end(writer);
  for (const std::size_t asked : {std::size_t{0}, std::size_t{2}}) {
    proto::Reader in(one.bytes());
    read_multi({in, ""}, asked);
    EXPECT_FALSE(in.ok());
  }
  proto::Reader in(one.bytes());
  EXPECT_EQ(read_multi({in, ""}, 1).results.size(), 1u);
  EXPECT_TRUE(in.ok());
}

TEST(EngineHostile, SurvivesRandomDamageToRealTraffic) {
  for (std::uint32_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed + 1);
    EngineWorld world;
    world.hello();
    ByteBuffer out;
    const proto::FrameStart frame = proto::begin_frame(out);
    proto::encode_connect_response({.timeout_ms = 9'000,
                                    .session = SessionId{7},
                                    .password = as_bytes("0123456789abcdef"),
                                    .has_read_only = true},
                                   out);
    proto::end_frame(out, frame);
    for (const char* name : {"/a", "/b", "/c"}) world.watch(name, WatchOrder::Read::data);
    for (std::int32_t xid = 1; xid <= 3; ++xid)
      proto::append_bare_reply(out, {.xid = xid, .zxid = Zxid{xid}, .err = {}});
    proto::append_notification(out, Zxid{5}, proto::EventType::node_deleted, "/a");
    for (int i = 0; i < 3; ++i)
      out.data()[random() % out.size()] = static_cast<std::byte>(random());
    Bytes rest = out.bytes();
    while (!rest.empty()) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 40, rest.size());
      world.engine.received(rest.first(piece), world.now);
      rest = rest.subspan(piece);
    }
    world.engine.close(world.now);
    world.advance(10s);
    ASSERT_TRUE(world.engine.has_ended());
    // Each request has ended exactly once, however.
    for (const char* name : {"/a: ", "/b: ", "/c: "}) {
      const auto ended = std::count_if(world.log.begin(), world.log.end(),
                                       [&](const std::string& l) { return l.starts_with(name); });
      ASSERT_EQ(ended, 1) << name;
    }
  }
}

}  // namespace
}  // namespace paddock::client
