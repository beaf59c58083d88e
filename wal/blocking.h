#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wal/disk.h"
#include "wal/disk_failure.h"

namespace paddock::wal {

/// The operations of a Disk one at a time, waited for: for start-up and tools. Results are those of
/// the Disk, >= 0 or -errno. Other operations in flight on the same disk may complete meanwhile.
/// Threads: loop-local, with its Disk.
class BlockingDisk {
 public:
  explicit BlockingDisk(Disk& disk) : disk_(disk) {}

  std::int64_t open(std::string_view path, Disk::Open how) {
    return run([&](auto done) { disk_.open(path, how, done); });
  }
  void close(Disk::File file) { disk_.close(file); }
  std::int64_t size(Disk::File file) {
    return run([&](auto done) { disk_.size(file, done); });
  }
  /// May be short at the end of the file only.
  std::int64_t read(Disk::File file, std::uint64_t offset, std::span<std::byte> into) {
    std::size_t count = 0;
    while (count < into.size()) {
      const std::int64_t result =
          run([&](auto done) { disk_.read(file, offset + count, into.subspan(count), done); });
      if (result < 0) return result;
      if (result == 0) break;
      count += static_cast<std::size_t>(result);
    }
    return static_cast<std::int64_t>(count);
  }
  /// One write; may be short.
  std::int64_t write(Disk::File file, std::uint64_t offset, std::span<const std::byte> from) {
    return run([&](auto done) { disk_.write(file, offset, from, false, done); });
  }
  std::int64_t sync(Disk::File file) {
    return run([&](auto done) { disk_.sync(file, done); });
  }
  std::int64_t rename(std::string_view from, std::string_view to) {
    return run([&](auto done) { disk_.rename(from, to, done); });
  }
  std::int64_t remove(std::string_view path) {
    return run([&](auto done) { disk_.remove(path, done); });
  }
  std::int64_t list(std::string_view dir, std::vector<std::string>& names) {
    return run([&](auto done) { disk_.list(dir, names, done); });
  }
  std::int64_t make_dir(std::string_view dir) {
    return run([&](auto done) { disk_.make_dir(dir, done); });
  }
  std::int64_t sync_dir(std::string_view dir) {
    return run([&](auto done) { disk_.sync_dir(dir, done); });
  }

 private:
  template <class Call>
  std::int64_t run(Call call) {
    return wait_for(disk_, call);
  }

  Disk& disk_;
};

}  // namespace paddock::wal
