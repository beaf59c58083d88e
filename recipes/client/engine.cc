#include "recipes/client/engine.h"

#include <algorithm>
#include <cstring>

#include "core/proto/frame.h"
#include "recipes/client/chroot.h"

namespace paddock::client {
namespace {

/// Output beyond this stays in the queue: a server that does not read holds up memory of ours.
constexpr std::size_t output_bytes_max = 1u << 20;

Reply failed(Error error) { return {.error = error, .zxid = {}, .body = {}}; }

/// The type is the last word of a removeWatches.
void mean_any(Request& removal) {
  CHECK(removal.op == proto::OpCode::remove_watches &&
        removal.frame.size() >= sizeof(std::uint32_t));
  store_be32(removal.frame.data() + removal.frame.size() - sizeof(std::uint32_t),
             static_cast<std::uint32_t>(WatcherType::any));
}

}  // namespace

Engine::Engine(Options options, StateListener listener)
    : options_(std::move(options)), listener_(std::move(listener)), random_(options_.seed + 1) {
  for (const AuthData& auth : options_.auth) auths_.push_back({auth, {}});
  if (options_.resume) {
    session_ = options_.resume->session;
    password_ = options_.resume->password;
    last_zxid_ = options_.resume->last_zxid;
  }
}

void Engine::start(TimePoint now) {
  CHECK(phase_ == Phase::unstarted);
  begin_attempt(now);
}

void Engine::submit(Request request, TimePoint now) {
  if (phase_ == Phase::ended) {
    request.done(failed(end_error_));
    return;
  }
  if (is_closing_) {
    request.done(failed(Error::client_closed));
    return;
  }
  if (queue_.size() >= options_.queued_requests_max) {
    request.done(failed(Error::too_many_requests));
    return;
  }
  queue_.push_back({std::move(request), now + options_.queue_timeout});
  pump(now);
}

void Engine::add_auth(AuthData data, UniqueFunction<void(Error)> done, TimePoint now) {
  if (phase_ == Phase::ended || is_closing_) {
    if (done) done(phase_ == Phase::ended ? end_error_ : Error::client_closed);
    return;
  }
  // The same identity again is proved again, but not remembered twice.
  auto at = std::find_if(auths_.begin(), auths_.end(),
                         [&](const Auth& known) { return !known.done && known.data == data; });
  if (at == auths_.end()) at = auths_.insert(at, Auth{std::move(data), {}});
  at->done = std::move(done);
  if (phase_ != Phase::connected) return;
  auths_in_flight_.push_back(static_cast<std::size_t>(at - auths_.begin()));
  send_auth(*at);
  last_sent_ = now;
}

void Engine::remove_watches(std::string_view path, WatcherType type, const Watcher& watcher,
                            Request request, TimePoint now) {
  const WatchRegistry::Removed removed = watches_.remove(path, type, watcher);
  bool found = removed.found;
  bool others = !removed.is_last;
  bool others_of_any_type = watches_.has(path, WatcherType::any);
  bool lasting_others = watches_.has(path, WatcherType::persistent) ||
                        watches_.has(path, WatcherType::persistent_recursive);
  const auto forget = [&](Request& read) {
    if (!read.watch || read.watch->path != path) return;
    const auto covers = [&](WatcherType one) { return type == one || type == WatcherType::any; };
    using Read = WatchOrder::Read;
    const Read kind = read.watch->read;
    const bool meant =
        (covers(WatcherType::data) && (kind == Read::data || kind == Read::exists)) ||
        (covers(WatcherType::children) && kind == Read::children) ||
        (covers(WatcherType::persistent) && kind == Read::permanent) ||
        (covers(WatcherType::persistent_recursive) && kind == Read::recursive);
    if (!meant || (watcher && read.watch->watcher != watcher)) {
      others |= meant;
      others_of_any_type = true;
      lasting_others |= kind == Read::permanent || kind == Read::recursive;
      return;
    }
    found = true;
    read.watch.reset();
  };
  for (InFlight& sent : in_flight_) forget(sent.request);
  for (Queued& queued : queue_) forget(queued.request);
  // ZooKeeper 3.8 knows the kinds of a one-shot watch and `any`, and no other; and with a one-shot
  // watch it takes away a lasting one of the same path.
  const bool is_lasting_type =
      type == WatcherType::persistent || type == WatcherType::persistent_recursive;
  if (!is_lasting_type) others |= lasting_others;
  if (phase_ != Phase::ended && !found) {
    request.done(failed(Error::no_watcher));
  } else if (phase_ == Phase::ended || (phase_ == Phase::connected && !others)) {
    if (is_lasting_type && !others_of_any_type) mean_any(request);
    submit(std::move(request), now);
  } else {
    // Others still wait there; or there is no connection, and so no watch at any server.
    request.done(failed(Error::ok));
  }
}

void Engine::close(TimePoint now) {
  if (phase_ == Phase::ended || is_closing_) return;
  if (phase_ != Phase::connected && session_ == SessionId{})
    return end(SessionState::closed, Error::client_closed);
  Request request{.op = proto::OpCode::close_session, .done = [](const Reply&) { return true; }};
  const proto::FrameStart frame = proto::begin_frame(request.frame);
  proto::encode(proto::RequestHeader{.xid = 0, .op = request.op}, request.frame);
  proto::end_frame(request.frame, frame);
  is_closing_ = true;
  close_deadline_ = now + options_.close_timeout;
  queue_.push_back({std::move(request), TimePoint::max()});
  pump(now);
}

std::optional<SessionCredentials> Engine::detach(TimePoint) {
  if (phase_ == Phase::ended || session_ == SessionId{}) {
    if (phase_ != Phase::ended) end(SessionState::closed, Error::client_closed);
    return std::nullopt;
  }
  SessionCredentials credentials{
      .session = session_, .password = password_, .timeout = timeout_, .last_zxid = last_zxid_};
  end(SessionState::closed, Error::client_closed);
  return credentials;
}

void Engine::drop_connection(TimePoint now) {
  if (phase_ == Phase::connecting || phase_ == Phase::handshaking || phase_ == Phase::connected)
    drop(now);
}

void Engine::sent(std::size_t bytes, TimePoint now) {
  output_sent_ += bytes;
  CHECK(output_sent_ <= output_.size());
  const std::size_t rest = output_.size() - output_sent_;
  if (rest == 0 || output_sent_ >= output_bytes_max) {
    if (rest != 0) std::memmove(output_.data(), output_.data() + output_sent_, rest);
    output_.truncate(rest);
    output_sent_ = 0;
  }
  pump(now);
}

std::optional<Engine::Wanted> Engine::wanted() const {
  if (phase_ != Phase::connecting && phase_ != Phase::handshaking && phase_ != Phase::connected)
    return std::nullopt;
  return Wanted{attempt_, host_};
}

TimePoint Engine::next_deadline() const {
  if (phase_ == Phase::ended || phase_ == Phase::unstarted) return TimePoint::max();
  TimePoint next = close_deadline_;
  if (phase_ == Phase::connected) {
    next = std::min({next, last_received_ + timeout_ * 2 / 3, valid_until_});
    if (!ping_sent_at_) next = std::min(next, last_sent_ + timeout_ / 3);
    return next;
  }
  next = std::min(next, phase_ == Phase::waiting ? attempt_at_ : attempt_deadline_);
  if (state_ == SessionState::suspended) next = std::min(next, valid_until_);
  if (!queue_.empty()) next = std::min(next, queue_.front().deadline);
  return next;
}

void Engine::tick(TimePoint now) {
  if (phase_ == Phase::ended || phase_ == Phase::unstarted) return;
  if (now >= close_deadline_) return end(SessionState::closed, Error::client_closed);
  if (phase_ == Phase::connected) {
    check_connection(now);
  } else if ((phase_ == Phase::connecting || phase_ == Phase::handshaking) &&
             now >= attempt_deadline_) {
    ++slow_attempts_;
    drop(now);
  } else if (phase_ == Phase::waiting && now >= attempt_at_) {
    begin_attempt(now);
  }
  if (phase_ == Phase::ended) return;
  if (state_ == SessionState::suspended && now >= valid_until_) set_state(SessionState::lost);
  if (phase_ != Phase::connected) expire_queue(now);
}

void Engine::check_connection(TimePoint now) {
  if (now >= valid_until_ || now >= last_received_ + timeout_ * 2 / 3) return drop(now);
  // An answer that is due will show whether the session is alive; several pings would not help.
  if (!ping_sent_at_ && now >= last_sent_ + timeout_ / 3) send_ping(now);
  pump(now);
}

void Engine::send_ping(TimePoint now) {
  const proto::FrameStart frame = proto::begin_frame(output_);
  proto::encode(proto::RequestHeader{.xid = proto::xid_ping, .op = proto::OpCode::ping}, output_);
  proto::end_frame(output_, frame);
  ping_sent_at_ = now;
  last_sent_ = now;
}

void Engine::pump(TimePoint now) {
  while (phase_ == Phase::connected && !queue_.empty() &&
         in_flight_.size() < options_.in_flight_max && output().size() < output_bytes_max) {
    Request request = std::move(queue_.front().request);
    queue_.pop_front();
    if (request.is_given_up()) {
      request.done(failed(Error::cancelled));
    } else {
      send_request(std::move(request), now);
    }
  }
}

void Engine::send_request(Request request, TimePoint now) {
  last_xid_ = last_xid_ == 0x7fffffff ? 1 : last_xid_ + 1;
  store_be32(request.frame.data() + frame_xid_offset, static_cast<std::uint32_t>(last_xid_));
  output_.append(request.frame.bytes());
  request.frame.release();
  in_flight_.push_back({std::move(request), last_xid_, now});
  last_sent_ = now;
}

void Engine::set_state(SessionState state) {
  if (state_ == state) return;
  state_ = state;
  if (listener_) listener_(event());
}

void Engine::end(SessionState state, Error error) {
  phase_ = Phase::ended;
  end_error_ = error;
  output_.release();
  output_sent_ = 0;
  input_.release();
  set_state(state);
  fail_all(error, error);
  fail_auths(error);
  lose_watches();
}

void Engine::fail_all(Error sent, Error unsent) {
  // Taken out first: what the callbacks see is an engine without them.
  std::deque<InFlight> in_flight;
  std::deque<Queued> queue;
  in_flight.swap(in_flight_);
  queue.swap(queue_);
  for (InFlight& request : in_flight) request.request.done(failed(sent));
  for (Queued& queued : queue) queued.request.done(failed(unsent));
}

void Engine::fail_auths(Error error) {
  auths_in_flight_.clear();
  for (Auth& auth : auths_) {
    if (auth.done) std::exchange(auth.done, {})(error);
  }
}

void Engine::lose_watches() {
  for (const auto& [watcher, path] : watches_.take_all()) {
    (*watcher)({.type = EventType::watch_lost,
                .path = client_path(path, options_.chroot),
                .zxid = Zxid{-1}});
  }
}

void Engine::expire_queue(TimePoint now) {
  while (!queue_.empty() &&
         (queue_.front().deadline <= now || queue_.front().request.is_given_up())) {
    Request request = std::move(queue_.front().request);
    queue_.pop_front();
    request.done(failed(Error::not_connected));
  }
}

}  // namespace paddock::client
