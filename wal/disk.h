#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace paddock::wal {

/// What the log and the snapshots need of a disk (R21). Declared here, by its consumer;
/// paddock/disk implements it with io_uring, tests/sim with a simulated disk that loses what was
/// not synced, and a test build with real files that do the same.
///
/// Every operation is completion-based: it returns at once, and `done` runs from poll() or wait(),
/// never from inside the call itself. `result` is >= 0 or -errno. A buffer must
/// live until its `done` has run; paths are copied. Operations in flight on one file may complete
/// in any order: whoever needs an order waits for the first before issuing the second.
///
/// Threads: loop-local. One Disk belongs to one thread; the snapshot thread has its own.
class Disk {
 public:
  using Done = std::function<void(std::int64_t result)>;
  using File = std::int32_t;  ///< from open(); valid until close()

  struct Open {
    bool create = false;  ///< make it if it is not there; its name is durable only after sync_dir()
    bool exclusive = false;  ///< with create: -EEXIST when it is there
    bool writable = false;
    bool direct = false;  ///< bypass the page cache where the file system can (O_DIRECT); offsets,
                          ///< lengths and memory are then multiples of 4096
  };

  virtual ~Disk() = default;

  virtual void open(std::string_view path, Open how, Done done) = 0;  ///< result: a File
  virtual void close(File file) = 0;                                  ///< nothing may be in flight
  virtual void size(File file, Done done) = 0;                        ///< result: bytes
  virtual void read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) = 0;
  /// Writes; may be short. `durable`: when `done` runs with result = from.size(), the bytes and the
  /// metadata needed to read them back are on stable storage (one write with RWF_DSYNC, or a write
  /// and a linked fdatasync). A short durable write promises nothing about durability: the caller
  /// goes on with the remainder and then calls sync() (R8).
  virtual void write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
                     Done done) = 0;
  virtual void sync(File file, Done done) = 0;  ///< fdatasync
  virtual void allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) = 0;
  virtual void truncate(File file, std::uint64_t bytes, Done done) = 0;
  virtual void rename(std::string_view from, std::string_view to, Done done) = 0;
  virtual void remove(std::string_view path, Done done) = 0;
  /// Replaces `names` by those in a directory, without "." and "..", unsorted; `names` must live
  /// until `done` has run.
  virtual void list(std::string_view dir, std::vector<std::string>& names, Done done) = 0;
  virtual void make_dir(std::string_view dir, Done done) = 0;
  virtual void sync_dir(std::string_view dir, Done done) = 0;

  /// Runs the completions that are there; returns how many ran.
  virtual std::size_t poll() = 0;
  /// Blocks until at least one operation in flight has completed, and runs it. For start-up, tools
  /// and the snapshot thread; the daemon's loop polls. REQUIRES: something is in flight.
  virtual void wait() = 0;
};

}  // namespace paddock::wal
