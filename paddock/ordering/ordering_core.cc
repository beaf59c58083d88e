#include "paddock/ordering/ordering_core.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "core/proto/records.h"

namespace paddock::ordering {
namespace {

using proto::ErrorCode;
using proto::OpCode;

constexpr std::size_t password_bytes = 16;

// Who looks for the reason of an expiry wants to know where: a client that hangs, or a network.
constexpr const char* expired_connected = "expired: its client was connected and silent";
constexpr const char* expired_detached = "expired: its client had no connection";

}  // namespace

OrderingCore::OrderingCore(core::State& state, Feed& feed, const Options& options, Hooks hooks)
    : state_(state),
      feed_(feed),
      options_(options),
      hooks_(std::move(hooks)),
      batches_(state, feed),
      owners_(options.tick_ms),
      reaper_(options.reaper),
      wall_clock_(options.tick_ms),
      next_session_id_(options.session_id_base) {}

std::uint64_t OrderingCore::make_session_id_base(std::int64_t now_ms) {
  // Server id 1 in the top byte: positive, and far from the container and TTL encodings of
  // ephemeralOwner (0x80… and 0xff…).
  return (std::uint64_t{1} << 56) |
         ((static_cast<std::uint64_t>(now_ms) & ((std::uint64_t{1} << 40) - 1)) << 16);
}

void OrderingCore::start(wal::Log& log, std::int64_t session_now_ms) {
  log_ = &log;
  session_now_ms_ = session_now_ms;
  batches_.set_log(log);
  batches_.start_at(state_.digest());
  reaper_.start(session_now_ms);
  stamped_ = state_.newest();
  state_.visit_sessions(state_.committed(), [&](const core::SessionValue& session) {
    owners_.add(session.id, session.timeout_ms, session_now_ms);
  });
}

bool OrderingCore::submit(const CoreRequest& request, std::int64_t now_ms) {
  if (request.kind == CoreRequest::Kind::detach_session) {
    owners_.detach(request.session, request.owner_generation, request.remaining_ms,
                   session_now_ms_);
    return true;
  }
  const bool is_expiry = request.kind == CoreRequest::Kind::expire_session;
  const Batches::For whom = is_expiry ? Batches::For::server : Batches::For::client;
  if (slicing_ || !batches_.can_add(whom)) return false;
  switch (request.kind) {
    case CoreRequest::Kind::write:
      return submit_write(request, now_ms);
    case CoreRequest::Kind::read:
      submit_read(request);
      return true;
    case CoreRequest::Kind::open_session:
      return submit_open(request, now_ms);
    case CoreRequest::Kind::resume_session:
      return submit_resume(request);
    case CoreRequest::Kind::expire_session:
      return submit_expire(request, now_ms);
    case CoreRequest::Kind::detach_session:
      break;
  }
  UNREACHABLE();
}

/// Requests of a session that has ended or moved on are dropped without an answer; their connection
/// is closed by the record that ended or moved it.
bool OrderingCore::owns(const CoreRequest& request) const {
  const SessionOwners::Owner* owner = owners_.find(request.session);
  return owner != nullptr && owner->generation == request.owner_generation;
}

bool OrderingCore::submit_write(const CoreRequest& request, std::int64_t now_ms) {
  if (!owns(request)) return true;
  const AnswerTo to{AnswerKind::reply, request.reactor, request.connection};
  if (request.op == OpCode::close_session) {
    if (!is_read_only()) return close_session(request.session, to, "closed by its client", now_ms);
    close_later(request.session, to);
    return true;
  }
  core::WriteRequest write;
  write.op = request.op;
  write.body = request.body;
  write.session = request.session;
  write.identities = request.identities != nullptr ? request.identities->get() : nullptr;
  write.now_ms = now_ms;
  switch (space_for(write)) {
    case Space::ready:
      if (request.identities != nullptr && write.op == OpCode::multi)
        identities_ = *request.identities;  // a multi may outlive this call
      prepare(write, to);
      return true;
    case Space::later:
      return false;
    case Space::none:
      batches_.add_answer(ErrorCode::not_read_only, {}, to);
      return true;
  }
  UNREACHABLE();
}

/// State without versions (R18). sync asks for nothing but its place in the order.
void OrderingCore::submit_read(const CoreRequest& request) {
  if (!owns(request)) return;
  const AnswerTo to{AnswerKind::reply, request.reactor, request.connection};
  proto::Reader in(request.body, &arena_);
  proto::PathRequest path;
  in.read(path);
  if (!in.ok()) {
    batches_.add_answer(ErrorCode::marshalling_error, {}, to);
  } else if (request.op == OpCode::sync) {
    if (is_read_only())
      batches_.add_answer(ErrorCode::not_read_only, {}, to);
    else
      add_answer_with(to, [&](proto::Writer& reply) { reply.write(path); });
  } else {
    CHECK(request.op == OpCode::get_ephemerals);
    const std::string_view prefix = path.path.value_or(std::string_view());
    const bool wants_all = prefix.find_first_not_of(" \t\r\n") == prefix.npos || prefix == "/";
    std::vector<std::string> paths = state_.ephemerals(request.session);
    if (!wants_all)
      std::erase_if(paths, [&](const std::string& p) { return !p.starts_with(prefix); });
    add_answer_with(to, [&](proto::Writer& reply) {
      reply.count(paths.size());
      for (const std::string& p : paths) reply.ustring(p);
    });
  }
  arena_.clear();
}

template <class Write>
void OrderingCore::add_answer_with(const AnswerTo& to, Write&& write) {
  reply_.clear();
  proto::Writer writer(reply_);
  write(writer);
  batches_.add_answer(ErrorCode::ok, reply_.bytes(), to);
}

bool OrderingCore::submit_open(const CoreRequest& request, std::int64_t now_ms) {
  const AnswerTo to{AnswerKind::connect_accepted, request.reactor, request.connection};
  std::byte password[password_bytes];
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(password), password_bytes) == 1);
  while (owners_.find(SessionId{static_cast<std::int64_t>(next_session_id_)}) != nullptr)
    ++next_session_id_;
  core::WriteRequest write;
  write.op = OpCode::create_session;
  write.session = SessionId{static_cast<std::int64_t>(next_session_id_)};
  write.now_ms = now_ms;
  write.timeout_ms = request.timeout_ms;
  write.password = password;
  const Space space = space_for(write);
  if (space == Space::later) return false;
  if (space == Space::none) {
    batches_.add_answer(ErrorCode::ok, {}, {AnswerKind::close, to.reactor, to.connection});
    return true;
  }
  ++next_session_id_;
  const auto progress = state_.prepare(write, prepared_, options_.steps_per_turn);
  CHECK(progress == core::State::Progress::done);
  CHECK(prepared_.err == ErrorCode::ok);
  owners_.add(write.session, request.timeout_ms, session_now_ms_);
  prepared_.reply_body.clear();
  prepared_.reply_body.append(password);
  FeedRecord& record = batches_.add(prepared_, to);
  record.session = write.session;
  record.timeout_ms = request.timeout_ms;
  record.owner_generation =
      owners_.attach(write.session, request.reactor, request.connection, request.timeout_ms);
  return true;
}

