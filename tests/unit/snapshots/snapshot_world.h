#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>

#include "paddock/snapshots/snapshots.h"
#include "tests/unit/recovery/saved_world.h"

namespace paddock::snapshots {

/// A saved world with the snapshot thread beside it. The two share one simulated disk, so only one
/// of them may use it at a time: the log is at rest while the thread works.
class SnapshotWorld : public SavedWorld {
 public:
  explicit SnapshotWorld(const sim::SimDisk::Options& disk_options = {})
      : SavedWorld(disk_options) {
    options.dir = dir;
    options.reader = snapshot_reader;
    options.txns_max = 2;
    options.wake_core = [this] { reported_.release(); };
  }
  ~SnapshotWorld() { snapshots.reset(); }

  /// Without a log: the log's part of the directory is not what is tested.
  void begin(const Snapshots::LogTotals& since = {}) {
    snapshots = std::make_unique<Snapshots>(
        world.state, options,
        [this]() -> Result<std::shared_ptr<wal::Disk>, std::string> {
          if (before_open) before_open();
          if (!open_error.empty()) return fail(open_error);
          return std::shared_ptr<wal::Disk>(std::shared_ptr<void>(), &disk);
        },
        since);
  }

  Snapshots::LogTotals totals() const { return {world.log.size(), payload_bytes}; }
  /// Offers the committed state.
  void consider() {
    snapshots->consider({.zxid = world.state.committed(),
                         .digest = world.state.digest(),
                         .log_chain = log == nullptr ? 0 : log->durable_chain()},
                        totals());
  }
  /// Lets the thread work until it has reported something, and takes that.
  Zxid wait_for_report() {
    Zxid purge_below{0};
    while (snapshots->is_busy()) purge_below = std::max(purge_below, snapshots->turn());
    reported_.acquire();
    return std::max(purge_below, snapshots->turn());
  }
  /// From offering the state to having it on the disk. Returns below what the log may be purged.
  Zxid take_snapshot() {
    consider();
    EXPECT_TRUE(snapshots->is_running());
    return wait_for_report();
  }

  Snapshots::Options options;
  std::unique_ptr<Snapshots> snapshots;
  std::string open_error;             ///< set it while the thread has nothing to do
  std::function<void()> before_open;  ///< runs on the thread
  std::uint64_t payload_bytes = 0;

 private:
  std::counting_semaphore<> reported_{0};
};

}  // namespace paddock::snapshots
