#include <algorithm>
#include <limits>

#include "core/proto/frame.h"
#include "core/proto/records.h"
#include "recipes/client/engine.h"

/// From a broken connection to the next one.
namespace paddock::client {
namespace {

/// As Java and go-zk: what a server with the default jute.maxbuffer takes easily.
constexpr std::size_t set_watches_bytes_max = 128 * 1024;

template <class Record>
void append_request(ByteBuffer& out, std::int32_t xid, proto::OpCode op, const Record& record) {
  const proto::FrameStart frame = proto::begin_frame(out);
  proto::encode(proto::RequestHeader{.xid = xid, .op = op}, out);
  proto::encode(record, out);
  proto::end_frame(out, frame);
}

}  // namespace

void Engine::begin_attempt(TimePoint now) {
  host_ = next_host_;
  next_host_ = (next_host_ + 1) % options_.host_count;
  ++attempt_;
  ++failed_attempts_;  // until a reply shows otherwise
  attempt_deadline_ = now + attempt_timeout();
  phase_ = Phase::connecting;
}

/// A server under load that takes longer for a new session than one attempt lasts would be asked
/// for one after the other, and never be waited for.
Milliseconds Engine::attempt_timeout() const {
  const std::size_t rounds = std::min<std::size_t>(slow_attempts_ / options_.host_count, 20);
  const Milliseconds longest = std::max(options_.connect_timeout, options_.session_timeout);
  return std::min(options_.connect_timeout * (1 << rounds), longest);
}

void Engine::schedule_attempt(TimePoint now) {
  phase_ = Phase::waiting;
  attempt_at_ = now;
  // Each server is tried once before anything waits.
  if (failed_attempts_ < options_.host_count) return;
  const std::size_t rounds = std::min<std::size_t>(failed_attempts_ - options_.host_count, 20);
  const double longest = std::min<double>(
      static_cast<double>(options_.backoff_max.count()),
      static_cast<double>(options_.backoff_min.count()) * static_cast<double>(1u << rounds));
  // Between half of it and all of it, so that clients of one server do not come back in step.
  const double wait_ms = std::uniform_real_distribution<double>(longest / 2, longest)(random_);
  attempt_at_ = now + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double, std::milli>(wait_ms));
}

void Engine::drop(TimePoint now) {
  const bool was_connected = phase_ == Phase::connected;
  output_.clear();
  output_sent_ = 0;
  input_.clear();
  auths_in_flight_.clear();
  if (was_connected && set_watches_in_flight_ == 0) watched_zxid_ = last_zxid_;
  set_watches_in_flight_ = 0;
  ping_sent_at_.reset();
  const bool close_was_sent =
      !in_flight_.empty() && in_flight_.back().request.op == proto::OpCode::close_session;
  // The server has it, or the session runs out: nobody waits for a second connection.
  if (close_was_sent) return end(SessionState::closed, Error::client_closed);
  schedule_attempt(now);
  if (!was_connected) return;
  set_state(SessionState::suspended);
  if (now >= valid_until_) set_state(SessionState::lost);
  if (is_closing_) return end(SessionState::closed, Error::client_closed);
  fail_all(Error::connection_loss, Error::not_connected);
}

void Engine::transport_up(TimePoint now) {
  if (phase_ != Phase::connecting) return;
  phase_ = Phase::handshaking;
  handshake_sent_at_ = now;
  last_received_ = now;
  const proto::FrameStart frame = proto::begin_frame(output_);
  const std::int64_t timeout_ms = std::clamp<std::int64_t>(
      options_.session_timeout.count(), 1, std::numeric_limits<std::int32_t>::max());
  proto::encode_connect_request({.last_zxid_seen = last_zxid_,
                                 .timeout_ms = static_cast<std::int32_t>(timeout_ms),
                                 .session = session_,
                                 .password = as_bytes(password_),
                                 .read_only = false,
                                 .has_read_only = true},
                                output_);
  proto::end_frame(output_, frame);
}

void Engine::transport_down(TimePoint now) { drop_connection(now); }

bool Engine::take_handshake(Bytes frame, TimePoint now) {
  const Result<proto::ConnectResponse, proto::DecodeError> response =
      proto::decode_connect_response(frame);
  if (!response) return false;
  if (response->timeout_ms <= 0 || response->session == SessionId{}) {
    if (session_ == SessionId{}) return false;  // refused a new one: it has a reason to be busy
    session_rejected(now);
    return true;
  }
  if (session_ != SessionId{} && response->session != session_) return false;
  session_ = response->session;
  password_ = response->password ? std::string(as_text(*response->password)) : std::string();
  timeout_ = Milliseconds(response->timeout_ms);
  // Not the later of this and the old one: the server counts anew, with what was negotiated anew.
  valid_until_ = handshake_sent_at_ + timeout_;
  phase_ = Phase::connected;
  last_sent_ = now;
  set_state(SessionState::connected);
  replay_auths();
  replay_watches();
  pump(now);
  return true;
}

void Engine::session_rejected(TimePoint now) {
  if (!options_.renew_expired || is_closing_)
    return end(SessionState::expired, Error::session_expired);
  set_state(SessionState::expired);
  fail_all(Error::session_expired, Error::session_expired);
  lose_watches();
  session_ = SessionId{};
  password_.clear();
  valid_until_ = TimePoint::min();
  output_.clear();
  output_sent_ = 0;
  failed_attempts_ = 0;
  schedule_attempt(now);
  set_state(SessionState::connecting);
}

void Engine::replay_auths() {
  for (std::size_t i = 0; i < auths_.size(); ++i) {
    auths_in_flight_.push_back(i);
    send_auth(auths_[i]);
  }
}

void Engine::send_auth(const Auth& auth) {
  const proto::AuthRequest request{
      .type = 0, .scheme = auth.data.scheme, .auth = as_bytes(auth.data.auth)};
  append_request(output_, xid_auth, proto::OpCode::auth, request);
}

void Engine::replay_watches() {
  const bool is_old = !watches_.has_persistent();
  for (const proto::SetWatches2Request& piece :
       watches_.set_watches(watched_zxid_, set_watches_bytes_max)) {
    ++set_watches_in_flight_;
    if (is_old) {
      const proto::SetWatchesRequest request{.relative_zxid = piece.relative_zxid,
                                             .data = piece.data,
                                             .exist = piece.exist,
                                             .child = piece.child};
      append_request(output_, xid_set_watches, proto::OpCode::set_watches, request);
    } else {
      append_request(output_, xid_set_watches, proto::OpCode::set_watches2, piece);
    }
  }
}

}  // namespace paddock::client
