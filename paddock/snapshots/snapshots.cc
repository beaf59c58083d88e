#include "paddock/snapshots/snapshots.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "core/base/check.h"
#include "paddock/log.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_writer.h"

namespace paddock::snapshots {
namespace {

/// Sessions copied in one turn of the core: each is a cache miss or two, so this is some 100 us.
constexpr std::size_t sessions_per_turn = 1024;
/// Of the thread, against the reactors' 0: a tenth of their share of a core that both want.
constexpr int niceness = 10;
/// And of that share so much at a time; the scheduler's own measure is milliseconds.
constexpr std::uint64_t slice_ns = 100'000;

/// What sched_setattr(2) takes: the C library lacks it, and the kernel's header conflicts with it.
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  ///< of SCHED_OTHER the slice, since Linux 6.12
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulerAttributes) == 48);

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Snapshots::Snapshots(core::State& state, const Options& options, OpenDisk open_disk,
                     const LogTotals& since_snapshot)
    : state_(state), options_(options), open_disk_(std::move(open_disk)), random_(options.seed) {
  CHECK(options_.txns_max >= 2);
  CHECK(options_.keep >= 1);
  // Totals that wrap around: only differences count.
  taken_at_.txns -= since_snapshot.txns;
  taken_at_.payload_bytes -= since_snapshot.payload_bytes;
  choose_thresholds();
  thread_ = std::thread([this] { run(); });
}

Snapshots::~Snapshots() { stop(); }

void Snapshots::choose_thresholds() {
  const auto upper_half = [this](std::int64_t max) {
    const auto half = static_cast<std::uint64_t>(max) / 2;
    return half + 1 + random_() % (static_cast<std::uint64_t>(max) - half);
  };
  txns_due_ = upper_half(options_.txns_max);
  log_bytes_due_ = options_.log_bytes_max > 0 ? upper_half(options_.log_bytes_max) : UINT64_MAX;
}

bool Snapshots::is_due(const LogTotals& totals) const {
  if (stage_ != Stage::idle || !thread_.joinable()) return false;
  const std::uint64_t log_bytes = totals.payload_bytes - taken_at_.payload_bytes;
  const bool is_worth_it = log_bytes >= last_bytes_ || last_bytes_ < options_.small_bytes;
  return (totals.txns - taken_at_.txns >= txns_due_ && is_worth_it) || log_bytes >= log_bytes_due_;
}

void Snapshots::consider(const BatchEnd& end, const LogTotals& totals) {
  if (!is_due(totals)) return;
  taken_at_ = totals;
  choose_thresholds();
  // The places of the thread's reader are this thread's to set; the thread only reads under them.
  core::Pins& pins = state_.trie().pins();
  const Zxid pinned = pins.pin(options_.reader);
  CHECK(pinned == end.zxid);
  pins.hold(options_.reader);
  pins.unpin(options_.reader);
  state_.begin_session_walk(end.zxid);
  next_ = {.zxid = end.zxid, .digest = end.digest, .log_chain = end.log_chain, .sessions = {}};
  next_.sessions.reserve(state_.session_count());
  stage_ = Stage::copying_sessions;
}

Zxid Snapshots::turn() {
  if (stage_ == Stage::copying_sessions) copy_sessions();
  // relaxed: the mutex orders what follows; a report that is missed now is taken in the next turn.
  if (!has_report_.load(std::memory_order_relaxed)) return {};
  std::vector<Report> reports;
  {
    const std::lock_guard lock(mutex_);
    reports.swap(reports_);
    has_report_.store(false, std::memory_order_relaxed);  // relaxed: under the mutex
  }
  Zxid purge_below{};
  for (const Report& report : reports) {
    if (report.was_snapshot) take(report);
    purge_below = std::max(purge_below, report.oldest_kept);
  }
  return purge_below;
}

void Snapshots::copy_sessions() {
  const bool more =
      state_.walk_sessions(sessions_per_turn, [this](const core::SessionValue& session) {
        SessionCopy& copy = next_.sessions.emplace_back();
        copy.id = session.id;
        copy.timeout_ms = session.timeout_ms;
        std::copy(session.password.begin(), session.password.end(), copy.password.begin());
      });
  if (more) return;
  stage_ = Stage::writing;
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(next_);
    cancelled_.store(false, std::memory_order_relaxed);  // relaxed: under the mutex
  }
  changed_.notify_one();
}

