#include "paddock/daemon.h"

#include <poll.h>

#include <algorithm>
#include <ctime>

#include "paddock/log.h"

namespace paddock {
namespace {

/// Requests of one reactor taken in a row; then another's.
constexpr std::size_t messages_per_turn = 1024;
constexpr std::size_t mailbox_messages = 1024;

std::int64_t wall_clock_ms() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * std::int64_t{1000} + now.tv_nsec / 1'000'000;
}

core::State::Options state_options(const Config& config) {
  core::State::Options options;
  options.extended_types_enabled = config.extended_types_enabled;
  options.digest_auth_enabled = config.digest_auth_enabled;
  options.skip_acl = config.skip_acl;
  options.enforce_quota = config.enforce_quota;
  options.reader_count_max = static_cast<std::uint32_t>(config.reactors) + 1;  // and the snapshots'
  return options;
}

}  // namespace

Result<std::unique_ptr<Daemon>, std::string> Daemon::open(const Config& config,
                                                          startup::DataDir data_dir) {
  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(data_dir)));
  if (auto opened = daemon->open_parts(); !opened) return fail(opened.error());
  return daemon;
}

Result<void, std::string> Daemon::recover() {
  auto loop = net::Loop::open({.sq_entries = 64, .cq_entries = 1024, .recv_buffer_count = 0});
  if (!loop) return fail(loop.error().message);
  hold_locks(**loop);
  const std::unique_ptr<wal::Disk> disk = open_shared_disk(**loop);
  recovery::Options options;
  options.snapshot_dir = data_dir_.path();
  options.log_dir = data_dir_.log_path();
  options.state = state_options(config_);
  auto recovered = recovery::recover_state(*disk, options);
  if (!recovered) return fail(recovered.error());
  recovered_ = *std::move(recovered);
  return {};
}

Result<void, std::string> Daemon::open_parts() {
  started_ns_ = net::monotonic_ns();
  if (auto recovered = recover(); !recovered) return recovered;
  core::State& state = *recovered_.state;
  feed_ = std::make_unique<ordering::Feed>(static_cast<std::uint32_t>(config_.reactors));
  ordering::OrderingCore::Options options;
  options.tick_ms = config_.tick_ms;
  options.session_id_base = ordering::OrderingCore::make_session_id_base(wall_clock_ms());
  options.reaper = {.check_interval_ms = config_.container_check_interval_ms,
                    .per_minute_max = config_.container_per_minute_max,
                    .never_used_ms_max = config_.container_never_used_ms_max};
  ordering::OrderingCore::Hooks hooks;
  hooks.session_closed = [this](SessionId session, const char* cause) {
    if (auto more = closed_.admit(net::monotonic_ns()))
      log::info("session {} {}{}", session, cause, log::AndMore{*more});
  };
  hooks.quota_exceeded = [this](const core::QuotaExcess& excess) {
    if (auto more = quotas_.admit(net::monotonic_ns()))
      log::warn("quota exceeded at {}: {} would be {}, {} limit {}{}", excess.path, excess.what,
                excess.value, excess.is_hard ? "hard" : "soft", excess.limit, log::AndMore{*more});
  };
  hooks.read_only_changed = [this](bool read_only) {
    if (read_only) {
      log::warn(
          "the disk is full, or no descriptor free: read-only until there is room for the log in "
          "{}",
          data_dir_.log_path());
      if (snapshots_) snapshots_->free_space();
    } else {
      log::info("there is room for the log again: writes are accepted");
    }
  };
  hooks.fatal = [](const std::string& reason) { log::fatal(reason); };
  core_ = std::make_unique<ordering::OrderingCore>(state, *feed_, options, std::move(hooks));
  server_ = std::make_unique<reactor::Server>(config_, state, *feed_, *core_);
  if (auto opened = open_reactors(); !opened) return opened;

  acceptor_ = std::make_unique<reactor::Acceptor>(*server_);
  if (auto listening = acceptor_->open(); !listening)
    return fail(listening.error().message +
                ": choose another with --client-port (clientPort), or an address with "
                "--client-address (clientPortAddress)");

  net::Loop& loop = server_->reactors[0]->loop();
  hold_locks(loop);
  disk_ = open_shared_disk(loop);
  wal::Log::Options log_options;
  log_options.dir = data_dir_.log_path();
  log_options.segment_bytes = static_cast<std::uint64_t>(config_.segment_kib) << 10;
  log_options.writes_in_flight_max = static_cast<std::uint32_t>(config_.log_writes_in_flight);
  log_options.force_sync = config_.force_sync;
  log_options.slow_sync_warning_ms = config_.slow_sync_warning_ms;
  log_ = wal::Log::start(*disk_, log_options, std::move(recovered_.log_end), *core_);
  core_->start(*log_, loop.now_ns() / 1'000'000);

  words_ = std::make_unique<reactor::WordDesk>(
      *server_, [this](words::ServerView& view, words::Part parts) { fill_view(view, parts); });
  server_->words = words_.get();
  start_snapshots();
  return {};
}

