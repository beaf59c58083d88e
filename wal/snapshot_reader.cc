#include "wal/snapshot_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "wal/disk_failure.h"
#include "wal/snapshot_dir.h"

namespace paddock::wal {
namespace {

template <class Struct>
bool has_right_crc(const Struct& value) {
  const Bytes bytes(reinterpret_cast<const std::byte*>(&value), offsetof(Struct, crc));
  return crc32c(bytes) == value.crc;
}

std::string count_error(const char* what, std::uint64_t found, std::uint64_t expected) {
  return "the snapshot holds " + std::to_string(found) + " " + what + " and its footer says " +
         std::to_string(expected);
}

std::string version_error(std::uint32_t version) {
  return "snapshot format version " + std::to_string(version) +
         " is not known, this program reads " + std::to_string(snapshot_version) +
         ": use the program that wrote it";
}

}  // namespace

Result<std::unique_ptr<SnapshotReader>, Damage> SnapshotReader::open(Disk& disk,
                                                                     const std::string& path) {
  auto result =
      wait_for(disk, [&](auto done) { disk.open(path, {.direct = true}, std::move(done)); });
  if (result < 0) return fail(Damage{path, 0, disk_failure("cannot open", path, result).message});
  const auto file = static_cast<Disk::File>(result);
  result = wait_for(disk, [&](auto done) { disk.size(file, std::move(done)); });
  if (result < 0) {
    disk.close(file);
    return fail(Damage{path, 0, disk_failure("cannot stat", path, result).message});
  }
  std::unique_ptr<SnapshotReader> reader(
      new SnapshotReader(disk, path, file, static_cast<std::uint64_t>(result)));
  if (auto checked = reader->check_ends(); !checked) return fail(std::move(checked.error()));
  return reader;
}

SnapshotReader::SnapshotReader(Disk& disk, std::string path, Disk::File file,
                               std::uint64_t file_bytes)
    : disk_(disk), path_(std::move(path)), file_(file), file_bytes_(file_bytes) {}

SnapshotReader::~SnapshotReader() {
  for (Piece& piece : pieces_)
    while (piece.in_flight) disk_.wait();
  disk_.close(file_);
}

Damage SnapshotReader::damage(std::uint64_t offset, std::string reason) const {
  return {path_, offset, std::move(reason)};
}

Result<void, Damage> SnapshotReader::read_exactly(std::uint64_t offset, std::span<std::byte> into) {
  const auto result =
      wait_for(disk_, [&](auto done) { disk_.read(file_, offset, into, std::move(done)); });
  if (result < 0) return fail(damage(offset, disk_failure("cannot read", path_, result).message));
  if (static_cast<std::size_t>(result) != into.size())
    return fail(damage(offset + static_cast<std::uint64_t>(result), "the file ends here"));
  return {};
}

Result<void, Damage> SnapshotReader::check_ends() {
  if (file_bytes_ == 0 || file_bytes_ % direct_block_bytes != 0)
    return fail(damage(file_bytes_, "the file has " + std::to_string(file_bytes_) +
                                        " bytes, a snapshot a multiple of 4096: it was cut off or "
                                        "is not one"));
  DirectBuffer block(direct_block_bytes);
  if (auto read = read_exactly(0, block.first(direct_block_bytes)); !read) return read;
  std::memcpy(&header_, block.data(), sizeof header_);
  if (header_.magic != snapshot_magic) return fail(damage(0, "no snapshot header"));
  if (!has_right_crc(header_)) return fail(damage(0, "the header has a wrong checksum"));
  if (header_.version != snapshot_version)
    return fail(damage(offsetof(SnapshotHeader, version), version_error(header_.version)));
  const auto named = parse_snapshot_name(path_.substr(path_.rfind('/') + 1));
  if (named && named->value != header_.zxid)
    return fail(damage(offsetof(SnapshotHeader, zxid), "the header is of the snapshot " +
                                                           snapshot_name(Zxid{header_.zxid}) +
                                                           ": the file was renamed"));

  if (auto read = read_exactly(file_bytes_ - direct_block_bytes, block.first(direct_block_bytes));
      !read)
    return read;
  const std::uint64_t at = file_bytes_ - sizeof footer_;
  std::memcpy(&footer_, block.data() + direct_block_bytes - sizeof footer_, sizeof footer_);
  if (footer_.magic != snapshot_footer_magic)
    return fail(damage(at, "no footer at the end of the file: it was cut off or never finished"));
  if (!has_right_crc(footer_)) return fail(damage(at, "the footer has a wrong checksum"));
  if (footer_.version != snapshot_version)
    return fail(damage(at + offsetof(SnapshotFooter, version), version_error(footer_.version)));
  if (footer_.zxid != header_.zxid)
    return fail(damage(at + offsetof(SnapshotFooter, zxid), "header and footer differ in zxid"));
  if (footer_.file_bytes != file_bytes_ || footer_.chunks_end > file_bytes_ ||
      footer_.chunks_end < sizeof(SnapshotHeader) || footer_.chunks_end % chunk_alignment != 0 ||
      snapshot_file_bytes(footer_.chunks_end) != file_bytes_)
    return fail(damage(at + offsetof(SnapshotFooter, chunks_end),
                       "the footer's lengths do not fit the file's"));
  previous_ = header_.crc;
  return {};
}

Result<const fbs::SnapshotChunk*, Damage> SnapshotReader::next() {
  if (offset_ == footer_.chunks_end) {
    if (auto checked = check_tail(); !checked) return fail(std::move(checked.error()));
    return nullptr;
  }
  chunk_offset_ = offset_;
  SnapshotChunkHeader header;
  if (footer_.chunks_end - offset_ < sizeof header)
    return fail(damage(offset_, "the chunks do not end where the footer says"));
  auto bytes = bytes_at(offset_, sizeof header);
  if (!bytes) return fail(std::move(bytes.error()));
  std::memcpy(&header, *bytes, sizeof header);
  if (header.magic != snapshot_chunk_magic)
    return fail(damage(offset_, "no chunk where one begins"));
  if (header.payload_bytes == 0 || header.payload_bytes > payload_bytes_max ||
      chunk_end(offset_, header.payload_bytes) > footer_.chunks_end)
    return fail(damage(offset_, "the chunk's length cannot be"));

  const std::uint64_t payload_at = offset_ + sizeof header;
  const std::uint64_t end = chunk_end(offset_, header.payload_bytes);
  bytes = bytes_at(payload_at, end - payload_at);
  if (!bytes) return fail(std::move(bytes.error()));
  const std::uint32_t header_crc =
      crc32c({reinterpret_cast<const std::byte*>(&header), offsetof(SnapshotChunkHeader, crc)});
  if (crc32c({*bytes, end - payload_at}, header_crc) != header.crc)
    return fail(damage(offset_, "the chunk has a wrong checksum"));
  if (header.previous != previous_)
    return fail(damage(offset_, "the chunk does not follow the one before it"));
  auto chunk = verify_chunk({*bytes, header.payload_bytes});
  if (!chunk) return fail(damage(payload_at, std::move(chunk.error())));

  previous_ = header.crc;
  offset_ = end;
  chunks_ += 1;
  nodes_ += (*chunk)->nodes() == nullptr ? 0 : (*chunk)->nodes()->size();
  sessions_ += (*chunk)->sessions() == nullptr ? 0 : (*chunk)->sessions()->size();
  return *chunk;
}

/// What can only be said behind the last chunk.
Result<void, Damage> SnapshotReader::check_tail() {
  const std::uint64_t at = file_bytes_ - sizeof footer_;
  if (chunks_ != footer_.chunk_count)
    return fail(damage(at, count_error("chunks", chunks_, footer_.chunk_count)));
  if (nodes_ != footer_.node_count)
    return fail(damage(at, count_error("nodes", nodes_, footer_.node_count)));
  if (sessions_ != footer_.session_count)
    return fail(damage(at, count_error("sessions", sessions_, footer_.session_count)));
  if (previous_ != footer_.previous)
    return fail(damage(at, "the footer does not follow the last chunk"));
  const std::size_t padding = at - footer_.chunks_end;
  if (padding == 0) return {};
  auto bytes = bytes_at(footer_.chunks_end, padding);
  if (!bytes) return fail(std::move(bytes.error()));
  for (std::size_t i = 0; i < padding; ++i)
    if ((*bytes)[i] != std::byte{0})
      return fail(
          damage(footer_.chunks_end + i, "bytes other than zero between chunks and footer"));
  return {};
}

void SnapshotReader::start_piece(std::uint64_t index) {
  Piece& piece = pieces_[index % piece_count];
  CHECK(!piece.in_flight);
  piece.index = index;
  piece.size = static_cast<std::size_t>(
      std::min<std::uint64_t>(piece_bytes, file_bytes_ - index * piece_bytes));
  piece.read = 0;
  piece.error = 0;
  if (piece.memory.size() < piece.size) piece.memory = DirectBuffer(piece.size);
  read_piece(piece);
}

/// Reads what is missing of it; goes on after a short read, from the last whole block.
void SnapshotReader::read_piece(Piece& piece) {
  piece.in_flight = true;
  disk_.read(file_, piece.index * piece_bytes + piece.read,
             piece.memory.first(piece.size).subspan(piece.read),
             [this, &piece](std::int64_t result) {
               piece.in_flight = false;
               const std::size_t count = result < 0 ? 0 : static_cast<std::size_t>(result);
               if (piece.read + count >= piece.size) {
                 piece.read = piece.size;
               } else if (count >= direct_block_bytes) {
                 piece.read += count / direct_block_bytes * direct_block_bytes;
                 read_piece(piece);
               } else {
                 piece.error = result < 0 ? result : -EIO;
               }
             });
}

Result<const SnapshotReader::Piece*, Damage> SnapshotReader::piece(std::uint64_t index) {
  while (started_ < index + piece_count && started_ * piece_bytes < file_bytes_)
    start_piece(started_++);
  Piece& piece = pieces_[index % piece_count];
  CHECK(piece.index == index);
  while (piece.in_flight) disk_.wait();
  if (piece.error != 0)
    return fail(damage(index * piece_bytes + piece.read,
                       disk_failure("cannot read", path_, piece.error).message));
  return &piece;
}

Result<const std::byte*, Damage> SnapshotReader::bytes_at(std::uint64_t offset, std::size_t count) {
  assembled_.clear();
  for (;;) {
    auto from = piece(offset / piece_bytes);
    if (!from) return fail(std::move(from.error()));
    const std::size_t at = offset % piece_bytes;
    const std::size_t here = std::min(count, (*from)->size - at);
    const std::byte* data = (*from)->memory.data() + at;
    if (here == count && assembled_.empty()) return data;
    if (assembled_.empty()) assembled_.reserve(count);
    assembled_.append({data, here});
    offset += here;
    count -= here;
    if (count == 0) return assembled_.data();
  }
}

}  // namespace paddock::wal
