#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "core/state.h"
#include "paddock/snapshots/state_writer.h"
#include "paddock/words/server_view.h"
#include "wal/disk.h"

namespace paddock::snapshots {

/// Decides when an on-disk snapshot is due, and has a thread of its own write it (R17).
///
/// The way of a snapshot, at most one at a time:
///
///     consider()   the core's thread, at the end of a batch: due, so this state is held
///     turn() ...   the core's thread: the sessions that exist there are copied, a slice a turn
///     the thread   walks the tree at that state and writes the file; then surplus files are
///     removed turn()       the core's thread: the hold is dropped, the log may be purged
///
/// A failure is a line in the log and a number in view(): the next snapshot is due after as many
/// transactions again, and until then the log keeps what is needed (R7).
///
/// Threads: loop-local, the ordering core's; its own thread "snap" is only entered through the
/// mutex, and touches nothing but the tree (as a reader), its disk and its part of this object.
class Snapshots {
 public:
  struct Options {
    std::string dir;           ///< exists
    std::uint32_t reader = 0;  ///< the thread's own number in pins and epoch of the trie
    /// A snapshot is due after a random number of transactions in [n/2 + 1, n], so that servers
    /// that were started together do not write theirs together; at least 2 (snapCount).
    std::int64_t txns_max = 100'000;
    /// But when the last snapshot had as many bytes as this, not before the log has grown by as
    /// many as that snapshot had: a large tree under many writes would be written all the time. A
    /// start then reads at most about twice what is in the tree.
    std::uint64_t small_bytes = 16u << 20;
    /// Or after so much of the log's payload, by the same rule; 0 = by transactions only.
    std::int64_t log_bytes_max = 0;
    std::size_t keep = 3;  ///< snapshots that are not surplus; at least 1
    bool purge = true;     ///< false: nothing is ever removed, nor may the log be purged
    std::uint64_t seed = 0;
    /// Called on the thread when turn() has something to take, to wake a sleeping loop; may be
    /// empty.
    std::function<void()> wake_core;
  };
  /// Opens the disk, on the thread and before its first use; tried again for the next snapshot if
  /// it fails. The text is for the operator.
  using OpenDisk = std::function<Result<std::shared_ptr<wal::Disk>, std::string>()>;

  /// What the log has taken since this object was made.
  struct LogTotals {
    std::uint64_t txns = 0;
    std::uint64_t payload_bytes = 0;
  };
  /// The end of a batch that is committed.
  struct BatchEnd {
    Zxid zxid{};
    std::uint64_t digest = 0;
    std::uint32_t log_chain = 0;  ///< Log::durable_chain() if Log::durable() is `zxid`, else 0
  };

  /// `state` outlives it. Starts the thread. `since_snapshot`: what a start had to read from the
  /// log behind the snapshot that it loaded.
  Snapshots(core::State& state, const Options& options, OpenDisk open_disk,
            const LogTotals& since_snapshot);
  ~Snapshots();  ///< stop()
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  /// Whether consider() would begin a snapshot now; cheap, so that callers need not gather what it
  /// wants at the end of every batch.
  bool is_due(const LogTotals& totals) const;
  /// Begins a snapshot of the state as it is committed now, if one is due and none is under way.
  /// REQUIRES: `end.zxid` == state.committed(), and it is not moved during the call.
  void consider(const BatchEnd& end, const LogTotals& totals);

  /// Once per turn of the core: copies a slice of sessions, takes what the thread has finished.
  /// Returns the zxid below which the log may be purged now (Log::purge()), or {0}.
  Zxid turn();
  /// turn() has work that needs no event to go on: do not sleep.
  bool is_busy() const { return stage_ == Stage::copying_sessions; }
  /// A snapshot is under way.
  bool is_running() const { return stage_ != Stage::idle; }

  /// The disk is full (R20): a snapshot under way is given up and its file removed, and surplus
  /// files are removed if purging is on. What that allows to be purged, turn() tells.
  void free_space();

  /// Gives up what is under way, soon, and ends the thread. Nothing is due afterwards.
  void stop();

  const words::SnapshotView& view() const { return view_; }

 private:
  enum class Stage : std::uint8_t { idle, copying_sessions, writing };

  /// What the thread has done.
  struct Report {
    bool was_snapshot = false;  ///< else only a removal of surplus files
    bool succeeded = false;
    Zxid zxid{};
    Zxid oldest_kept{};  ///< {0}: not known, or nothing may be purged
    std::int64_t took_ms = 0;
    std::uint64_t bytes = 0;  ///< of the file
  };

  void choose_thresholds();
  void copy_sessions();
  void take(const Report& report);
  void drop_hold();

  // --- The thread's.
  void run();
  Report write(const StateAt& at);
  Zxid remove_surplus(wal::Disk& disk);
  Zxid free_disk_space();
  wal::Disk* disk();

  core::State& state_;
  const Options options_;
  const OpenDisk open_disk_;

  // The core's.
  Stage stage_ = Stage::idle;
  StateAt next_;                  ///< while its sessions are copied
  LogTotals taken_at_;            ///< when the last snapshot was begun
  std::uint64_t last_bytes_ = 0;  ///< of the last snapshot that was written
  std::uint64_t txns_due_ = 0;
  std::uint64_t log_bytes_due_ = 0;
  std::mt19937_64 random_;
  words::SnapshotView view_;

  // Between the two.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<StateAt> job_;
  bool wants_space_ = false;
  bool stopping_ = false;
  std::vector<Report> reports_;
  std::atomic<bool> has_report_{false};  // lets turn() pass by without the mutex
  std::atomic<bool> cancelled_{false};   // ends the snapshot under way

  // The thread's.
  std::shared_ptr<wal::Disk> disk_;
  std::thread thread_;
};

}  // namespace paddock::snapshots
