#include "paddock/tools/wal_check.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "paddock/recovery/replay.h"
#include "wal/blocking.h"
#include "wal/log_end.h"
#include "wal/names.h"

namespace paddock::tools {
namespace {

class Check {
 public:
  Check(wal::Disk& disk, const WalDirectories& dirs, Progress& progress)
      : disk_(disk), dirs_(dirs), progress_(progress) {}

  Result<WalCheck, std::string> run();

 private:
  using StatePtr = std::unique_ptr<core::State>;

  Result<void, std::string> list();
  void load_snapshots();
  Result<wal::SnapshotFooter, wal::Damage> load(const wal::SnapshotFile& file, core::State& state);
  void check_log();
  Result<CheckedLog, wal::Damage> replay(core::State& state, Zxid base);
  Result<void, std::string> check_place(const wal::RecoveredBatch& batch, Zxid at) const;
  Result<void, std::string> compare_with_snapshots(const wal::RecoveredBatch& batch,
                                                   const core::State& state) const;
  bool newest_starts();
  static StatePtr empty_state() { return std::make_unique<core::State>(core::State::Options{}); }

  wal::Disk& disk_;
  const WalDirectories& dirs_;
  Progress& progress_;
  WalCheck check_;
  std::vector<wal::SnapshotFile> files_;  // newest first
  bool log_begins_with_the_first_ = false;
  StatePtr oldest_;  // of the oldest loadable snapshot
  Zxid oldest_zxid_{};
};

Result<WalCheck, std::string> Check::run() {
  if (auto listed = list(); !listed) return fail(listed.error());
  load_snapshots();
  check_log();
  return std::move(check_);
}

Result<void, std::string> Check::list() {
  auto files = wal::list_snapshots(disk_, dirs_.data);
  if (!files) return fail(files.error().message);
  files_ = *std::move(files);
  std::vector<std::string> names;
  wal::BlockingDisk blocking(disk_);
  if (blocking.list(dirs_.data, names) >= 0) {
    for (const std::string& name : names)
      if (wal::is_unfinished_snapshot_name(name))
        check_.notes.push_back(wal::path_in(dirs_.data, name) +
                               " was never finished; the next start removes it");
  }
  if (const std::int64_t result = blocking.list(dirs_.log, names); result < 0)
    return fail(wal::disk_failure("cannot list", dirs_.log, result).message);
  for (const std::string& name : names)
    log_begins_with_the_first_ |= wal::segment_first(name) == next_zxid(Zxid{0});
  return {};
}

void Check::load_snapshots() {
  for (const wal::SnapshotFile& file : files_) {
    CheckedSnapshot checked{.file = file};
    StatePtr state = empty_state();
    auto footer = load(file, *state);
    if (footer) {
      checked.footer = *footer;
      oldest_ = std::move(state);
      oldest_zxid_ = file.zxid;
    } else {
      checked.damage = footer.error();
      check_.damage.push_back(footer.error());
    }
    check_.snapshots.push_back(std::move(checked));
  }
}

Result<wal::SnapshotFooter, wal::Damage> Check::load(const wal::SnapshotFile& file,
                                                     core::State& state) {
  return recovery::load_snapshot(disk_, file, state,
                                 [&](std::uint64_t offset, std::uint64_t /*file_bytes*/) {
                                   progress_.at("loading", file.path, offset);
                                 });
}

void Check::check_log() {
  const bool has_base = oldest_ != nullptr || files_.empty();
  if (!has_base && !log_begins_with_the_first_) {
    check_.damage.push_back({dirs_.data, 0,
                             "no snapshot can be loaded, and the log does not begin with the first "
                             "transaction"});
    return;
  }
  if (oldest_ == nullptr) oldest_ = empty_state();
  auto log = replay(*oldest_, oldest_zxid_);
  oldest_.reset();
  if (!log) {
    check_.damage.push_back(log.error());
    check_.starts = newest_starts();
    return;
  }
  check_.starts = has_base;
  for (const std::string& note : log->recovered.notes) check_.notes.push_back(note);
  if (!files_.empty() && log->recovered.last < files_.front().zxid) {
    check_.starts = false;
    check_.damage.push_back(
        {files_.front().path, 0,
         fmt::format("log_ends_before_snapshot: the log ends with {:#x} and there is a snapshot of "
                     "{:#x}, so the log has lost batches",
                     log->recovered.last.value, files_.front().zxid.value)});
  }
  check_.log = *std::move(log);
}

/// What is wrong with the log may lie before the snapshot that a start loads.
bool Check::newest_starts() {
  const CheckedSnapshot* newest = check_.newest_loadable();
  if (newest == nullptr || newest->file.zxid == oldest_zxid_) return false;
  StatePtr state = empty_state();
  if (!load(newest->file, *state)) return false;
  const auto log = replay(*state, newest->file.zxid);
  return log && log->recovered.last >= files_.front().zxid;
}

Result<CheckedLog, wal::Damage> Check::replay(core::State& state, Zxid base) {
  CheckedLog log{.base = base};
  wal::LogEnd end;
  auto recovered = wal::recover(
      disk_, dirs_.log, base,
      [&](const wal::RecoveredBatch& batch) -> Result<void, std::string> {
        progress_.at("replaying", batch.file, batch.offset);
        if (auto placed = check_place(batch, state.newest()); !placed) return placed;
        if (auto applied = recovery::replay_batch(batch, state); !applied) return applied;
        ++log.batch_count;
        log.txn_count += batch.count;
        return compare_with_snapshots(batch, state);
      },
      end);
  if (!recovered) return fail(recovered.error());
  for (const CheckedSnapshot& snapshot : check_.snapshots) {
    const bool is_end = !snapshot.damage && snapshot.file.zxid == recovered->last;
    if (!is_end || snapshot.footer.log_chain == 0 || end.chain == 0) continue;
    if (snapshot.footer.log_chain != end.chain)
      return fail(wal::Damage{snapshot.file.path, 0,
                              "the last batch of the log is not the one that it ends with"});
  }
  log.recovered = *std::move(recovered);
  log.digest = state.digest();
  return log;
}

/// Before `batch` is applied: the snapshot of the state that stands now names the batch before it.
Result<void, std::string> Check::check_place(const wal::RecoveredBatch& batch, Zxid at) const {
  for (const CheckedSnapshot& snapshot : check_.snapshots) {
    if (snapshot.damage || snapshot.file.zxid != at || snapshot.footer.log_chain == 0) continue;
    if (snapshot.footer.log_chain != batch.chain)
      return fail("it does not follow the batch that " + snapshot.file.path + " ends with");
  }
  return {};
}

Result<void, std::string> Check::compare_with_snapshots(const wal::RecoveredBatch& batch,
                                                        const core::State& state) const {
  for (const CheckedSnapshot& snapshot : check_.snapshots) {
    const Zxid zxid = snapshot.file.zxid;
    if (snapshot.damage || zxid < batch.first || zxid > batch.last) continue;
    const std::string& name = snapshot.file.path;
    if (zxid != batch.last) return fail("batch_straddles_snapshot: it goes on behind " + name);
    if (snapshot.footer.digest != state.digest())
      return fail("the state behind it is not the one in " + name);
  }
  return {};
}

}  // namespace

const CheckedSnapshot* WalCheck::newest_loadable() const {
  for (const CheckedSnapshot& snapshot : snapshots)
    if (!snapshot.damage) return &snapshot;
  return nullptr;
}

Result<WalCheck, std::string> check_wal(wal::Disk& disk, const WalDirectories& dirs,
                                        Progress& progress) {
  return Check(disk, dirs, progress).run();
}

}  // namespace paddock::tools