bool OrderingCore::submit_resume(const CoreRequest& request) {
  const AnswerTo to{AnswerKind::connect_accepted, request.reactor, request.connection};
  const core::State::Session* session = state_.find_session(request.session);
  // The password is checked before anything happens to the session's present connection (R14), and
  // in constant time. A session that its client closed while the disk was full is over for that
  // client.
  if (session == nullptr || closed_by_clients_.contains(request.session.value) ||
      request.password.size() != password_bytes ||
      CRYPTO_memcmp(session->password.data(), request.password.data(), password_bytes) != 0) {
    batches_.add_answer(ErrorCode::ok, {},
                        {AnswerKind::connect_refused, to.reactor, to.connection});
    return true;
  }
  const SessionOwners::Owner& owner = *owners_.find(request.session);
  if (owner.attached)
    batches_.add_answer(ErrorCode::ok, {}, {AnswerKind::close, owner.reactor, owner.connection});
  FeedRecord& record = batches_.add_answer(ErrorCode::ok, session->password, to);
  record.session = request.session;
  record.timeout_ms = request.timeout_ms;
  record.owner_generation =
      owners_.attach(request.session, request.reactor, request.connection, request.timeout_ms);
  return true;
}

bool OrderingCore::submit_expire(const CoreRequest& request, std::int64_t now_ms) {
  if (!owns(request) || is_read_only()) return true;
  return close_session(request.session, {}, expired_connected, now_ms);
}

bool OrderingCore::close_session(SessionId session, const AnswerTo& to, const char* cause,
                                 std::int64_t now_ms) {
  core::WriteRequest write;
  write.op = OpCode::close_session;
  write.session = session;
  write.now_ms = now_ms;
  const Space space = space_for(write);
  if (space == Space::later) return false;
  if (space == Space::none) {
    if (to.kind == AnswerKind::reply) close_later(session, to);
    return true;
  }
  close_cause_ = cause;
  prepare(write, to);
  return true;
}

/// closeSession on a full disk: the connection closes now, the session when there is room (R20).
void OrderingCore::close_later(SessionId session, const AnswerTo& to) {
  if (closed_by_clients_.insert(session.value).second)
    closing_.push_back({session, owners_.find(session)->generation, "closed by its client", true});
  batches_.add_answer(ErrorCode::ok, {}, {AnswerKind::close, to.reactor, to.connection});
}

OrderingCore::Space OrderingCore::space_for(const core::WriteRequest& write) {
  if (is_read_only()) return Space::none;
  const std::size_t bytes = batches_.payload_bytes_with(state_.log_bytes_max(write));
  switch (log_->space_for(bytes)) {
    case wal::Log::Space::ready:
      return Space::ready;
    case wal::Log::Space::preparing:
      return Space::later;
    case wal::Log::Space::none:
      enter_read_only();
      return Space::none;
  }
  UNREACHABLE();
}

