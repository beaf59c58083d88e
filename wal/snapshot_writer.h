#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "wal/direct_buffer.h"
#include "wal/disk.h"
#include "wal/disk_failure.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_format.h"

namespace paddock::wal {

/// Writes one snapshot at a time (R17): under a temporary name, with at most one write of
/// <= snapshot_write_bytes in flight, past the page cache where the file system can; then sync,
/// rename, sync of the directory. So a snapshot under its final name is always complete and
/// durable.
///
/// A failure, a full disk included, is an answer: what was written is removed, and the writer is
/// ready for the next begin(). The calls block in Disk::wait(): they are for the snapshot thread,
/// which has a Disk of its own.
///
/// Threads: loop-local, with its Disk.
class SnapshotWriter {
 public:
  /// Most bytes in flight at once, so that the log's writes never queue behind more.
  static constexpr std::size_t snapshot_write_bytes = 256 * 1024;

  /// What only the end of the walk knows.
  struct End {
    std::uint64_t digest = 0;     ///< of the state at the snapshot's zxid
    std::uint32_t log_chain = 0;  ///< CRC of the log batch that ends there; 0 = unknown
  };
  struct Written {
    SnapshotFile file;
    std::uint64_t bytes = 0;
    std::uint64_t node_count = 0;
    std::uint64_t session_count = 0;
  };

  /// `disk` must outlive the writer; `dir` exists.
  SnapshotWriter(Disk& disk, std::string dir);
  /// Aborts what was begun.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  /// Starts the snapshot of the state at `zxid`, which is the end of a batch. One that exists for
  /// the same zxid is replaced at finish(). REQUIRES: !is_open().
  Result<void, DiskFailure> begin(Zxid zxid, std::int64_t time_ms);
  /// Adds a finished FlatBuffer SnapshotChunk; copied before the call returns. Chunks of about
  /// snapshot_write_bytes are best; a chunk may be larger when a single node is. REQUIRES:
  /// is_open(), 0 < payload.size() <= payload_bytes_max, verify_chunk() would pass.
  Result<void, DiskFailure> add_chunk(Bytes payload);
  /// Makes it durable under its name. When only the last step fails, the sync of the directory, the
  /// file stays, complete, but nobody may rely on it (no purge of the log). REQUIRES: is_open().
  Result<Written, DiskFailure> finish(const End& end);
  /// Drops what was begun. Nothing happens if nothing was.
  void abort();

  bool is_open() const { return file_ >= 0; }

 private:
  Result<void, DiskFailure> append(Bytes bytes);
  Result<void, DiskFailure> append_zeros(std::size_t count);
  Result<void, DiskFailure> flush();
  Result<void, DiskFailure> wait_for_write();
  void start_write();
  Result<void, DiskFailure> give_up(DiskFailure failure);

  Disk& disk_;
  const std::string dir_;

  Disk::File file_ = -1;
  std::string temporary_;  ///< path of the file being written
  SnapshotFooter footer_;  ///< counts and chain so far
  std::uint64_t offset_ =
      0;  ///< where `filling_` will stand in the file; a multiple of direct_block_bytes

  // Two buffers: one is filled while the other is written.
  DirectBuffer filling_, writing_;
  std::size_t filled_ = 0;  ///< bytes in `filling_`

  // The write in flight: [written_, write_bytes_) of `writing_` is still to be done.
  bool in_flight_ = false;
  std::uint64_t write_offset_ = 0;  ///< of writing_[0] in the file
  std::size_t written_ = 0;
  std::size_t write_bytes_ = 0;
  std::int64_t write_result_ = 0;
};

}  // namespace paddock::wal
