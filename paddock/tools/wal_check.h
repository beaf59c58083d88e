#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/types.h"
#include "paddock/tools/progress.h"
#include "wal/disk.h"
#include "wal/recovery.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_format.h"

namespace paddock::tools {

/// Where a daemon keeps its files; the same directory twice unless it has a dataLogDir.
struct WalDirectories {
  std::string data;  ///< snapshots
  std::string log;   ///< segments
};

/// One snapshot, loaded to its end.
struct CheckedSnapshot {
  wal::SnapshotFile file;
  wal::SnapshotFooter footer;         ///< set unless damaged
  std::optional<wal::Damage> damage;  ///< what is wrong with it
};

/// The log, replayed from `base` to its end.
struct CheckedLog {
  Zxid base{};  ///< of the snapshot that it was replayed on; {0} for the empty tree
  wal::Recovered recovered;
  std::uint64_t batch_count = 0;  ///< above base
  std::uint64_t txn_count = 0;
  std::uint64_t digest = 0;  ///< of the state at its end
};

struct WalCheck {
  std::vector<CheckedSnapshot> snapshots;  ///< newest first
  std::optional<CheckedLog> log;           ///< absent when it is damaged
  std::vector<wal::Damage> damage;         ///< of snapshots and log; empty: all is well
  std::vector<std::string> notes;          ///< what is not damage and worth a line
  bool starts = false;                     ///< a daemon would start on it, damaged or not

  bool is_clean() const { return damage.empty(); }
  /// The newest snapshot that can be loaded; null if there is none.
  const CheckedSnapshot* newest_loadable() const;
};

/// Judges a data directory as a start would, and beyond that: every snapshot is loaded, not only
/// the newest, and the log is replayed from the oldest of them on, because that is what a start
/// falls back to. Where the log passes a newer snapshot, both must hold the same state. Reads only.
/// The error says that a directory cannot be read at all. Blocks in Disk::wait().
Result<WalCheck, std::string> check_wal(wal::Disk& disk, const WalDirectories& dirs,
                                        Progress& progress);

}  // namespace paddock::tools
