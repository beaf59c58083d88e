#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "wal/disk.h"
#include "wal/disk_failure.h"
#include "wal/recovery.h"

namespace paddock::wal {

// The snapshots of a data directory. A name is the zxid in 16 hex digits and ".snap"; while it is
// being written, ".snap.tmp". All calls block in Disk::wait().

struct SnapshotFile {
  std::string path;  ///< with the directory
  Zxid zxid{};
};

constexpr std::size_t snapshots_kept = 3;

std::string snapshot_name(Zxid zxid);
/// The zxid of a snapshot's name, without directory; nullopt for any other name.
std::optional<Zxid> parse_snapshot_name(std::string_view name);
/// A snapshot that was never finished.
bool is_unfinished_snapshot_name(std::string_view name);

/// All snapshots by name, newest first; their content is not looked at.
Result<std::vector<SnapshotFile>, DiskFailure> list_snapshots(Disk& disk, const std::string& dir);

/// What a start finds.
///
/// A start loads complete[0]. If that turns out to be damaged inside, the state is thrown away and
/// the next is tried: nothing is lost by it as long as the log goes on from there, because segments
/// are only purged below the oldest kept snapshot. But an older snapshot must not hide that the log
/// is too short: recovery has to reach `newest`, the zxid of the newest snapshot by name, readable
/// or not (R7). damaged but not complete being empty is damage: there were snapshots, so a log
/// alone may lack its beginning.
struct SnapshotsFound {
  std::vector<SnapshotFile> complete;  ///< newest first; header and footer are right
  std::vector<Damage> damaged;         ///< those whose header or footer is not
  Zxid newest{};                       ///< {0} if there is none
};
Result<SnapshotsFound, DiskFailure> find_snapshots(Disk& disk, const std::string& dir);

/// Removes files of snapshots that were never finished; returns how many. Not while one is written.
Result<std::size_t, DiskFailure> remove_unfinished_snapshots(Disk& disk, const std::string& dir);

/// Removes all but the newest `keep` (at least 1) snapshots, durably. Returns the zxid of the
/// oldest one left, {0} if there is none: the log may be purged below it (R7).
Result<Zxid, DiskFailure> remove_surplus_snapshots(Disk& disk, const std::string& dir,
                                                   std::size_t keep = snapshots_kept);

}  // namespace paddock::wal
