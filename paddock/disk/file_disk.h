#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wal/disk.h"

namespace paddock {

/// A disk of real files made of plain system calls, for the offline tools: they must work where
/// io_uring is forbidden, and gain nothing from it. Each operation is done before its call returns;
/// only the completion waits for poll() or wait(), as the interface promises.
///
/// `direct` is a wish: a file system that refuses O_DIRECT gets an ordinary open.
///
/// Threads: loop-local.
class FileDisk final : public wal::Disk {
 public:
  FileDisk() = default;
  ~FileDisk() override;
  FileDisk(const FileDisk&) = delete;
  FileDisk& operator=(const FileDisk&) = delete;

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
  void complete(std::int64_t result, Done done) { done_.emplace_back(result, std::move(done)); }

  std::deque<std::pair<std::int64_t, Done>> done_;
};

}  // namespace paddock