/// A successor is not to start while writes of this process may still reach the log.
void Daemon::hold_locks(net::Loop& loop) {
  if (!loop.hold_open(data_dir_.lock_descriptors()))
    log::warn(
        "the kernel does not keep the lock of the data directory for writes under way: after "
        "a kill, wait a moment before the next start");
}

Result<void, std::string> Daemon::open_reactors() {
  net::Loop::Options options;
  options.busy_poll_us = static_cast<std::uint32_t>(config_.busy_poll_us);
  options.adaptive_poll_us = static_cast<std::uint32_t>(config_.adaptive_poll_us);
  for (std::uint16_t r = 0; r < config_.reactors; ++r) {
    auto loop = net::Loop::open(options);
    if (!loop) return fail(loop.error().message);
    server_->reactors.push_back(std::make_unique<reactor::Reactor>(*server_, r, *std::move(loop)));
    server_->to_core.push_back(
        r == 0 ? nullptr : std::make_unique<net::Mailbox<reactor::CoreMessage>>(mailbox_messages));
  }
  reactor::Reactor::CoreDuties duties;
  duties.complete = [this] { disk_->poll(); };
  duties.take_mail = [this](std::int64_t now_ms) {
    // Each side is first every other turn: neither can fill all batches.
    is_mail_first_ = !is_mail_first_;
    if (is_mail_first_) take_mail(now_ms);
  };
  duties.order = [this](std::int64_t session_now_ms, std::int64_t now_ms,
                        std::int64_t monotonic_ns) { order(session_now_ms, now_ms, monotonic_ns); };
  duties.is_busy = [this] {
    return core_->is_busy() || snapshots_->is_busy() || (!is_mail_blocked_ && has_mail());
  };
  duties.is_blocked = [this] { return is_mail_blocked_ && has_mail(); };
  duties.next_due_ms = [this] { return core_->next_due_ms(); };
  duties.next_due_ns = [this] { return core_->next_due_ns(); };
  server_->reactors[0]->set_core_duties(std::move(duties));
  return {};
}

void Daemon::start_snapshots() {
  snapshots::Snapshots::Options options;
  options.dir = data_dir_.path();
  options.reader = static_cast<std::uint32_t>(config_.reactors);
  options.txns_max = config_.snap_count;
  options.log_bytes_max = std::max<std::int64_t>(0, config_.snap_log_kib_max) << 10;
  options.keep = static_cast<std::size_t>(config_.snap_retain_count);
  options.purge = config_.purge_interval_hours > 0;
  options.seed = static_cast<std::uint64_t>(wall_clock_ms());
  options.wake_core = [this] { server_->reactors[0]->post([] {}); };
  const snapshots::Snapshots::LogTotals since{
      .txns = static_cast<std::uint64_t>(recovered_.start.txns_loaded),
      .payload_bytes = recovered_.log_payload_bytes};
  auto open_disk = []() -> Result<std::shared_ptr<wal::Disk>, std::string> {
    auto disk = open_own_disk();
    if (!disk) return fail(disk.error().message);
    return std::shared_ptr<wal::Disk>(*std::move(disk));
  };
  snapshots_ = std::make_unique<snapshots::Snapshots>(*recovered_.state, options, open_disk, since);
}

Daemon::~Daemon() {
  snapshots_.reset();
  log_.reset();
  disk_.reset();
}

void Daemon::run(startup::Signals& signals) {
  wait_for_signal(signals);
  acceptor_->start();
  std::vector<std::thread> threads;
  for (std::size_t r = 1; r < server_->reactor_count(); ++r)
    threads.emplace_back([reactor = server_->reactors[r].get()] { reactor->run(); });
  server_->reactors[0]->run();
  for (std::thread& thread : threads) thread.join();
}

// --- Reactor 0's duties.

void Daemon::order(std::int64_t session_now_ms, std::int64_t now_ms, std::int64_t monotonic_ns) {
  take_mail(now_ms);
  core_->turn(session_now_ms, now_ms, monotonic_ns);
  recovered_.state->reclaim();
  const Zxid committed = recovered_.state->committed();
  if (committed != noted_) {
    noted_ = committed;
    digests_.note(committed, core_->batches().committed_digest());
  }
  take_snapshots();
  watch_the_log();
  if (stop_ != Stop::none) go_on_stopping();
}

bool Daemon::has_mail() const {
  return std::any_of(server_->to_core.begin() + 1, server_->to_core.end(),
                     [](const auto& mailbox) { return !mailbox->empty(); });
}

/// Other reactors' requests, each reactor's in its order, none of them always first.
void Daemon::take_mail(std::int64_t now_ms) {
  const std::size_t count = server_->to_core.size();
  is_mail_blocked_ = false;
  for (std::size_t i = 1; i < count; ++i) {
    const std::size_t r = 1 + (first_mailbox_ + i) % (count - 1);
    net::Mailbox<reactor::CoreMessage>& mailbox = *server_->to_core[r];
    for (std::size_t taken = 0; taken < messages_per_turn; ++taken) {
      reactor::CoreMessage* message = mailbox.front();
      if (message == nullptr) break;
      if (!core_->submit(message->request(), now_ms)) {
        is_mail_blocked_ = true;
        break;
      }
      mailbox.pop();
    }
  }
  ++first_mailbox_;
}

