#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.h"
#include "wal/disk.h"
#include "wal/reader.h"
#include "wal/recovery.h"

namespace paddock::tools {

/// One stretch of a segment, as the scan found it.
struct Stretch {
  enum class Kind : std::uint8_t {
    record,  ///< a batch, mark or end that is valid by itself
    zeros,   ///< nothing was written here
    bad,     ///< other bytes, up to the next valid header or zeros
  };
  Kind kind{};
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;            ///< of a bad stretch: up to its last byte that is not zero
  wal::SegmentReader::Record record;  ///< of a record; the payload lives for the call
  std::string reason;                 ///< of a bad stretch
};
using StretchVisitor = std::function<void(const Stretch&)>;

/// Walks over all of a segment, and goes on behind what it cannot read: behind a damaged header the
/// next record is looked for at each block. Calls `visit` in the order of the file. The error is
/// one of the disk. Blocks in Disk::wait().
Result<void, wal::Damage> scan_segment(wal::SegmentReader& reader, const StretchVisitor& visit);

}  // namespace paddock::tools
