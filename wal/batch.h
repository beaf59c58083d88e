#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "wal/format.h"

namespace paddock::wal {

/// Last zxid of a batch. REQUIRES: header.count > 0.
Zxid last_zxid(const BatchHeader& header);

/// Fills in the two CRCs and writes the header in front of its payload: `at` has
/// header.payload_bytes bytes of payload at +header_bytes, and zeros behind them up to
/// batch_bytes().
void seal_batch(BatchHeader& header, std::byte* at);

/// What stands at the start of a block.
enum class HeaderState : std::uint8_t {
  blank,  ///< zeros: nothing was written here
  bad,    ///< not a header: torn, damaged, or other bytes
  newer,  ///< a header of a version that this program does not know
  batch,  ///< a header that is valid by itself; the payload has not been looked at
  mark,   ///< a valid record `continued`
  end,    ///< a valid record of a clean stop
};

/// Judges the first header_bytes of `block`; `header` is set for newer, batch, mark and end.
/// REQUIRES: block.size() >= header_bytes.
HeaderState read_header(Bytes block, BatchHeader& header);

/// Whether `payload` is the one that `header` was written for.
bool payload_matches(const BatchHeader& header, Bytes payload);

}  // namespace paddock::wal