void Daemon::watch_the_log() {
  const std::int64_t now_ns = server_->reactors[0]->loop().now_ns();
  const std::int64_t stalled_ms = log_->stalled_ms(now_ns);
  if (stalled_ms == 0) return;
  if (auto more = stalled_.admit(now_ns))
    log::warn("a write of the log has been under way for {} ms (fsync.warningthresholdms {}){}",
              stalled_ms, config_.slow_sync_warning_ms, log::AndMore{*more});
}

void Daemon::take_snapshots() {
  const snapshots::Snapshots::LogTotals totals{.txns = core_->batches().counters().txns,
                                               .payload_bytes = log_->counters().payload_bytes};
  if (snapshots_->is_due(totals) && stop_ == Stop::none) {
    const Zxid committed = recovered_.state->committed();
    snapshots_->consider({.zxid = committed,
                          .digest = core_->batches().committed_digest(),
                          .log_chain = log_->durable() == committed ? log_->durable_chain() : 0},
                         totals);
  }
  if (const Zxid oldest = snapshots_->turn(); oldest.value != 0) log_->purge(oldest);
}

// --- The end.

void Daemon::wait_for_signal(startup::Signals& signals) {
  signal_.daemon = this;
  signal_.signals = &signals;
  signal_.done = [](net::Completion& self, std::int32_t, std::uint32_t) {
    SignalOp& op = static_cast<SignalOp&>(self);
    op.is_armed = false;
    if (const int signal = op.signals->take(); signal != 0) op.daemon->begin_stop(signal);
    if (op.daemon->stop_ == Stop::none) op.daemon->wait_for_signal(*op.signals);
  };
  io_uring_prep_poll_add(server_->reactors[0]->loop().get_sqe(&signal_), signals.descriptor(),
                         POLLIN);
  signal_.is_armed = true;
}

void Daemon::begin_stop(int signal) {
  if (stop_ != Stop::none) return;
  log::info("{}: answering what has been asked, then ending; sessions live on",
            startup::signal_name(signal));
  startup::notify_service_manager("STOPPING=1");
  stop_ = Stop::listening;
  acceptor_->close();
}

/// Part of reactor 0's turn: from the closed port over the drained reactors to the end record.
void Daemon::go_on_stopping() {
  auto& reactors = server_->reactors;
  if (stop_ == Stop::listening && acceptor_->is_closed()) {
    stop_ = Stop::draining;
    for (const auto& reactor : reactors) reactor->post([r = reactor.get()] { r->stop(); });
  }
  if (stop_ == Stop::draining && core_->is_idle() &&
      std::all_of(reactors.begin(), reactors.end(),
                  [](const auto& reactor) { return reactor->is_drained(); })) {
    stop_ = Stop::closing_log;
    snapshots_->stop();
    log_->close([this] { stop_ = Stop::done; });
  }
  if (stop_ == Stop::done) reactors[0]->end();
}

// --- Words.

void Daemon::fill_view(words::ServerView& view, words::Part parts) {
  core::State& state = *recovered_.state;
  view.is_read_only = core_->is_read_only();
  view.client_port = acceptor_->port();
  view.zxid = state.committed();
  view.digest = core_->batches().committed_digest();
  view.node_count = static_cast<std::int64_t>(state.node_count());
  view.ephemeral_count = static_cast<std::int64_t>(state.ephemeral_count());
  view.data_bytes = state.approximate_data_bytes();
  view.session_count = static_cast<std::int64_t>(state.session_count());
  view.uptime_ms = (net::monotonic_ns() - started_ns_) / 1'000'000;
  view.feed_backlog = feed_->backlog();
  const ordering::Batches::Counters& batches = core_->batches().counters();
  const wal::Log::Counters& log = log_->counters();
  auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  view.log = {.syncs = number(log.syncs),
              .batches = number(log.batches),
              .txns = number(batches.txns),
              .last_batch_txns = batches.last_count,
              .max_batch_txns = batches.max_count,
              .payload_bytes = number(log.payload_bytes),
              .written_bytes = number(log.written_bytes),
              .last_sync_ns = log.last_sync_ns,
              .max_sync_ns = log.max_sync_ns,
              .total_sync_ns = log.total_sync_ns,
              .slow_syncs = number(log.slow_syncs),
              .stalled_ms = log_->stalled_ms(net::monotonic_ns())};
  view.snapshots = snapshots_->view();
  view.start = recovered_.start;
  if (words::has(parts, words::Part::digests))
    view.digests.assign(digests_.entries().begin(), digests_.entries().end());
  if (!words::has(parts, words::Part::sessions)) return;
  core_->owners().visit_detached(
      core_->session_now_ms(), [&](SessionId session, std::int64_t remaining_ms) {
        view.expiries.push_back({wall_clock_ms() + remaining_ms, session});
      });
  state.visit_sessions(state.committed(), [&](const core::SessionValue& session) {
    std::vector<std::string> paths = state.ephemerals(session.id);
    if (!paths.empty()) view.ephemerals.push_back({session.id, std::move(paths)});
  });
}

}  // namespace paddock
