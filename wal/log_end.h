#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace paddock::wal {

/// Where the log ends and what must be put right before it goes on: made by recover(), used up by
/// Log::start(). Recovery itself changes nothing on disk. A default one is an empty log in an empty
/// directory. Segments are named by their first zxid.
struct LogEnd {
  Zxid last{};               ///< of the last batch; the snapshot's when there is none above it
  std::uint32_t chain = 0;   ///< header_crc of the last batch; 0 before the first
  std::uint64_t log_id = 0;  ///< 0: nothing was ever written, Log::start chooses one

  std::vector<Zxid> segments;      ///< that stay, oldest first; the log goes on in the last
  std::uint64_t active_bytes = 0;  ///< size of the last one, a multiple of block_bytes
  std::uint64_t offset = 0;        ///< in it: where the next batch goes

  bool rest_is_dirty = false;   ///< there are other bytes than zeros from `offset` on: a cut
  std::vector<Zxid> unsynced;   ///< hold batches that may be in the page cache only
  std::vector<Zxid> discarded;  ///< segments behind the end; nothing in them was acknowledged
  std::vector<std::string>
      spares;  ///< names of files being made ready at the crash, content unknown
};

}  // namespace paddock::wal
