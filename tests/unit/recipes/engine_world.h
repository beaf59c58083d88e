#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/proto/records.h"
#include "recipes/client/encode.h"
#include "recipes/client/engine.h"

namespace paddock::client {

using namespace std::chrono_literals;

/// One request as the scripted server reads it.
struct SeenRequest {
  std::int32_t xid = 0;
  proto::OpCode op{};
  std::string body;

  template <class Record>
  Record as() const {
    auto record = proto::decode<Record>(as_bytes(body));
    EXPECT_TRUE(record.has_value());
    return record.value_or(Record{});
  }
};

/// An engine, a clock that only the test moves, and the server's side of the conversation. All that
/// the engine says to its user is written to `log`, in order.
class EngineWorld {
 public:
  static constexpr Milliseconds timeout{9'000};

  explicit EngineWorld(Engine::Options options = {})
      : engine(options, [this](const SessionEvent& event) {
          log.push_back(std::string(session_state_name(event.state)));
          events.push_back(event);
        }) {
    engine.start(now);
  }

  /// Lets time pass, with a tick whenever the engine asked for one.
  void advance(Clock::duration by) {
    const TimePoint end = now + by;
    int ticks_at_once = 0;
    while (engine.next_deadline() <= end) {
      ticks_at_once = engine.next_deadline() > now ? 0 : ticks_at_once + 1;
      ASSERT_LT(ticks_at_once, 10) << "a tick that leaves its deadline as it was";
      now = std::max(now, engine.next_deadline());
      engine.tick(now);
    }
    now = end;
  }

  /// Time passes until it wants a transport, and that comes up; what the engine says first.
  std::string hello() {
    for (int i = 0; i < 10 && !engine.wanted(); ++i)
      advance(std::max<Clock::duration>(engine.next_deadline() - now, 0ms));
    EXPECT_TRUE(engine.wanted());
    engine.transport_up(now);
    const std::vector<std::string> frames = take_frames();
    EXPECT_EQ(frames.size(), 1u);
    return frames.empty() ? "" : frames[0];
  }
  /// Accepts the session; whatever the engine sends after that stays in its output.
  void welcome(std::int64_t session = 7, Milliseconds negotiated = timeout) {
    ByteBuffer out;
    const proto::FrameStart frame = proto::begin_frame(out);
    proto::encode_connect_response(
        {.timeout_ms = static_cast<std::int32_t>(negotiated.count()),
         .session = SessionId{session},
         .password = as_bytes(negotiated.count() > 0 ? "0123456789abcdef" : no_password),
         .has_read_only = true},
        out);
    proto::end_frame(out, frame);
    engine.received(out.bytes(), now);
  }
  void connect(std::int64_t session = 7) {
    hello();
    welcome(session);
  }
  /// Lets the connection break and the next one come up.
  void reconnect() {
    engine.transport_down(now);
    connect();
  }

  std::vector<std::string> take_frames() {
    std::vector<std::string> frames;
    Bytes run = engine.output();
    std::size_t bytes = 0;
    for (;;) {
      const proto::FrameSplit split = proto::split_frame(run.subspan(bytes), 1 << 30);
      if (split.kind != proto::FrameSplit::Kind::complete) break;
      frames.emplace_back(as_text(split.body));
      bytes += split.bytes;
    }
    EXPECT_EQ(bytes, run.size()) << "half a frame";
    engine.sent(bytes, now);
    return frames;
  }
  std::vector<SeenRequest> take_requests() {
    std::vector<SeenRequest> requests;
    for (const std::string& frame : take_frames()) {
      proto::Reader in(as_bytes(frame));
      proto::RequestHeader header;
      in.read(header);
      EXPECT_TRUE(in.ok());
      requests.push_back({header.xid, header.op, std::string(as_text(in.rest()))});
    }
    return requests;
  }

  template <class Record>
  void reply(std::int32_t xid, std::int64_t zxid, const Record& record) {
    ByteBuffer out;
    const proto::FrameStart frame =
        proto::begin_reply(out, {.xid = xid, .zxid = Zxid{zxid}, .err = {}});
    proto::encode(record, out);
    proto::end_frame(out, frame);
    engine.received(out.bytes(), now);
  }
  void reply_bare(std::int32_t xid, std::int64_t zxid = 1,
                  proto::ErrorCode err = proto::ErrorCode::ok) {
    ByteBuffer out;
    proto::append_bare_reply(out, {.xid = xid, .zxid = Zxid{zxid}, .err = err});
    engine.received(out.bytes(), now);
  }
  void notify(proto::EventType type, std::string_view path, std::int64_t zxid = 5) {
    ByteBuffer out;
    proto::append_notification(out, Zxid{zxid}, type, path);
    engine.received(out.bytes(), now);
  }

  /// A request whose end is logged as "name: Error".
  Request request(const std::string& name, proto::OpCode op = proto::OpCode::sync) {
    Request made{.op = op,
                 .frame = *encode_frame(op, proto::PathRequest{.path = std::string_view(name)}),
                 .done = {},
                 .watch = {},
                 .pending = {}};
    made.done = [this, name](const Reply& reply) {
      log.push_back(name + ": " + std::string(error_name(reply.error)));
      return true;
    };
    return made;
  }
  void submit(const std::string& name) { engine.submit(request(name), now); }
  /// A read that leaves a watch, logged as the request and as "name saw TYPE PATH".
  Watcher watch(const std::string& path, WatchOrder::Read read, Watcher watcher = nullptr) {
    if (!watcher) watcher = watcher_named(path);
    Request made = request(path);
    made.watch = WatchOrder{read, path, watcher};
    engine.submit(std::move(made), now);
    return watcher;
  }
  Watcher watcher_named(const std::string& name) {
    return make_watcher([this, name](const WatchedEvent& event) {
      log.push_back(name + " saw " + std::to_string(static_cast<int>(event.type)) + " " +
                    event.path);
    });
  }
  /// As watch, answered with `err`.
  Watcher watched(const std::string& path, WatchOrder::Read read,
                  proto::ErrorCode err = proto::ErrorCode::ok, Watcher watcher = nullptr) {
    watcher = watch(path, read, watcher);
    const std::vector<SeenRequest> seen = take_requests();
    EXPECT_EQ(seen.size(), 1u);
    reply_bare(seen.back().xid, 1, err);
    return watcher;
  }

  std::vector<std::string> take_log() { return std::exchange(log, {}); }

  TimePoint now = TimePoint(1000h);
  std::vector<std::string> log;
  std::vector<SessionEvent> events;
  Engine engine;

 private:
  static constexpr std::string_view no_password{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16};
};

using Log = std::vector<std::string>;

}  // namespace paddock::client
