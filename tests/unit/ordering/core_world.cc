#include "tests/unit/ordering/core_world.h"

#include <sstream>

namespace paddock::ordering::test {
namespace {

constexpr const char* log_dir = "log";

CoreRequest request_of(CoreRequest::Kind kind, std::uint32_t connection) {
  CoreRequest request;
  request.kind = kind;
  request.connection = {connection, 1};
  return request;
}

}  // namespace

CoreWorld::CoreWorld(const Options& options)
    : disk({.seed = options.disk_seed, .reorder = options.reorder}),
      state(core::State::Options{}),
      core(state, feed,
           {.tick_ms = tick_ms,
            .session_id_base = first_session,
            .steps_per_turn = options.steps_per_turn,
            .reaper = options.reaper},
           hooks()) {
  disk.put(std::string(log_dir) + "/unrelated", {});
  EXPECT_TRUE(state.finish_load(options.start).has_value());
  wal::LogEnd end;
  end.last = options.start;
  log = wal::Log::start(disk, {.dir = log_dir, .segment_bytes = 512 << 10, .new_log_id = 1}, end,
                        core);
  core.start(*log, session_now_ms);
}

OrderingCore::Hooks CoreWorld::hooks() {
  OrderingCore::Hooks hooks;
  hooks.session_closed = [this](SessionId session, const char* cause) {
    std::ostringstream text;
    text << "0x" << std::hex << session.value << " " << cause;
    closed.push_back(text.str());
  };
  hooks.quota_exceeded = [](const core::QuotaExcess&) {};
  hooks.read_only_changed = [this](bool read_only) { read_only_changes.push_back(read_only); };
  hooks.fatal = [](const std::string& reason) {
    ADD_FAILURE() << reason;
    std::abort();
  };
  return hooks;
}

void CoreWorld::settle() {
  int turns = 0;
  do {
    turn();
    drain_disk();
    ASSERT_LT(++turns, 10'000) << "it does not come to rest";
  } while (!core.is_idle() || core.is_busy());
}

bool CoreWorld::open(std::uint32_t connection, std::int32_t timeout_ms) {
  CoreRequest request = request_of(CoreRequest::Kind::open_session, connection);
  request.timeout_ms = timeout_ms;
  return core.submit(request, now_ms);
}

bool CoreWorld::resume(SessionId session, std::string_view password, std::uint32_t connection,
                       std::int32_t timeout_ms) {
  CoreRequest request = request_of(CoreRequest::Kind::resume_session, connection);
  request.session = session;
  request.password = as_bytes(password);
  request.timeout_ms = timeout_ms;
  return core.submit(request, now_ms);
}

bool CoreWorld::expire(SessionId session, std::uint64_t generation) {
  CoreRequest request = request_of(CoreRequest::Kind::expire_session, 0);
  request.session = session;
  request.owner_generation = generation;
  return core.submit(request, now_ms);
}

void CoreWorld::detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms) {
  CoreRequest request = request_of(CoreRequest::Kind::detach_session, 0);
  request.session = session;
  request.owner_generation = generation;
  request.remaining_ms = remaining_ms;
  EXPECT_TRUE(core.submit(request, now_ms));
}

bool CoreWorld::write(const Client& client, proto::OpCode op, std::string_view body) {
  static const auto identities =
      std::make_shared<const core::IdentitySet>(core::IdentitySet{{"ip", "127.0.0.1"}});
  CoreRequest request = request_of(CoreRequest::Kind::write, client.connection);
  request.op = op;
  request.session = client.session;
  request.owner_generation = client.generation;
  request.identities = &identities;
  // What is lent during the call is spoilt behind it.
  std::string lent(body);
  request.body = as_bytes(lent);
  const bool taken = core.submit(request, now_ms);
  lent.assign(lent.size(), '\xee');
  return taken;
}

bool CoreWorld::read(const Client& client, proto::OpCode op, std::string_view path) {
  CoreRequest request = request_of(CoreRequest::Kind::read, client.connection);
  request.op = op;
  request.session = client.session;
  request.owner_generation = client.generation;
  const std::string body = core::test::body_of(proto::PathRequest{path});
  request.body = as_bytes(body);
  return core.submit(request, now_ms);
}

CoreWorld::Client CoreWorld::make_client(std::uint32_t connection, std::int32_t timeout_ms) {
  EXPECT_TRUE(open(connection, timeout_ms));
  settle();
  const std::vector<Answer> got = answers();
  if (got.empty() || got.back().kind != AnswerKind::connect_accepted) {
    ADD_FAILURE() << "no session";
    return {};
  }
  return {got.back().session, got.back().generation, connection, got.back().body};
}

std::vector<Answer> CoreWorld::answers() {
  std::vector<Answer> all;
  for (; const FeedSlot* slot = feed.at(position_); ++position_) {
    EXPECT_LE(slot->end, state.committed()) << "published before it is visible";
    for (const FeedRecord& record : slot->records) {
      EXPECT_LE(record.zxid, slot->end);
      Answer& answer = all.emplace_back();
      answer.kind = record.answer;
      answer.reactor = record.reactor;
      answer.connection = record.connection.index;
      answer.err = record.error;
      answer.zxid = record.zxid;
      answer.body = as_text(slot->body(record));
      answer.session = record.session;
      answer.generation = record.owner_generation;
      answer.timeout_ms = record.timeout_ms;
      answer.session_ended = record.session_ended;
      for (std::uint32_t i = 0; i < record.event_count; ++i)
        answer.events.emplace_back(slot->path(slot->events[record.event_begin + i]));
    }
  }
  feed.release(0, position_);
  if (!is_reactor_1_stuck) feed.release(1, position_);
  return all;
}

bool CoreWorld::has(std::string_view path) {
  const core::Znode* node = state.trie().find(path);
  return node != nullptr && core::Trie::newest(*node) != nullptr;
}

}  // namespace paddock::ordering::test