void OrderingCore::prepare(const core::WriteRequest& write, const AnswerTo& to) {
  write_ = write;
  answer_to_ = to;
  // Only these can take more than one turn; their body must then outlive this call.
  if (write.op == OpCode::multi) {
    body_.clear();
    body_.append(write.body);
    write_.body = body_.bytes();
  }
  if (state_.prepare(write_, prepared_, options_.steps_per_turn) == core::State::Progress::more)
    slicing_ = true;
  else
    prepared_done();
}

void OrderingCore::go_on() {
  if (state_.resume(options_.steps_per_turn) == core::State::Progress::more) return;
  slicing_ = false;
  prepared_done();
  identities_.reset();
}

void OrderingCore::prepared_done() {
  if (prepared_.quota_excess) hooks_.quota_exceeded(*prepared_.quota_excess);
  FeedRecord& record = batches_.add(prepared_, answer_to_);
  if (prepared_.session_ended.value == 0) return;
  const SessionId session = prepared_.session_ended;
  const SessionOwners::Owner* owner = owners_.find(session);
  CHECK(owner != nullptr);
  record.session = session;
  record.session_ended = true;
  if (owner->attached) {
    record.reactor = owner->reactor;
    record.connection = owner->connection;
    batches_.wanted_by(owner->reactor);
  }
  owners_.remove(session);
  hooks_.session_closed(session, close_cause_);
}

void OrderingCore::turn(std::int64_t session_now_ms, std::int64_t now_ms,
                        std::int64_t monotonic_ns) {
  session_now_ms_ = session_now_ms;
  watch_wall_clock(now_ms);
  if (slicing_) go_on();
  if (is_read_only()) {
    try_leave_read_only();
  } else {
    owners_.expire(session_now_ms, [&](SessionId session) {
      closing_.push_back({session, owners_.find(session)->generation, expired_detached});
    });
    close_waiting(now_ms);
    reaper_.turn(state_, session_now_ms, now_ms,
                 [&](std::string_view path) { return remove_container(path, now_ms); });
  }
  batches_.seal(slicing_, monotonic_ns);
  // A transaction that is being prepared has its time already.
  stamped_ = slicing_ ? next_zxid(state_.newest()) : state_.newest();
}

void OrderingCore::watch_wall_clock(std::int64_t now_ms) {
  const std::int64_t step_ms = wall_clock_.advance(session_now_ms_, now_ms);
  if (step_ms != 0) state_.clock_stepped(stamped_, step_ms);
}

std::int64_t OrderingCore::next_due_ms() const {
  if (is_read_only()) return space_retry_at_ms_;
  if (!closing_.empty() && closing_is_blocked_) return session_now_ms_ + close_retry_ms;
  return std::min(owners_.next_deadline_ms(), reaper_.next_due_ms());
}

void OrderingCore::durable_advanced(Zxid durable) { batches_.publish(durable); }

void OrderingCore::failed(const std::string& reason) {
  hooks_.fatal(reason);
  UNREACHABLE();
}

void OrderingCore::enter_read_only() {
  read_only_.store(true, std::memory_order_relaxed);  // relaxed: it publishes nothing else
  space_retry_at_ms_ = session_now_ms_ + space_retry_ms;
  hooks_.read_only_changed(true);
}

void OrderingCore::try_leave_read_only() {
  if (log_->space_for(space_wanted_bytes) == wal::Log::Space::ready) {
    read_only_.store(false, std::memory_order_relaxed);  // relaxed: it publishes nothing else
    owners_.rearm(session_now_ms_);
    hooks_.read_only_changed(false);
  } else if (session_now_ms_ >= space_retry_at_ms_) {
    space_retry_at_ms_ = session_now_ms_ + space_retry_ms;
    log_->retry_space();
  }
}

/// Many sessions may come due at once; a turn takes a share of them, so that others go on
/// meanwhile.
void OrderingCore::close_waiting(std::int64_t now_ms) {
  closing_is_blocked_ = true;
  for (std::size_t i = 0; i < closes_per_turn && !closing_.empty(); ++i) {
    const Closing next = closing_.front();
    const SessionOwners::Owner* owner = owners_.find(next.session);
    if (owner != nullptr && owner->generation == next.generation) {
      if (slicing_ || is_read_only() || !batches_.can_add(Batches::For::server)) return;
      if (!close_session(next.session, {}, next.cause, now_ms)) return;
    }
    if (next.by_client) closed_by_clients_.erase(next.session.value);
    closing_.pop_front();
  }
  closing_is_blocked_ = false;
}

bool OrderingCore::remove_container(std::string_view path, std::int64_t now_ms) {
  if (slicing_ || is_read_only() || !batches_.can_add(Batches::For::server)) return false;
  body_.clear();
  proto::Writer(body_).write(proto::PathRequest{path});
  core::WriteRequest write;
  write.op = OpCode::delete_container;
  write.body = body_.bytes();
  write.now_ms = now_ms;
  if (space_for(write) != Space::ready) return false;
  prepare(write, {});
  return true;
}

}  // namespace paddock::ordering
