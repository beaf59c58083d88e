#include "recipes/client/session_io.h"

#include <algorithm>
#include <random>
#include <stop_token>

namespace paddock::client {
namespace {

/// Reads of one event before others on the loop get their turn.
constexpr int reads_per_event_max = 4;

ConnectString shuffled(ConnectString servers, bool shuffle) {
  if (shuffle) {
    std::random_device random;
    std::shuffle(servers.hosts.begin(), servers.hosts.end(), random);
  }
  return servers;
}

Engine::Options engine_options(const ClientOptions& options, const ConnectString& servers) {
  const auto or_else = [](Milliseconds given, Milliseconds otherwise) {
    return given > Milliseconds(0) ? given : otherwise;
  };
  const Milliseconds third = std::max(options.session_timeout / 3, Milliseconds(1));
  return {.host_count = servers.hosts.size(),
          .chroot = servers.chroot,
          .session_timeout = options.session_timeout,
          .connect_timeout = or_else(options.connect_timeout, third),
          .backoff_min = or_else(options.backoff_min, Milliseconds(1)),
          .backoff_max = or_else(options.backoff_max, Milliseconds(1)),
          .queue_timeout = or_else(options.queue_timeout, options.session_timeout),
          .close_timeout = options.close_timeout,
          .auth = options.auth,
          .resume = options.resume,
          .renew_expired = options.renew_expired,
          .in_flight_max = std::max<std::size_t>(options.in_flight_max, 1),
          .queued_requests_max = std::max<std::size_t>(options.queued_requests_max, 1),
          .reply_bytes_max = options.reply_bytes_max,
          .seed = std::random_device{}()};
}

Error end_error_of(SessionState state) {
  if (state == SessionState::expired) return Error::session_expired;
  return state == SessionState::auth_failed ? Error::auth_failed : Error::client_closed;
}

}  // namespace

SessionIo::SessionIo(const ClientOptions& options, ConnectString servers,
                     std::shared_ptr<IoLoop::Core> core)
    : servers_(shuffled(std::move(servers), options.shuffle_hosts)),
      mailbox_max_(std::max<std::size_t>(options.queued_requests_max, 1)),
      core_(std::move(core)),
      engine_(engine_options(options, servers_),
              [this](const SessionEvent& event) { state_changed(event); }),
      transport_(core_, *this) {
  if (options.resume) event_.session = options.resume->session;
}

void SessionIo::start() {
  core_->add_user();
  run([](Engine& engine, TimePoint now) { engine.start(now); });
}

void SessionIo::run(Command command) {
  bool must_post = false;
  {
    std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(command));
    must_post = !std::exchange(is_posted_, true);
  }
  if (must_post) core_->post([self = shared_from_this()] { self->drain(); });
}

void SessionIo::submit(Request request) {
  bool is_full = false;
  std::uint64_t ended_before = 0;
  {
    std::lock_guard lock(mutex_);
    is_full = mailbox_.size() >= mailbox_max_;
    ended_before = sessions_expired_;
  }
  if (is_full) {
    core_->post([refused = std::move(request)]() mutable {
      refused.done({.error = Error::too_many_requests, .zxid = {}, .body = {}});
    });
    return;
  }
  run([this, ended_before, sent = std::move(request)](Engine& engine, TimePoint now) mutable {
    if (ended_before == sessions_expired_) return engine.submit(std::move(sent), now);
    // It lay in the mailbox while its session turned out to be over.
    sent.done({.error = Error::session_expired, .zxid = {}, .body = {}});
  });
}

void SessionIo::drain() {
  std::vector<Command> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(mailbox_);
    is_posted_ = false;
  }
  const TimePoint now = core_->now();
  for (Command& command : commands) std::exchange(command, {})(engine_, now);
  after_engine();
}

void SessionIo::after_engine() {
  const TimePoint now = core_->now();
  reconcile(now);
  // Before a closeSession leaves.
  valid_until_ns_.store(engine_.valid_until().time_since_epoch().count(),
                        std::memory_order_relaxed);  // stands alone: see the field
  flush(now);
  arm_timer();
  if (engine_.has_ended()) wind_up();
}

void SessionIo::reconcile(TimePoint) {
  const std::optional<Engine::Wanted> wanted = engine_.wanted();
  const std::uint64_t attempt = wanted ? wanted->attempt : 0;
  if (attempt == attempt_) return;
  attempt_ = attempt;
  transport_.close();
  if (wanted) transport_.open(servers_.hosts[wanted->host], weak_from_this());
}

void SessionIo::flush(TimePoint now) {
  while (transport_.is_up() && !engine_.output().empty()) {
    const std::ptrdiff_t sent = transport_.send(engine_.output());
    if (sent == 0) return;
    if (sent > 0) {
      engine_.sent(static_cast<std::size_t>(sent), now);
    } else {
      engine_.transport_down(now);
      reconcile(now);
    }
  }
}

