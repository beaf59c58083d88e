#include "paddock/reactor/reactor.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include "paddock/log.h"

namespace paddock::reactor {
namespace {

/// What is done of a fan-out in a turn before requests are served again (R16): some 0.2 ms with
/// paths of usual length, and no more bytes than are copied in 1 ms.
constexpr Fanout::Budget fanout_budget{.watches = 4000, .bytes = 4u << 20};
/// Bytes of shares of a fan-out that are told in front of replies in a turn; who has not been
/// served by then is served in the next one.
constexpr std::size_t share_bytes_max = 16u << 20;
/// Notifications are collected for so many slices or bytes before they are sent, and so many
/// connections are sent theirs in a turn (some 0.5 ms).
constexpr std::size_t told_turns_max = 32;
constexpr std::size_t told_bytes_max = 8u << 20;
constexpr std::size_t told_sends_per_turn = 128;
/// A connection is held because the core takes no more, and no event will tell when it does again.
constexpr std::int64_t core_retry_ns = 1'000'000;
/// A stop waits so long for clients that do not read their last replies.
constexpr std::int64_t stop_ns_max = 5'000'000'000;

std::int64_t wall_clock_ms() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * std::int64_t{1000} + now.tv_nsec / 1'000'000;
}

/// A reactor's share of a bound on all; 0 = no bound.
std::size_t share_of(std::int64_t total, std::int64_t reactors) {
  if (total == 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(std::max<std::int64_t>(1, total / reactors));
}

}  // namespace

Reactor::Reactor(Server& server, std::uint16_t index, std::unique_ptr<net::Loop> loop)
    : server_(server),
      index_(index),
      loop_(std::move(loop)),
      control_(*loop_),
      clock_(server.config.tick_ms),
      deadlines_(server.config.tick_ms),
      fanout_(watches_, clients_, server.config.skip_acl,
              [this](Client& client, Bytes frame) { tell(client, frame); }),
      outstanding_max_(share_of(server.config.outstanding_max, server.config.reactors)),
      in_flight_bytes_max_(share_of(server.config.in_flight_bytes_max, server.config.reactors)),
      output_bytes_total_max_(
          share_of(server.config.output_bytes_total_max, server.config.reactors)) {
  now_ns_ = loop_->now_ns();
  due_ms_ = now_ns_ / 1'000'000;
  clock_.advance(due_ms_, due_ms_);
}

Reactor::~Reactor() { CHECK(clients_.size() == 0); }

void Reactor::run() {
  log::name_thread("r" + std::to_string(index_));
  control_.start();
  while (!is_ended_) run_turn();
  control_.stop();
  while (!control_.is_stopped()) loop_->wait(net::never_ns);
}

void Reactor::run_turn() {
  wait();
  read_clocks();
  core::Trie& trie = server_.state.trie();
  trie.epoch().enter(index_);
  control_.run();
  if (duties_.complete) {
    duties_.complete();
    wake_others();
  }
  drain_feed();
  fanout_.run(fanout_budget);
  sweep_watches();
  server_.feed.release(index_, fanout_.oldest_position(position_));
  go_on_reading();
  if (duties_.take_mail) duties_.take_mail(wall_ms_);
  serve_ready();
  expire_due();
  retry_detaches();
  if (duties_.order) {
    duties_.order(clock_.now_ms(), wall_ms_, now_ns_);
    wake_others();
  }
  close_slow();
  flush_told();
  flush_dirty();
  if (is_stopping_) drain_for_stop();
  count_watches();  // those that have fired are gone
  stats_.reset_if_wanted();
  stats_.turns.add();
  stats_.turn_ns.record(net::monotonic_ns() - now_ns_);
  trie.epoch().leave(index_);
  trie.pins().unpin(index_);
}

bool Reactor::has_work() const {
  return !ready_.empty() || slice_.has_value() || !fanout_.is_idle() || !told_.empty() ||
         watches_.has_stale() || server_.feed.has(position_) || !control_.is_empty() ||
         (!expiring_.empty() && !is_expiry_blocked_) || (duties_.is_busy && duties_.is_busy());
}

void Reactor::wait() {
  std::int64_t deadline_ns = 0;
  if (!has_work()) {
    deadline_ns = next_deadline_ns();
    // R5: from here on whoever publishes something for us wakes us; what came before is seen now.
    sleeper_.announce();
    if (has_work()) deadline_ns = 0;
  }
  // From turn to turn: a turn that took long, or stood still, is a gap as well.
  due_ms_ = std::max(now_ns_, deadline_ns) / 1'000'000;
  loop_->wait(deadline_ns);
  sleeper_.awake();
}

/// When something is due although nothing arrives.
std::int64_t Reactor::next_deadline_ns() {
  std::int64_t due_ms = deadlines_.next_ms();
  if (duties_.next_due_ms) due_ms = std::min(due_ms, duties_.next_due_ms());
  std::int64_t deadline_ns = net::never_ns;
  // From the session clock, which leaves gaps out, to the monotonic one. A tick at most, or a gap
  // would pass for sleep (SessionClock::advance).
  const std::int64_t sleep_ms_max = server_.config.tick_ms;
  if (due_ms != INT64_MAX)
    deadline_ns =
        now_ns_ + std::clamp<std::int64_t>(due_ms - clock_.now_ms(), 0, sleep_ms_max) * 1'000'000;
  if (duties_.next_due_ns) deadline_ns = std::min(deadline_ns, duties_.next_due_ns());
  if (!held_by_core_.empty() || !detaches_.empty() || !expiring_.empty() ||
      (duties_.is_blocked && duties_.is_blocked()))
    deadline_ns = std::min(deadline_ns, now_ns_ + core_retry_ns);
  deadline_ns = std::min(deadline_ns, watch_tick_ns_);
  if (is_stopping_) deadline_ns = std::min(deadline_ns, now_ns_ + 10'000'000);
  return deadline_ns;
}

void Reactor::read_clocks() {
  now_ns_ = loop_->now_ns();
  wall_ms_ = wall_clock_ms();
  const std::int64_t gap_ms = clock_.advance(now_ns_ / 1'000'000, due_ms_);
  if (gap_ms > 0)
    log::warn("this thread did not run for {} ms: all session deadlines move by as much", gap_ms);
}

void Reactor::serve_ready() {
  retry_core();
  if (outstanding_count_ < outstanding_max_) release_held(held_by_throttle_);
  if (!slice_) release_held(held_by_slice_);
  serving_.swap(ready_);
  const std::uint64_t told_before = fanout_.told_bytes();
  for (const ordering::ConnectionId id : serving_) {
    Client* client = clients_.find(id);
    if (client == nullptr) continue;
    client->is_ready = false;
    if (fanout_.told_bytes() - told_before < share_bytes_max)
      serve(*client);
    else
      make_ready(*client);
  }
  serving_.clear();
  resume_paused();
}

void Reactor::flush_dirty() {
  for (const ordering::ConnectionId id : dirty_) {
    Client* client = clients_.find(id);
    if (client == nullptr) continue;
    client->is_dirty = false;
    client->connection.flush();
    count_output(*client);
  }
  dirty_.clear();
}

/// Sends what the fan-out has told. A send costs more than a hundred notifications do, so those of
/// many events leave together: once the fan-out has caught up, or has gone on for long enough.
void Reactor::flush_told() {
  if (told_.empty()) return;
  is_flushing_told_ = is_flushing_told_ || fanout_.is_idle() || ++told_turns_ == told_turns_max ||
                      told_bytes_ >= told_bytes_max;
  if (!is_flushing_told_) return;
  for (std::size_t i = 0; i < told_sends_per_turn && !told_.empty(); ++i) {
    Client* client = clients_.find(told_.front());
    told_.pop_front();
    if (client == nullptr) continue;
    client->is_told = false;
    client->connection.flush();
    count_output(*client);
  }
  if (!told_.empty()) return;
  is_flushing_told_ = false;
  told_turns_ = told_bytes_ = 0;
}

void Reactor::stop() {
  is_stopping_ = true;
  stop_deadline_ns_ = loop_->now_ns() + stop_ns_max;
}

/// Part of the turn while stopping: a connection goes when its last answer has been sent.
void Reactor::drain_for_stop() {
  const bool is_late = now_ns_ >= stop_deadline_ns_;
  clients_.for_each([&](Client& client) {
    if (is_late)
      close_now(client);
    else if (client.phase != Client::Phase::closing && client.outstanding.empty() &&
             !client.is_connecting && client.hold != Client::Hold::slice)
      close_after_answers(client);
  });
  flush_dirty();
  if (clients_.size() != 0 || !detaches_.empty()) return;
  is_drained_.store(true, std::memory_order_release);  // [D1] pairs with is_drained()
  if (!is_core()) is_ended_ = true;
}

}  // namespace paddock::reactor
