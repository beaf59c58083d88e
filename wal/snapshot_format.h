#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "wal/direct_buffer.h"

namespace paddock::wal {

// The snapshot file, version 1. Frozen; docs/snapshot-format.md tells the story, this file holds
// what writer and reader share, and neither includes the other. Little-endian throughout.
//
//   +--------+-------------------+-----+-------------------+-------+--------+
//   | header | chunk             | ... | chunk             | zeros | footer |
//   | 64 B   | 16 B payload pad  |     | 16 B payload pad  |       | 128 B  |
//   +--------+-------------------+-----+-------------------+-------+--------+
//   0                                                              file_bytes, a multiple of 4096
//
// A file is a complete snapshot iff
//   - its length is a multiple of 4096, and the footer in its last 128 bytes has the right magic,
//     version, CRC and that length;
//   - the header has the right magic, version and CRC, and the footer's zxid, which is the name's
//     too;
//   - from byte 64 to the footer's chunks_end lie `chunk_count` chunks, each with the right CRC and
//     the CRC of its predecessor, holding as many nodes and sessions together as the footer says;
//   - all bytes between chunks_end and the footer are zero.
// So each byte of the file is covered, and a chunk of another snapshot, valid in itself, is not
// taken.

constexpr std::uint64_t snapshot_magic = 0x31'50'4e'53'4b'44'44'50;         // "PDDKSNP1"
constexpr std::uint64_t snapshot_footer_magic = 0x31'44'4e'45'4b'44'44'50;  // "PDDKEND1"
constexpr std::uint32_t snapshot_chunk_magic = 0x4b'4e'48'43;               // "CHNK"
constexpr std::uint32_t snapshot_version = 1;

/// The first bytes of the file.
struct SnapshotHeader {
  std::uint64_t magic = snapshot_magic;
  std::uint32_t version = snapshot_version;
  std::uint32_t header_bytes = 64;
  std::int64_t zxid = 0;     ///< of the last transaction that is in it
  std::int64_t time_ms = 0;  ///< wall clock when it was begun, ms since 1970; for people only
  std::uint8_t reserved[28] = {};
  std::uint32_t crc = 0;  ///< CRC32C of the bytes before it
};

/// Ahead of each chunk. The payload is a FlatBuffer SnapshotChunk, padded with zeros to 8 bytes.
struct SnapshotChunkHeader {
  std::uint32_t magic = snapshot_chunk_magic;
  std::uint32_t payload_bytes = 0;  ///< without the padding; 1 .. payload_bytes_max
  std::uint32_t previous = 0;       ///< CRC of the chunk before; of the header for the first
  std::uint32_t crc = 0;            ///< CRC32C of the 12 bytes before it, payload and padding
};

/// The last bytes of the file.
struct SnapshotFooter {
  std::uint64_t magic = snapshot_footer_magic;
  std::uint32_t version = snapshot_version;
  std::uint32_t footer_bytes = 128;
  std::int64_t zxid = 0;
  std::uint64_t digest = 0;  ///< of the whole state at zxid, sessions included
  std::uint64_t chunk_count = 0;
  std::uint64_t node_count = 0;
  std::uint64_t session_count = 0;
  std::uint64_t chunks_end = 0;  ///< offset behind the last chunk
  std::uint64_t file_bytes = 0;  ///< the file's length
  std::uint32_t log_chain = 0;   ///< CRC of the log batch that ends at zxid; 0 = unknown
  std::uint32_t previous = 0;    ///< CRC of the last chunk; of the header if there is none
  std::uint8_t reserved[44] = {};
  std::uint32_t crc = 0;  ///< CRC32C of the bytes before it
};

constexpr std::uint64_t chunk_alignment = 8;

/// Where a chunk that starts at `offset` ends, padding included.
constexpr std::uint64_t chunk_end(std::uint64_t offset, std::uint64_t payload_bytes) {
  const std::uint64_t end = offset + sizeof(SnapshotChunkHeader) + payload_bytes;
  return (end + chunk_alignment - 1) / chunk_alignment * chunk_alignment;
}

/// Length of a file whose chunks end at `chunks_end`.
constexpr std::uint64_t snapshot_file_bytes(std::uint64_t chunks_end) {
  return (chunks_end + sizeof(SnapshotFooter) + direct_block_bytes - 1) / direct_block_bytes *
         direct_block_bytes;
}

static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(SnapshotHeader) == 64 && offsetof(SnapshotHeader, crc) == 60);
static_assert(sizeof(SnapshotChunkHeader) == 16 && offsetof(SnapshotChunkHeader, crc) == 12);
static_assert(sizeof(SnapshotFooter) == 128 && offsetof(SnapshotFooter, crc) == 124);
static_assert(sizeof(SnapshotHeader) % chunk_alignment == 0);
static_assert(std::has_unique_object_representations_v<SnapshotHeader> &&
              std::has_unique_object_representations_v<SnapshotChunkHeader> &&
              std::has_unique_object_representations_v<SnapshotFooter>);

}  // namespace paddock::wal
