#include "wal/batch.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/crc32c.h"

namespace paddock::wal {
namespace {

std::uint32_t crc_of(const BatchHeader& header) {
  return crc32c({reinterpret_cast<const std::byte*>(&header), offsetof(BatchHeader, header_crc)});
}

/// The fields fit together. A CRC only says that they are as they were written.
bool is_consistent(const BatchHeader& header) {
  if (header.first.value <= 0 || header.durable.value < 0) return false;
  if (header.count == 0) {
    return header.payload_bytes == 0 &&
           (header.flags == flag_continued || header.flags == flag_end);
  }
  return header.flags == 0 && last_zxid(header) >= header.first;
}

}  // namespace

Zxid last_zxid(const BatchHeader& header) { return advance_zxid(header.first, header.count - 1); }

void seal_batch(BatchHeader& header, std::byte* at) {
  CHECK(is_consistent(header));
  header.payload_crc = crc32c({at + header_bytes, header.payload_bytes});
  header.header_crc = crc_of(header);
  std::memcpy(at, &header, header_bytes);
}

HeaderState read_header(Bytes block, BatchHeader& header) {
  CHECK(block.size() >= header_bytes);
  const Bytes bytes = block.first(header_bytes);
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; }))
    return HeaderState::blank;
  BatchHeader found;
  std::memcpy(&found, bytes.data(), header_bytes);
  if (found.magic != batch_magic || found.header_crc != crc_of(found)) return HeaderState::bad;
  if (found.version != format_version) {
    header = found;
    return HeaderState::newer;
  }
  if (!is_consistent(found)) return HeaderState::bad;
  header = found;
  if (found.count > 0) return HeaderState::batch;
  return found.flags == flag_end ? HeaderState::end : HeaderState::mark;
}

bool payload_matches(const BatchHeader& header, Bytes payload) {
  return payload.size() == header.payload_bytes && crc32c(payload) == header.payload_crc;
}

}  // namespace paddock::wal