void SessionIo::arm_timer() {
  // A timer that comes too early only asks again; most calls move the deadline away.
  const TimePoint next = engine_.next_deadline();
  if (timer_ != 0 && timer_at_ <= next) return;
  if (timer_ != 0) core_->cancel_timer(timer_);
  timer_ = 0;
  timer_at_ = next;
  if (next == TimePoint::max()) return;
  timer_ = core_->call_at(next, [self = shared_from_this()] { self->tick(); });
}

void SessionIo::tick() {
  timer_ = 0;
  engine_.tick(core_->now());
  after_engine();
}

void SessionIo::transport_is_up() {
  engine_.transport_up(core_->now());
  after_engine();
}

void SessionIo::transport_is_down() {
  engine_.transport_down(core_->now());
  after_engine();
}

void SessionIo::transport_is_readable() {
  const std::span<std::byte> scratch = core_->scratch();
  for (int i = 0; i < reads_per_event_max && transport_.is_up(); ++i) {
    const std::ptrdiff_t count = transport_.receive(scratch);
    if (count == 0) break;
    if (count < 0) {
      engine_.transport_down(core_->now());
      break;
    }
    engine_.received(scratch.first(static_cast<std::size_t>(count)), core_->now());
    reconcile(core_->now());
    if (static_cast<std::size_t>(count) < scratch.size()) break;
  }
  after_engine();
}

void SessionIo::transport_is_writable() { after_engine(); }

void SessionIo::state_changed(const SessionEvent& event) {
  {
    std::lock_guard lock(mutex_);
    event_ = event;
    if (event.state == SessionState::expired) ++sessions_expired_;
    if (engine_.has_ended()) end_error_ = end_error_of(event.state);
  }
  valid_until_ns_.store(event.valid_until.time_since_epoch().count(),
                        std::memory_order_relaxed);  // stands alone: see the field
  changed_.notify_all();
  // A copy: listeners may be added and removed meanwhile.
  const std::vector<std::shared_ptr<Listener>> listeners = listeners_;
  for (const std::shared_ptr<Listener>& listener : listeners) {
    if (!listener->is_removed) listener->call(event);
  }
}

std::shared_ptr<SessionIo::Listener> SessionIo::add_listener(
    std::function<void(const SessionEvent&)> call) {
  auto listener = std::make_shared<Listener>();
  listener->call = std::move(call);
  run([this, listener](Engine& engine, TimePoint) {
    listeners_.push_back(listener);
    if (!listener->is_removed) listener->call(engine.event());
  });
  return listener;
}

void SessionIo::remove_listener(const std::shared_ptr<Listener>& listener) {
  listener->is_removed = true;
  run([this, listener](Engine&, TimePoint) { std::erase(listeners_, listener); });
  core_->await_callbacks();
}

SessionEvent SessionIo::event() const {
  std::lock_guard lock(mutex_);
  SessionEvent event = event_;
  if (event.state == SessionState::connected) event.valid_until = valid_until();
  return event;
}

TimePoint SessionIo::valid_until() const {
  // Stands alone: see the field.
  return TimePoint(Clock::duration(valid_until_ns_.load(std::memory_order_relaxed)));
}

Expected<void> SessionIo::await_connected(Deadline deadline, const CancelToken& cancel) const {
  const std::stop_callback wake(cancel, [this] {
    { std::lock_guard hold(mutex_); }
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (;;) {
    if (end_error_ != Error::ok) return tl::unexpected(end_error_);
    if (event_.state == SessionState::connected) return {};
    if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
    if (cancel.stop_requested()) return tl::unexpected(Error::cancelled);
    if (deadline.has_passed()) return tl::unexpected(Error::deadline_exceeded);
    if (deadline.is_never()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, deadline.at());
    }
  }
}

void SessionIo::close(UniqueFunction<void()> closed) {
  run([this, told = std::move(closed)](Engine& engine, TimePoint now) mutable {
    closers_.push_back(std::move(told));
    engine.close(now);
  });
}

void SessionIo::finish() {
  const auto close = [](Engine& engine, TimePoint now) { engine.close(now); };
  if (core_->kind() == IoLoop::Core::Kind::embedded) {
    // Nobody may ever drive the loop again: what can be sent now is sent.
    run(close);
    core_->post([self = shared_from_this()] {
      self->engine_.detach(self->core_->now());
      self->after_engine();
    });
  } else {
    run(close);
    if (core_->is_current()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_wound_up_; });
  }
  core_->await_callbacks();
}

void SessionIo::wind_up() {
  for (UniqueFunction<void()>& closed : std::exchange(closers_, {})) closed();
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(is_wound_up_, true)) return;
  }
  if (timer_ != 0) core_->cancel_timer(std::exchange(timer_, 0));
  core_->remove_user();
  changed_.notify_all();
}

}  // namespace paddock::client
