#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "wal/disk.h"
#include "wal/recovery.h"

namespace paddock::wal {

/// What one batch holds; zxids are consecutive in the sense of next_zxid().
struct BatchSpan {
  Zxid first{};
  Zxid last{};
  std::uint32_t count = 0;
};

/// The group-commit writer: batches in, a durable watermark out.
///
/// Durability is visible in one number: nothing may be acknowledged before durable() has reached its
/// zxid, and durable() advances only over a contiguous prefix of durable batches (R8). Segments are
/// made ahead (zero-filled, synced, recycled when old) by operations of the log's own on the same
/// disk; append() never waits for one.
///
/// A failed write or sync of the log is not an error value: the owner's `failed` must end the process.
///
/// Threads: loop-local, with its Disk.
class Log {
 public:
  struct Options {
    std::string dir;
    std::uint64_t segment_bytes = 64u << 20;
    std::uint32_t writes_in_flight_max = 2;
    bool force_sync = true;  ///< forceSync=no: writes are acknowledged before they are synced
    std::int64_t slow_sync_warning_ms = 1000;  ///< fsync.warningthresholdms
  };

  /// Calls come from inside Disk::poll().
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

  /// Goes on behind what recover() found. `end` is taken over (what it says must be zeroed and synced
  /// first is done before the first append). Blocks (Disk::wait) until the log can hold a batch or it is
  /// known why not.
  static std::unique_ptr<Log> start(Disk& disk, const Options& options, LogEnd end, Owner& owner);
  ~Log();

  /// Whether a batch with this many payload bytes fits into segments that exist (R20).
  enum class Space {
    ready,
    preparing,  ///< a segment is being made: ask again later
    none,       ///< the disk is full; retry_space() tries again
  };
  Space space_for(std::size_t payload_bytes) const;
  /// Fewer than writes_in_flight_max batches are on their way.
  bool can_append() const;
  /// Copies `payload` and starts to write it. REQUIRES: can_append(), space_for(payload.size()) == ready,
  /// batch.first = next_zxid of the last batch's last.
  void append(const BatchSpan& batch, Bytes payload);

  Zxid durable() const;
  /// Asks for a segment now: the disk may have room again. The answer is space_changed().
  void retry_space();
  /// Segments wholly below `oldest_kept_snapshot` are recycled or removed (R7).
  void purge(Zxid oldest_kept_snapshot);

  /// Writes the end record behind the last batch; `done` when it is durable. Nothing is appended after.
  void close(std::function<void()> done);

  struct Counters {
    std::uint64_t syncs = 0;        ///< durable writes of batches
    std::uint64_t batches = 0;
    std::uint64_t payload_bytes = 0;
    std::uint64_t written_bytes = 0;  ///< headers and padding included
    std::int64_t last_sync_ns = 0, max_sync_ns = 0, total_sync_ns = 0;
    std::uint64_t slow_syncs = 0;
  };
  const Counters& counters() const;
  /// When a write in flight has been under way for longer than slow_sync_warning_ms: for how long, ms;
  /// else 0. The owner logs it; reads and pings go on (R8).
  std::int64_t stalled_ms(std::int64_t now_ns) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace paddock::wal
