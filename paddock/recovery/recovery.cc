#include "paddock/recovery/recovery.h"

#include <chrono>
#include <optional>
#include <utility>

#include "paddock/log.h"
#include "paddock/recovery/replay.h"
#include "wal/recovery.h"
#include "wal/snapshot_dir.h"

namespace paddock::recovery {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto progress_interval = std::chrono::seconds(5);

std::int64_t ms_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

/// "FILE at offset N: reason".
std::string text_of(const wal::Damage& damage) {
  return damage.file + " at offset " + std::to_string(damage.offset) + ": " + damage.reason;
}

/// Lets a line through now and then, so that a long load is seen to go on.
class Progress {
 public:
  bool is_due() {
    const auto now = Clock::now();
    if (now < next_) return false;
    next_ = now + progress_interval;
    return true;
  }

 private:
  Clock::time_point next_ = Clock::now() + progress_interval;
};

class Recovery {
 public:
  Recovery(wal::Disk& disk, const Options& options) : disk_(disk), options_(options) {}

  Result<RecoveredState, std::string> run();

 private:
  Result<void, std::string> choose_snapshot();
  Result<void, wal::Damage> load_from(const wal::SnapshotFile& file);
  Result<void, std::string> replay_log();
  Result<void, std::string> replay(const wal::RecoveredBatch& batch);
  Result<void, std::string> check_end() const;
  void remove_unfinished();
  void note(std::string text);
  std::string refused(const std::string& what) const;

  wal::Disk& disk_;
  const Options& options_;
  RecoveredState recovered_;
  std::uint32_t snapshot_chain_ = 0;  // of the log batch that the snapshot ends with; 0 = unknown
  Progress progress_;
};

Result<RecoveredState, std::string> Recovery::run() {
  if (auto chosen = choose_snapshot(); !chosen) return fail(std::move(chosen.error()));
  if (auto replayed = replay_log(); !replayed) return fail(std::move(replayed.error()));
  if (auto checked = check_end(); !checked) return fail(std::move(checked.error()));
  remove_unfinished();
  return std::move(recovered_);
}

/// The newest snapshot that can be loaded, or an empty tree if there never was one.
Result<void, std::string> Recovery::choose_snapshot() {
  const auto begun = Clock::now();
  auto found = wal::find_snapshots(disk_, options_.snapshot_dir);
  if (!found) return fail(std::move(found.error().message));
  recovered_.newest_snapshot = found->newest;
  for (const wal::Damage& damage : found->damaged)
    note("the snapshot " + text_of(damage) + "; it is passed over");
  for (const wal::SnapshotFile& file : found->complete) {
    auto loaded = load_from(file);
    if (loaded) {
      recovered_.snapshot = file.zxid;
      recovered_.oldest_snapshot = found->complete.back().zxid;
      recovered_.start.snapshot_load_ms = ms_since(begun);
      log::info("snapshot {} loaded: {} nodes, {} sessions in {} ms", file.zxid,
                recovered_.state->node_count(), recovered_.state->session_count(),
                recovered_.start.snapshot_load_ms);
      return {};
    }
    note("the snapshot " + text_of(loaded.error()) + "; it is passed over");
  }
  // A log alone may lack its beginning.
  if (!found->complete.empty() || !found->damaged.empty())
    return fail(refused("none of the snapshots in " + options_.snapshot_dir +
                        " can be read (the newest is " + wal::snapshot_name(found->newest) + ")"));
  recovered_.state = std::make_unique<core::State>(options_.state);
  return {};
}

Result<void, wal::Damage> Recovery::load_from(const wal::SnapshotFile& file) {
  // What an earlier attempt has loaded is of no use any more.
  recovered_.state.reset();
  recovered_.state = std::make_unique<core::State>(options_.state);
  const auto footer = load_snapshot(
      disk_, file, *recovered_.state, [&](std::uint64_t offset, std::uint64_t file_bytes) {
        if (progress_.is_due())
          log::info("loading snapshot {}: {} of {} MiB", file.zxid, offset >> 20, file_bytes >> 20);
      });
  if (!footer) return fail(footer.error());
  snapshot_chain_ = footer->log_chain;
  return {};
}

Result<void, std::string> Recovery::replay_log() {
  const auto begun = Clock::now();
  auto log = wal::recover(
      disk_, options_.log_dir, recovered_.snapshot,
      [this](const wal::RecoveredBatch& batch) { return replay(batch); }, recovered_.log_end);
  if (!log) return fail(refused("the log is damaged: " + text_of(log.error())));
  for (std::string& text : log->notes) note(std::move(text));
  recovered_.zxid = log->last;
  recovered_.durable = log->durable;
  recovered_.clean_stop = log->clean_stop;
  recovered_.start.log_load_ms = ms_since(begun);
  log::info("log read: {} transactions behind {} in {} ms; the last is {}",
            recovered_.start.txns_loaded, recovered_.snapshot, recovered_.start.log_load_ms,
            recovered_.zxid);
  return {};
}

Result<void, std::string> Recovery::replay(const wal::RecoveredBatch& batch) {
  const bool is_first = recovered_.start.txns_loaded == 0;
  if (is_first && snapshot_chain_ != 0 && batch.chain != snapshot_chain_)
    return fail(std::string("it does not follow the batch that the snapshot ends with"));
  if (auto replayed = replay_batch(batch, *recovered_.state); !replayed) return replayed;
  recovered_.start.txns_loaded += batch.count;
  recovered_.log_payload_bytes += batch.payload.size();
  if (progress_.is_due())
    log::info("reading the log: {} transactions, now at {}", recovered_.start.txns_loaded,
              batch.last);
  return {};
}

/// What only the end of the log can tell.
Result<void, std::string> Recovery::check_end() const {
  const wal::LogEnd& end = recovered_.log_end;
  if (recovered_.zxid < recovered_.newest_snapshot)
    return fail(refused(fmt::format(
        "the log in {} ends with {}, before the snapshot {}, which cannot be read: transactions "
        "that were acknowledged are missing",
        options_.log_dir, recovered_.zxid, wal::snapshot_name(recovered_.newest_snapshot))));
  const bool ends_with_snapshot = recovered_.start.txns_loaded == 0;
  if (ends_with_snapshot && snapshot_chain_ != 0 && end.chain != 0 && end.chain != snapshot_chain_)
    return fail(refused("the last batch of the log in " + options_.log_dir +
                        " is not the one that the snapshot " +
                        wal::snapshot_name(recovered_.snapshot) + " ends with"));
  return {};
}

/// Last, when the start stands: a refused one leaves everything as it was. The room may be what the
/// log needs to go on (R20).
void Recovery::remove_unfinished() {
  const auto removed = wal::remove_unfinished_snapshots(disk_, options_.snapshot_dir);
  if (!removed) return note(removed.error().message);
  if (*removed > 0) note(std::to_string(*removed) + " unfinished snapshots removed");
}

void Recovery::note(std::string text) {
  log::warn("{}", text);
  recovered_.notes.push_back(std::move(text));
}

std::string Recovery::refused(const std::string& what) const {
  return what +
         ". Nothing was changed. Put missing or damaged files back from a copy, or see "
         "`paddock wal verify` and `paddock wal salvage`";
}

}  // namespace

Result<RecoveredState, std::string> recover_state(wal::Disk& disk, const Options& options) {
  return Recovery(disk, options).run();
}

}  // namespace paddock::recovery
