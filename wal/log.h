#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "wal/disk.h"
#include "wal/log_end.h"

namespace paddock::wal {

/// What one batch holds; zxids are consecutive in the sense of next_zxid(). REQUIRES: count > 0,
/// last is count - 1 steps behind first.
struct BatchSpan {
  Zxid first{};
  Zxid last{};
  std::uint32_t count = 0;
};

/// The group-commit writer: batches in, a durable watermark out.
///
/// Durability is visible in one number: nothing may be acknowledged before durable() has reached
/// its zxid, and durable() advances only over a contiguous prefix of durable batches (R8). Segments
/// are made ahead (zero-filled, synced, recycled when old) by operations of the log's own on the
/// same disk; append() never waits for one.
///
/// A batch is one durable write (docs/wal-format.md). When a segment is nearly full, its successor
/// gets its name while the last batch is still being written, so that the next one finds it there.
///
/// A failed write or sync of the log is not an error value: the owner's `failed` must end the
/// process.
///
/// Threads: loop-local, with its Disk.
class Log {
 public:
  struct Options {
    std::string dir;  ///< exists, with its own name durable; the log's alone but for other suffixes
    std::uint64_t segment_bytes = 64u << 20;  ///< rounded up to whole blocks; at least 64 KiB
    std::uint32_t writes_in_flight_max = 2;   ///< at least 1
    /// forceSync=no: writes are acknowledged before they are synced, and a power cut loses them.
    bool force_sync = true;
    std::int64_t slow_sync_warning_ms = 1000;  ///< fsync.warningthresholdms
    std::uint64_t new_log_id = 0;              ///< of a log that begins now; 0: a random one
  };

  /// Calls come from inside Disk::poll(); failed() from start() as well.
  class Owner {
   public:
    virtual void durable_advanced(Zxid durable) = 0;
    /// The log cannot go on (R8): end the process with `reason`.
    virtual void failed(const std::string& reason) = 0;
    /// space_for() may have changed: a segment became ready, or could not be made (full disk, R20).
    virtual void space_changed() = 0;

   protected:
    ~Owner() = default;
  };

  /// Goes on behind what recover() found, after putting right what `end` says: segments behind the
  /// end are removed, the rest behind a cut is zeroed, and all that recovery has read is synced,
  /// because a batch found in the page cache of a killed process is about to be served. Blocks
  /// (Disk::wait) until the log can hold a batch or it is known why not: a full disk, or a failure,
  /// which the owner has been told and after which nothing can be appended.
  static std::unique_ptr<Log> start(Disk& disk, const Options& options, LogEnd end, Owner& owner);
  /// Waits for what is in flight; what is not yet durable then may be lost.
  ~Log();

  /// Whether a batch with this many payload bytes fits into segments that exist (R20). A batch
  /// larger than a segment gets one of its own size: asking for it here has it made. `ready` holds
  /// until the next append().
  enum class Space {
    ready,
    preparing,  ///< a segment is being made: ask again at space_changed()
    none,       ///< the disk is full; retry_space() tries again
  };
  Space space_for(std::size_t payload_bytes) const;
  /// Fewer than writes_in_flight_max batches are on their way.
  bool can_append() const;
  /// Copies `payload` and starts to write it. REQUIRES: can_append(), space_for(payload.size()) ==
  /// ready, batch.first = next_zxid of the last batch's last.
  void append(const BatchSpan& batch, Bytes payload);

  Zxid durable() const;
  /// CRC of the batch that durable() ends: what the next one is chained to. 0 before the first
  /// batch.
  std::uint32_t durable_chain() const;
  /// Asks for a segment now: the disk may have room again. The answer is space_changed(); there is
  /// none when a segment is ready.
  void retry_space();
  /// Segments wholly below `oldest_kept_snapshot` are recycled or removed (R7).
  void purge(Zxid oldest_kept_snapshot);

  /// Writes the end record behind the last batch; `done` when it is durable, from inside
  /// Disk::poll(), or from inside this call when there is no segment to write to. Nothing is
  /// appended after. Not called when the log fails meanwhile.
  void close(std::function<void()> done);

  struct Counters {
    std::uint64_t syncs = 0;  ///< durable writes of batches
    std::uint64_t batches = 0;
    std::uint64_t payload_bytes = 0;
    std::uint64_t written_bytes = 0;  ///< headers and padding included
    std::int64_t last_sync_ns = 0, max_sync_ns = 0, total_sync_ns = 0;
    std::uint64_t slow_syncs = 0;
  };
  const Counters& counters() const;
  /// When a write in flight has been under way for longer than slow_sync_warning_ms: for how long,
  /// ms; else 0. `now_ns` is of CLOCK_MONOTONIC. The owner logs it; reads and pings go on (R8).
  std::int64_t stalled_ms(std::int64_t now_ns) const;

 private:
  struct Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace paddock::wal
