#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "wal/blocking.h"
#include "wal/disk.h"
#include "wal/format.h"
#include "wal/reader.h"

namespace paddock::tools {

/// Writes a salvaged data directory: one snapshot, copied byte for byte, and a log that goes on
/// behind it, whose batches are copied byte for byte as well, so that the chain still proves them.
///
/// Files stand under temporary names until finish(), which renames the one last without which a
/// start refuses the rest (R7): a salvage that was cut off is never taken for a shorter log. The
/// errors are sentences for the operator. Blocks in Disk::wait(). Threads: loop-local.
class SalvageWriter {
 public:
  /// `dir` exists and is empty.
  SalvageWriter(wal::Disk& disk, std::string dir) : disk_(disk), dir_(std::move(dir)) {}
  /// Removes what was written, unless finish() has succeeded.
  ~SalvageWriter();
  SalvageWriter(const SalvageWriter&) = delete;
  SalvageWriter& operator=(const SalvageWriter&) = delete;

  /// Of the snapshot at `path`. Before the first batch.
  Result<void, std::string> copy_snapshot(const std::string& path, Zxid zxid, std::uint32_t chain);
  /// Adds a batch, which follows the last one; in a segment of its own when asked.
  /// REQUIRES: record.found == batch.
  Result<void, std::string> append(const wal::SegmentReader::Record& record, bool begins_segment);
  /// Ends the log as a clean stop does and makes all of it durable under its names. `log_id` is
  /// used when there was no batch.
  Result<void, std::string> finish(std::uint64_t log_id);

 private:
  Result<void, std::string> begin_segment();
  Result<void, std::string> end_segment(std::uint16_t flag);
  Result<void, std::string> create(const std::string& name);
  Result<void, std::string> write(Bytes bytes);
  Result<void, std::string> close();

  wal::BlockingDisk disk_;
  const std::string dir_;
  std::vector<std::string> names_;  // final ones, in the order of their making
  bool is_finished_ = false;
  // The open file.
  wal::Disk::File file_ = -1;
  std::string path_;
  std::uint64_t offset_ = 0;
  // Of the last batch, or of the snapshot.
  Zxid last_{};
  std::uint32_t chain_ = 0;
  std::uint64_t log_id_ = 0;
  bool in_segment_ = false;
};

}  // namespace paddock::tools
