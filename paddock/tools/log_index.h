#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "paddock/tools/progress.h"
#include "wal/disk.h"
#include "wal/format.h"
#include "wal/recovery.h"

namespace paddock::tools {

/// All that can still be read of a log, wherever it stands: for salvage, which must not stop at the
/// first thing that is wrong. Threads: immutable.
class LogIndex {
 public:
  struct Batch {
    std::size_t segment = 0;  ///< of paths()
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    wal::BatchHeader header;
  };
  /// Bytes that are no record.
  struct Unreadable {
    std::size_t segment = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::string reason;
    Zxid
        before{};  ///< first zxid of the next record that can be read; {INT64_MAX} if there is none
  };

  /// Reads every segment in `dir` to its end. A segment that the disk cannot read is one unreadable
  /// stretch. The error says that the directory cannot be listed.
  static Result<LogIndex, std::string> read(wal::Disk& disk, const std::string& dir,
                                            Progress& progress);

  const std::vector<std::string>& paths() const { return paths_; }           ///< oldest first
  const std::vector<Batch>& batches() const { return batches_; }             ///< in the log's order
  const std::vector<Unreadable>& unreadable() const { return unreadable_; }  ///< likewise
  Zxid durable() const { return durable_; }  ///< the highest that any record calls durable

  /// The batch that goes on behind `last`, if there is one. `chain`: header_crc of the batch before
  /// it, 0 before the first; nullopt when it is not known.
  const Batch* find_next(Zxid last, std::optional<std::uint32_t> chain) const;
  /// The batch that ends with `last`.
  const Batch* find_ending(Zxid last) const;

 private:
  void add_segment(wal::Disk& disk, const std::string& path, Progress& progress);

  std::vector<std::string> paths_;
  std::vector<Batch> batches_;
  std::vector<std::size_t> by_first_;  // into batches_
  std::vector<Unreadable> unreadable_;
  Zxid durable_{};
};

}  // namespace paddock::tools
