#include "paddock/tools/salvage_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "wal/aligned_buffer.h"
#include "wal/batch.h"
#include "wal/error_text.h"
#include "wal/names.h"
#include "wal/snapshot_dir.h"

namespace paddock::tools {
namespace {

constexpr std::size_t copy_bytes = 1 << 20;
constexpr const char* unfinished = ".tmp";

Result<void, std::string> failure(const std::string& path, const char* what, std::int64_t result) {
  return fail(path + " " + what + ": " + wal::error_text(result));
}

}  // namespace

SalvageWriter::~SalvageWriter() {
  if (file_ >= 0) disk_.close(file_);
  if (is_finished_) return;
  for (const std::string& name : names_) {
    disk_.remove(wal::path_in(dir_, name + unfinished));
    disk_.remove(wal::path_in(dir_, name));
  }
}

Result<void, std::string> SalvageWriter::copy_snapshot(const std::string& path, Zxid zxid,
                                                       std::uint32_t chain) {
  CHECK(names_.empty());
  const std::int64_t from = disk_.open(path, {});
  if (from < 0) return failure(path, "cannot be opened", from);
  auto copy = [&]() -> Result<void, std::string> {
    if (auto created = create(wal::snapshot_name(zxid)); !created) return created;
    wal::AlignedBuffer buffer;
    buffer.reserve(copy_bytes);
    for (std::uint64_t offset = 0;;) {
      const std::int64_t count =
          disk_.read(static_cast<wal::Disk::File>(from), offset, {buffer.data(), copy_bytes});
      if (count < 0) return failure(path, "cannot be read", count);
      if (count == 0) return close();
      if (auto written = write({buffer.data(), static_cast<std::size_t>(count)}); !written)
        return written;
      offset += static_cast<std::uint64_t>(count);
    }
  };
  auto copied = copy();
  disk_.close(static_cast<wal::Disk::File>(from));
  last_ = zxid;
  chain_ = chain;
  return copied;
}

Result<void, std::string> SalvageWriter::append(const wal::SegmentReader::Record& record,
                                                bool begins_segment) {
  CHECK(record.found == wal::SegmentReader::Found::batch);
  log_id_ = record.header.log_id;
  if (in_segment_ && begins_segment) {
    if (auto ended = end_segment(wal::flag_continued); !ended) return ended;
  }
  if (!in_segment_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  std::vector<std::byte> bytes(record.bytes);
  std::memcpy(bytes.data(), &record.header, wal::header_bytes);
  std::copy(record.payload.begin(), record.payload.end(), bytes.begin() + wal::header_bytes);
  if (auto written = write(bytes); !written) return written;
  last_ = wal::last_zxid(record.header);
  chain_ = record.header.header_crc;
  return {};
}

Result<void, std::string> SalvageWriter::finish(std::uint64_t log_id) {
  if (log_id_ == 0) log_id_ = log_id;
  CHECK(log_id_ != 0);
  if (!in_segment_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  if (auto ended = end_segment(wal::flag_end); !ended) return ended;
  // Backwards: last comes the snapshot, or without one the first segment.
  for (std::size_t i = names_.size(); i-- > 0;) {
    const std::string path = wal::path_in(dir_, names_[i]);
    const std::int64_t renamed = disk_.rename(path + unfinished, path);
    if (renamed < 0) return failure(path, "cannot be given its name", renamed);
  }
  for (const std::string& dir : {dir_, wal::path_in(dir_, "..")}) {
    const std::int64_t synced = disk_.sync_dir(dir);
    if (synced < 0) return failure(dir, "cannot be synced", synced);
  }
  is_finished_ = true;
  return {};
}

Result<void, std::string> SalvageWriter::begin_segment() {
  in_segment_ = true;
  return create(wal::segment_name(next_zxid(last_)));
}

/// With the record that says how the log goes on: in the next segment, or not.
Result<void, std::string> SalvageWriter::end_segment(std::uint16_t flag) {
  wal::BatchHeader header;
  header.flags = flag;
  header.log_id = log_id_;
  header.first = next_zxid(last_);
  header.durable = last_;
  header.chain = chain_;
  std::vector<std::byte> block(wal::block_bytes);
  wal::seal_batch(header, block.data());
  in_segment_ = false;
  if (auto written = write(block); !written) return written;
  return close();
}

Result<void, std::string> SalvageWriter::create(const std::string& name) {
  path_ = wal::path_in(dir_, name + unfinished);
  const std::int64_t opened =
      disk_.open(path_, {.create = true, .exclusive = true, .writable = true});
  if (opened < 0) return failure(path_, "cannot be made", opened);
  names_.push_back(name);
  file_ = static_cast<wal::Disk::File>(opened);
  offset_ = 0;
  return {};
}

Result<void, std::string> SalvageWriter::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::int64_t written = disk_.write(file_, offset_, bytes);
    if (written < 0) return failure(path_, "cannot be written", written);
    if (written == 0) return fail(path_ + " cannot be written: the disk takes no bytes");
    offset_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void, std::string> SalvageWriter::close() {
  const std::int64_t synced = disk_.sync(file_);
  disk_.close(std::exchange(file_, -1));
  if (synced < 0) return failure(path_, "cannot be synced", synced);
  return {};
}

}  // namespace paddock::tools