void Snapshots::take(const Report& report) {
  drop_hold();
  if (!report.succeeded) {
    ++view_.failed;
    return;
  }
  ++view_.count;
  last_bytes_ = report.bytes;
  view_.last_zxid = report.zxid;
  view_.last_ms = report.took_ms;
  view_.max_ms = std::max(view_.max_ms, report.took_ms);
  view_.total_ms += report.took_ms;
}

void Snapshots::drop_hold() {
  state_.trie().pins().drop(options_.reader);
  stage_ = Stage::idle;
}

void Snapshots::free_space() {
  if (stage_ == Stage::copying_sessions) {
    next_ = {};
    ++view_.failed;
    drop_hold();
  }
  {
    const std::lock_guard lock(mutex_);
    wants_space_ = true;
    // relaxed: under the mutex; and it only has to be seen soon.
    cancelled_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_one();
}

void Snapshots::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancelled_.store(true, std::memory_order_relaxed);  // relaxed: it only has to be seen soon
  }
  changed_.notify_one();
  thread_.join();
  turn();
  if (stage_ != Stage::idle) drop_hold();
}

// --- The thread

void Snapshots::run() {
  log::name_thread("snap");
  // A snapshot can wait and requests cannot: where cores are few, the reactors come first. Of this
  // thread alone (Linux); if it is refused, snapshots only cost more.
  const SchedulerAttributes attributes{.nice = niceness, .runtime_ns = slice_ns};
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || job_ || wants_space_; });
    if (stopping_) break;
    Report report;
    if (std::optional<StateAt> job = std::exchange(job_, std::nullopt)) {
      lock.unlock();
      report = write(*job);
    } else {
      wants_space_ = false;
      lock.unlock();
      report.oldest_kept = free_disk_space();
    }
    lock.lock();
    reports_.push_back(report);
    has_report_.store(true, std::memory_order_relaxed);  // relaxed: under the mutex
    if (!options_.wake_core) continue;
    lock.unlock();
    options_.wake_core();
    lock.lock();
  }
  disk_.reset();  // a ring belongs to its thread
}

Snapshots::Report Snapshots::write(const StateAt& at) {
  const auto begun = std::chrono::steady_clock::now();
  Report report{.was_snapshot = true, .zxid = at.zxid};
  wal::Disk* disk = this->disk();
  if (disk == nullptr) return report;
  wal::SnapshotWriter writer(*disk, options_.dir);
  const auto written =
      write_state(writer, state_.trie(), options_.reader, at, wall_clock_ms(), cancelled_);
  report.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begun)
                       .count();
  if (!written) {
    log::warn("snapshot {} was not written: {}", at.zxid, written.error().message);
    return report;
  }
  log::info("snapshot {} written: {} nodes, {} sessions, {} KiB in {} ms", at.zxid,
            written->node_count, written->session_count, written->bytes >> 10, report.took_ms);
  report.succeeded = true;
  report.bytes = written->bytes;
  report.oldest_kept = remove_surplus(*disk);
  return report;
}

Zxid Snapshots::remove_surplus(wal::Disk& disk) {
  if (!options_.purge) return {};
  // A snapshot whose last step failed has a name that a crash may take back; nothing may be removed
  // on the strength of it.
  const auto synced =
      wal::wait_for(disk, [&](auto done) { disk.sync_dir(options_.dir, std::move(done)); });
  if (synced < 0) {
    log::warn("{}", wal::disk_failure("cannot sync the directory", options_.dir, synced).message);
    return {};
  }
  auto oldest = wal::remove_surplus_snapshots(disk, options_.dir, options_.keep);
  if (!oldest) {
    log::warn("surplus snapshots stay: {}", oldest.error().message);
    return {};
  }
  return *oldest;
}

Zxid Snapshots::free_disk_space() {
  wal::Disk* disk = this->disk();
  if (disk == nullptr) return {};
  const auto removed = wal::remove_unfinished_snapshots(*disk, options_.dir);
  if (!removed) log::warn("unfinished snapshots stay: {}", removed.error().message);
  return remove_surplus(*disk);
}

wal::Disk* Snapshots::disk() {
  if (disk_ == nullptr) {
    auto opened = open_disk_();
    if (!opened) {
      log::warn("no snapshots for now: {}", opened.error());
      return nullptr;
    }
    disk_ = std::move(*opened);
  }
  return disk_.get();
}

}  // namespace paddock::snapshots
