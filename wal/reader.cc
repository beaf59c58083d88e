#include "wal/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "wal/error_text.h"

namespace paddock::wal {
namespace {

/// One read of start-up: large enough that the disk's latency does not count.
constexpr std::uint64_t read_bytes = 1 << 20;

}  // namespace

Result<SegmentReader, Damage> SegmentReader::open(Disk& disk, std::string path) {
  BlockingDisk blocking(disk);
  const std::int64_t file = blocking.open(path, {});
  if (file < 0) return fail(Damage{path, 0, "cannot be opened: " + error_text(file)});
  const std::int64_t size = blocking.size(static_cast<Disk::File>(file));
  if (size < 0) {
    disk.close(static_cast<Disk::File>(file));
    return fail(Damage{path, 0, "its size cannot be read: " + error_text(size)});
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(size) / block_bytes * block_bytes;
  return SegmentReader(disk, std::move(path), static_cast<Disk::File>(file), bytes);
}

SegmentReader::SegmentReader(SegmentReader&& other) noexcept
    : disk_(other.disk_),
      path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      buffer_(std::move(other.buffer_)),
      window_offset_(other.window_offset_),
      window_bytes_(std::exchange(other.window_bytes_, 0)) {}

SegmentReader::~SegmentReader() {
  if (file_ >= 0) disk_.close(file_);
}

Result<SegmentReader::Record, Damage> SegmentReader::read(std::uint64_t offset) {
  CHECK(offset % block_bytes == 0);
  Record record{.found = Found::full, .offset = offset};
  if (offset >= bytes_) return record;
  const auto block = window(offset, block_bytes);
  if (!block) return fail(block.error());
  switch (read_header(*block, record.header)) {
    case HeaderState::blank:
      record.found = Found::blank;
      return record;
    case HeaderState::bad:
      record.found = Found::bad_header;
      return record;
    case HeaderState::newer:
      record.found = Found::newer;
      return record;
    case HeaderState::mark:
      record.found = Found::mark;
      record.bytes = block_bytes;
      return record;
    case HeaderState::end:
      record.found = Found::end;
      record.bytes = block_bytes;
      return record;
    case HeaderState::batch:
      break;
  }
  const std::uint64_t bytes = batch_bytes(record.header.payload_bytes);
  record.found = Found::bad_payload;
  if (bytes > bytes_ - offset) return record;
  const auto whole = window(offset, bytes);
  if (!whole) return fail(whole.error());
  const Bytes payload = whole->subspan(header_bytes, record.header.payload_bytes);
  if (!payload_matches(record.header, payload)) return record;
  record.found = Found::batch;
  record.payload = payload;
  record.bytes = bytes;
  return record;
}

Result<SegmentReader::Block, Damage> SegmentReader::read_block(std::uint64_t offset) {
  CHECK(offset % block_bytes == 0);
  CHECK(offset < bytes_);
  const auto bytes = window(offset, block_bytes);
  if (!bytes) return fail(bytes.error());
  Block block{.offset = offset};
  block.state = read_header(*bytes, block.header);
  const auto last =
      std::find_if(bytes->rbegin(), bytes->rend(), [](std::byte b) { return b != std::byte{}; });
  block.end_bytes = static_cast<std::uint64_t>(bytes->rend() - last);
  return block;
}

Result<Bytes, Damage> SegmentReader::window(std::uint64_t offset, std::uint64_t count) {
  CHECK(offset + count <= bytes_);
  if (offset < window_offset_ || offset + count > window_offset_ + window_bytes_) {
    const std::uint64_t wanted = std::min(std::max(count, read_bytes), bytes_ - offset);
    buffer_.reserve(wanted);
    window_bytes_ = 0;
    const std::int64_t result = disk_.read(file_, offset, {buffer_.data(), wanted});
    if (result < 0) return fail(Damage{path_, offset, "cannot be read: " + error_text(result)});
    if (static_cast<std::uint64_t>(result) < wanted)
      return fail(Damage{path_, offset, "became shorter while it was read"});
    window_offset_ = offset;
    window_bytes_ = wanted;
  }
  return Bytes{buffer_.data() + (offset - window_offset_), count};
}

}  // namespace paddock::wal
