#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/state.h"
#include "paddock/tools/progress.h"
#include "wal/recovery.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_format.h"

namespace paddock::tools {

/// Builds the state that a complete snapshot holds, which must be empty before, and compares
/// the digests. After an error the state is unusable. Blocks in Disk::wait().
Result<wal::SnapshotFooter, wal::Damage> load_snapshot(wal::Disk& disk,
                                                       const wal::SnapshotFile& file,
                                                       core::State& state, Progress& progress);

/// Applies the batches of a log to a state, as a start does, and proves by the digest in each that
/// the state behind it is the one the daemon had. Threads: loop-local.
class Replayer {
 public:
  explicit Replayer(core::State& state) : state_(state) {}

  /// The batch must be the one behind the state. The error is a phrase for Damage::reason; the
  /// state is unusable then.
  Result<void, std::string> apply(const wal::RecoveredBatch& batch);

  std::uint64_t batch_count() const { return batch_count_; }
  std::uint64_t txn_count() const { return txn_count_; }

 private:
  core::State& state_;
  std::uint64_t batch_count_ = 0;
  std::uint64_t txn_count_ = 0;
};

}  // namespace paddock::tools
