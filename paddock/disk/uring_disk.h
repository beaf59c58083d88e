#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "net/loop.h"
#include "paddock/disk/spare_descriptors.h"
#include "wal/disk.h"

namespace paddock {

/// The real disk (R21): wal::Disk by io_uring.
///
/// It works on a loop that it shares with the reactor (completions arrive during Loop::wait() and
/// are kept until poll() runs them) or on a small one of its own (recovery, the snapshot thread,
/// the tools), and wait() turns that loop.
///
/// A durable write is one submission entry: a write with RWF_DSYNC, which the kernel answers when
/// data and the metadata to find it are on stable storage. On a file opened with O_DIRECT over
/// blocks written before it becomes one forced-unit-access write (or a write and a device flush)
/// without a file system journal commit. On a buffered file the kernel would sync inside the
/// submission, so there it is handed to a kernel thread (IOSQE_ASYNC). No linked fdatasync is
/// needed, hence none can be cancelled by a short write (R8); the caller continues a short write
/// itself.
///
/// What a file system cannot do falls back: O_DIRECT (-EINVAL) to buffered, fallocate (-EOPNOTSUPP)
/// to writing zeros behind the end of the file. What io_uring of Linux 6.1 cannot do (ftruncate,
/// reading a directory) is a plain system call, and completes with the next poll(): those are calls
/// of start-up and clean-up. A file that cannot be opened because clients have all descriptors gets
/// one of a few that are kept back.
///
/// Threads: loop-local.
class UringDisk final : public wal::Disk {
 public:
  /// A disk with a files-only loop of its own.
  static Result<std::unique_ptr<UringDisk>, net::LoopError> open_own();
  /// A disk on the reactor's loop, which outlives it.
  explicit UringDisk(net::Loop& shared);
  /// Waits for what is in flight and drops it: no `done` runs any more. Open files are closed.
  ~UringDisk() override;

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

  /// Operations whose `done` has not run yet.
  std::size_t in_flight() const { return in_flight_; }
  /// Whether O_DIRECT was granted to an open file.
  bool is_direct(File file) const;
  net::Loop& loop() { return loop_; }

 private:
  /// One operation, from a free list. `step` sees the result of the current submission; it either
  /// submits another for the same operation or calls finish().
  struct Operation : net::Completion {
    using Step = void (*)(UringDisk& disk, Operation& operation, std::int32_t result);
    UringDisk* disk = nullptr;
    Operation* next = nullptr;  ///< in ready_ or free_
    Step step = nullptr;
    wal::Disk::Done done_call;
    std::int64_t result = 0;
    std::string path;
    std::string path_to;
    std::unique_ptr<struct statx> stat;
    Open how;
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
    std::int32_t answer = 0;  ///< of a plain system call
  };

  explicit UringDisk(std::unique_ptr<net::Loop> own);

  Operation& begin(Done done, Operation::Step step);
  io_uring_sqe* submission(Operation& operation);
  void finish(Operation& operation, std::int64_t result);
  static void finish_step(UringDisk& disk, Operation& operation, std::int32_t result);

  void submit_open(Operation& operation);
  static int open_flags(const Open& how);
  std::int32_t open_again(const Operation& operation, int flags);
  static void opened(UringDisk& disk, Operation& operation, std::int32_t result);
  void submit_stat(Operation& operation);
  static void allocated(UringDisk& disk, Operation& operation, std::int32_t result);
  static void allocate_sized(UringDisk& disk, Operation& operation, std::int32_t result);
  static void allocate_zeros(UringDisk& disk, Operation& operation, std::int32_t result);
  static void dir_opened(UringDisk& disk, Operation& operation, std::int32_t result);
  static void dir_synced(UringDisk& disk, Operation& operation, std::int32_t result);

  void note_open(int fd, bool direct);

  enum class FileKind : std::uint8_t { none, buffered, direct };

  SpareDescriptors spares_;
  std::unique_ptr<net::Loop> own_loop_;  ///< null on a shared loop
  net::Loop& loop_;
  std::vector<FileKind> files_;  ///< by descriptor, which is the File
  std::vector<std::unique_ptr<Operation>> operations_;
  Operation* free_ = nullptr;
  Operation* ready_first_ = nullptr;  ///< completed, waiting for poll(), in order of completion
  Operation* ready_last_ = nullptr;
  std::size_t in_flight_ = 0;
};

}  // namespace paddock
