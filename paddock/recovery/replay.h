#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.h"
#include "core/state.h"
#include "wal/recovery.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_format.h"

namespace paddock::recovery {

/// Called behind each chunk of a snapshot, with where it stands in the file.
using ChunkLoaded = std::function<void(std::uint64_t offset, std::uint64_t file_bytes)>;

/// Builds the state that a complete snapshot holds, which must be empty before, and compares the
/// digests. After an error the state is unusable. Blocks in Disk::wait().
Result<wal::SnapshotFooter, wal::Damage> load_snapshot(wal::Disk& disk,
                                                       const wal::SnapshotFile& file,
                                                       core::State& state,
                                                       const ChunkLoaded& loaded);

/// Applies a batch of a log, which must be the one behind the state, and proves by the digest in it
/// that the state is then the one the daemon had. The error is a phrase for Damage::reason; the
/// state is unusable then.
Result<void, std::string> replay_batch(const wal::RecoveredBatch& batch, core::State& state);

}  // namespace paddock::recovery
