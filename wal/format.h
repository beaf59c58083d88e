#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace paddock::wal {

// The shared constants of the log on disk; docs/wal-format.md tells the whole story. Numbers are
// little-endian. Everything here is frozen for version 1.

/// Batches start at such boundaries: one block is the smallest durable write, and the damage scan
/// finds headers there without knowing where a batch ends.
constexpr std::uint64_t block_bytes = 4096;

constexpr std::uint32_t batch_magic = 0x4c415750;  ///< "PWAL" in the order of the file
constexpr std::uint16_t format_version = 1;

/// Marks of a record without payload (count = 0); a batch has none of them.
constexpr std::uint16_t flag_continued =
    1;                                 ///< last of its segment: the log goes on in the successor
constexpr std::uint16_t flag_end = 2;  ///< a clean stop

/// In front of each payload. A change of version keeps magic, version and header_crc in place, so
/// that an older reader can say "newer" rather than "damaged".
struct BatchHeader {
  std::uint32_t magic = batch_magic;
  std::uint16_t version = format_version;
  std::uint16_t flags = 0;
  std::uint64_t log_id = 0;  ///< random per log; tells headers of this log from any other bytes
  Zxid first{};              ///< of the batch; of the next one in a record without payload
  Zxid durable{};            ///< last zxid known durable when this was written
  std::uint32_t count = 0;   ///< zxids in the batch
  std::uint32_t payload_bytes = 0;  ///< without the zeros up to the next block
  std::uint32_t payload_crc = 0;    ///< CRC32C of the payload
  std::uint32_t chain = 0;          ///< header_crc of the batch before this record; 0 for the first
  std::uint8_t reserved[12] = {};   ///< zero; not looked at
  std::uint32_t header_crc = 0;  ///< CRC32C of the 60 bytes before it: of payload and chain as well
};

static_assert(std::endian::native == std::endian::little, "the header is copied as it stands");
static_assert(sizeof(BatchHeader) == 64);
static_assert(offsetof(BatchHeader, version) == 4);
static_assert(offsetof(BatchHeader, flags) == 6);
static_assert(offsetof(BatchHeader, log_id) == 8);
static_assert(offsetof(BatchHeader, first) == 16);
static_assert(offsetof(BatchHeader, durable) == 24);
static_assert(offsetof(BatchHeader, count) == 32);
static_assert(offsetof(BatchHeader, payload_bytes) == 36);
static_assert(offsetof(BatchHeader, payload_crc) == 40);
static_assert(offsetof(BatchHeader, chain) == 44);
static_assert(offsetof(BatchHeader, reserved) == 48);
static_assert(offsetof(BatchHeader, header_crc) == 60);

constexpr std::size_t header_bytes = sizeof(BatchHeader);

/// Bytes on disk of a batch with this payload.
constexpr std::uint64_t batch_bytes(std::uint64_t payload_bytes) {
  return (header_bytes + payload_bytes + block_bytes - 1) / block_bytes * block_bytes;
}
static_assert(batch_bytes(0) == block_bytes);
static_assert(batch_bytes(block_bytes - header_bytes) == block_bytes);
static_assert(batch_bytes(block_bytes - header_bytes + 1) == 2 * block_bytes);

/// `steps` applications of next_zxid(); wraps to a negative number behind the last epoch.
constexpr Zxid advance_zxid(Zxid z, std::uint32_t steps) {
  const std::uint64_t counter = std::uint64_t{counter_of(z)} + steps;
  if (counter <= 0xffffffffu) return make_zxid(epoch_of(z), static_cast<std::uint32_t>(counter));
  return make_zxid(epoch_of(z) + 1, static_cast<std::uint32_t>(counter - 0xffffffffu));
}
static_assert(advance_zxid(Zxid{1}, 0) == Zxid{1});
static_assert(advance_zxid(make_zxid(3, 0xffffffffu), 1) == next_zxid(make_zxid(3, 0xffffffffu)));
static_assert(advance_zxid(make_zxid(3, 0xfffffffeu), 3) == make_zxid(4, 2));

}  // namespace paddock::wal
