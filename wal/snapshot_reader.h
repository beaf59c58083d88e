#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "wal/direct_buffer.h"
#include "wal/disk.h"
#include "wal/record.h"
#include "wal/recovery.h"
#include "wal/snapshot_format.h"

namespace paddock::wal {

/// Streams the chunks of a snapshot, reading ahead past the page cache: while one piece is decoded
/// the next ones are on their way. Everything the file says is checked before it is used; the first
/// thing that is wrong ends the reading with file, offset and reason. A read error of the disk is
/// Damage too.
///
/// Calls block in Disk::wait(). Threads: loop-local, with its Disk.
class SnapshotReader {
 public:
  /// Checks length, footer and header. `path` ends in the snapshot's name, which says its zxid.
  static Result<std::unique_ptr<SnapshotReader>, Damage> open(Disk& disk, const std::string& path);
  ~SnapshotReader();
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  Zxid zxid() const { return Zxid{footer_.zxid}; }
  const SnapshotHeader& header() const { return header_; }
  /// Counts are proven only when next() has returned the end; the digest is for the caller to
  /// compare with the state that the chunks built.
  const SnapshotFooter& footer() const { return footer_; }

  /// The next chunk, verified (verify_chunk()); it lives until the next call. Null behind the last
  /// one, when the whole file has been found right. Nodes come in any order: a parent may follow
  /// its child.
  Result<const fbs::SnapshotChunk*, Damage> next();

  /// Where the chunk that next() returned last begins in the file.
  std::uint64_t chunk_offset() const { return chunk_offset_; }

 private:
  // Reads in flight and their size: 4 MiB keep one fast drive busy.
  static constexpr std::size_t piece_bytes = 1 << 20;
  static constexpr std::size_t piece_count = 4;

  /// A part of the file, [index * piece_bytes, + size).
  struct Piece {
    DirectBuffer memory;
    std::uint64_t index = 0;
    std::size_t size = 0;  ///< bytes wanted
    std::size_t read = 0;  ///< bytes there
    bool in_flight = false;
    std::int64_t error = 0;
  };

  SnapshotReader(Disk& disk, std::string path, Disk::File file, std::uint64_t file_bytes);
  Result<void, Damage> check_ends();
  Result<void, Damage> check_tail();
  Damage damage(std::uint64_t offset, std::string reason) const;
  void start_piece(std::uint64_t index);
  void read_piece(Piece& piece);
  /// The piece `index`, read. Pieces before it are given up and the next ones started.
  Result<const Piece*, Damage> piece(std::uint64_t index);
  /// `count` bytes at `offset`, in one run: in a piece if they lie in one, else put together in
  /// `assembled_`. REQUIRES: they lie inside the file, not before an earlier call's.
  Result<const std::byte*, Damage> bytes_at(std::uint64_t offset, std::size_t count);
  Result<void, Damage> read_exactly(std::uint64_t offset, std::span<std::byte> into);

  Disk& disk_;
  const std::string path_;
  const Disk::File file_;
  const std::uint64_t file_bytes_;
  SnapshotHeader header_;
  SnapshotFooter footer_;

  std::uint64_t offset_ = sizeof(SnapshotHeader);  ///< of the next chunk
  std::uint64_t chunk_offset_ = 0;
  std::uint32_t previous_ = 0;
  std::uint64_t chunks_ = 0, nodes_ = 0, sessions_ = 0;  ///< seen so far

  std::array<Piece, piece_count> pieces_;  ///< piece i is in pieces_[i % piece_count]
  std::uint64_t started_ = 0;              ///< pieces started so far: the next index
  ByteBuffer assembled_;
};

}  // namespace paddock::wal
