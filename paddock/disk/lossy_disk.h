#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "net/loop.h"
#include "paddock/disk/lossy_files.h"
#include "wal/disk.h"

namespace paddock {

/// wal::Disk over LossyFiles: the real daemon of a test build (meson option `lossy`) on a disk that
/// forgets what was not synced when the process is killed. lossy_files.h lists the faults.
///
/// Calls other than sync, sync_dir and durable writes take effect inside the call; all completions
/// come through the loop, as io_uring's do.
///
/// Threads: loop-local; the files behind it are shared by all disks of the process.
class LossyDisk final : public wal::Disk {
 public:
  /// A disk on the reactor's loop, which outlives it.
  LossyDisk(net::Loop& shared, std::shared_ptr<LossyFiles> files);
  /// A disk with a loop of its own.
  static Result<std::unique_ptr<LossyDisk>, net::LoopError> open_own(
      std::shared_ptr<LossyFiles> files);
  /// Waits for the syncs in flight; no `done` runs any more.
  ~LossyDisk() override;

  void open(std::string_view path, Open how, Done done) override;
  void close(File file) override;
  void size(File file, Done done) override;
  void read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) override;
  void write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
             Done done) override;
  void sync(File file, Done done) override;
  void allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) override;
  void truncate(File file, std::uint64_t bytes, Done done) override;
  void rename(std::string_view from, std::string_view to, Done done) override;
  void remove(std::string_view path, Done done) override;
  void list(std::string_view dir, std::vector<std::string>& names, Done done) override;
  void make_dir(std::string_view dir, Done done) override;
  void sync_dir(std::string_view dir, Done done) override;
  std::size_t poll() override;
  void wait() override;

 private:
  using Completed = std::pair<std::int64_t, Done>;
  struct WakeOp : net::Completion {
    LossyDisk* disk = nullptr;
  };

  LossyDisk(std::unique_ptr<net::Loop> own, net::Loop& loop, std::shared_ptr<LossyFiles> files);
  /// Before the call is passed on; the loop may belong to a thread only from here on.
  void begin() {
    ++in_flight_;
    if (!is_armed_) arm();
  }
  void complete(std::int64_t result, Done done);
  void arm();
  LossyFiles::Node node(File file) const;

  std::unique_ptr<net::Loop> own_loop_;  ///< null on a shared loop
  net::Loop& loop_;
  std::shared_ptr<LossyFiles> files_;
  std::vector<LossyFiles::Node> open_;  ///< by File; 0 = closed
  std::size_t in_flight_ = 0;

  std::mutex mutex_;                  ///< guards completed_, which the sync thread fills
  std::vector<Completed> completed_;  ///< waiting for poll()
  int wake_fd_;                       ///< an eventfd that the loop reads: ends its sleep
  std::uint64_t wake_count_ = 0;
  WakeOp wake_;
  bool is_armed_ = false;
  bool stops_ = false;
};

}  // namespace paddock
