#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "core/session_table.h"
#include "core/state.h"
#include "core/trie.h"
#include "wal/disk_failure.h"
#include "wal/snapshot_writer.h"

namespace paddock::snapshots {

/// A session as the snapshot needs it, copied on the ordering core's thread.
struct SessionCopy {
  SessionId id{};
  std::int32_t timeout_ms = 0;
  core::SessionPassword password{};
};

/// The state at one batch end, as it is known there.
struct StateAt {
  Zxid zxid{};
  std::uint64_t digest = 0;     ///< of the whole state at `zxid`, sessions included
  std::uint32_t log_chain = 0;  ///< CRC of the log batch that ends at `zxid`; 0 = unknown
  std::vector<SessionCopy> sessions;
};

/// Writes the state at `at.zxid` as one snapshot, while the tree goes on changing (R17). The zxid
/// must be pinned from before the call until it returns; `reader` is the caller's number in the
/// epoch, and it must be outside. The epoch is held for one shard at a time and never over a wait
/// for the disk.
///
/// What was written is hashed on the way: should its digest not be `at.digest`, nothing is kept.
/// For a snapshot that is wrong would only be noticed at a start, when the log below is gone.
///
/// `cancelled` ends it soon with ECANCELED. Calls block in Disk::wait().
/// Threads: loop-local, with the writer.
Result<wal::SnapshotWriter::Written, wal::DiskFailure> write_state(
    wal::SnapshotWriter& writer, core::Trie& trie, std::uint32_t reader, const StateAt& at,
    std::int64_t time_ms, const std::atomic<bool>& cancelled);

}  // namespace paddock::snapshots
