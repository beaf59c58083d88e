#include "wal/snapshot_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "wal/record.h"

namespace paddock::wal {
namespace {

template <class Struct>
Bytes bytes_of(const Struct& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof value};
}

/// Fills in the CRC of a struct whose last field it is.
template <class Struct>
void seal(Struct& value) {
  value.crc = crc32c(bytes_of(value).first(offsetof(Struct, crc)));
}

}  // namespace

SnapshotWriter::SnapshotWriter(Disk& disk, std::string dir)
    : disk_(disk),
      dir_(std::move(dir)),
      filling_(snapshot_write_bytes),
      writing_(snapshot_write_bytes) {}

SnapshotWriter::~SnapshotWriter() { abort(); }

Result<void, DiskFailure> SnapshotWriter::begin(Zxid zxid, std::int64_t time_ms) {
  CHECK(!is_open());
  CHECK(!in_flight_);
  temporary_ = dir_ + "/" + snapshot_name(zxid) + ".tmp";
  offset_ = 0;
  filled_ = 0;
  footer_ = {};
  footer_.zxid = zxid.value;

  // A leftover of the same name could be longer than what is written now.
  auto result = wait_for(disk_, [&](auto done) { disk_.remove(temporary_, std::move(done)); });
  if (result >= 0 || result == -ENOENT)
    result = wait_for(disk_, [&](auto done) {
      disk_.open(temporary_, {.create = true, .exclusive = true, .writable = true, .direct = true},
                 std::move(done));
    });
  if (result < 0) return fail(disk_failure("cannot create", temporary_, result));
  file_ = static_cast<Disk::File>(result);

  SnapshotHeader header;
  header.zxid = zxid.value;
  header.time_ms = time_ms;
  seal(header);
  footer_.previous = header.crc;
  return append(bytes_of(header));
}

Result<void, DiskFailure> SnapshotWriter::add_chunk(Bytes payload) {
  CHECK(is_open());
  CHECK(!payload.empty());
  CHECK(payload.size() <= payload_bytes_max);
  static constexpr std::byte zeros[chunk_alignment] = {};
  const std::uint64_t begin = offset_ + filled_;
  const std::uint64_t end = chunk_end(begin, payload.size());
  const Bytes padding(zeros, end - begin - sizeof(SnapshotChunkHeader) - payload.size());

  SnapshotChunkHeader header;
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.previous = footer_.previous;
  header.crc = crc32c(bytes_of(header).first(offsetof(SnapshotChunkHeader, crc)));
  header.crc = crc32c(padding, crc32c(payload, header.crc));

  const auto* chunk = flatbuffers::GetRoot<fbs::SnapshotChunk>(payload.data());
  footer_.previous = header.crc;
  footer_.chunk_count += 1;
  footer_.node_count += chunk->nodes() == nullptr ? 0 : chunk->nodes()->size();
  footer_.session_count += chunk->sessions() == nullptr ? 0 : chunk->sessions()->size();
  for (const Bytes part : {bytes_of(header), payload, padding})
    if (auto appended = append(part); !appended) return appended;
  return {};
}

Result<SnapshotWriter::Written, DiskFailure> SnapshotWriter::finish(const End& end) {
  CHECK(is_open());
  footer_.digest = end.digest;
  footer_.log_chain = end.log_chain;
  footer_.chunks_end = offset_ + filled_;
  footer_.file_bytes = snapshot_file_bytes(footer_.chunks_end);
  seal(footer_);
  auto step = append_zeros(footer_.file_bytes - sizeof footer_ - footer_.chunks_end);
  if (step) step = append(bytes_of(footer_));
  if (step && filled_ != 0) step = flush();
  if (step) step = wait_for_write();
  if (!step) return fail(std::move(step.error()));
  CHECK(offset_ == footer_.file_bytes);

  // The order is the point: a name that shows before the bytes are durable could be found, after a
  // crash, on a file full of holes.
  auto result = wait_for(disk_, [&](auto done) { disk_.sync(file_, std::move(done)); });
  if (result < 0) return fail(give_up(disk_failure("cannot sync", temporary_, result)).error());
  disk_.close(std::exchange(file_, -1));
  Written written{{dir_ + "/" + snapshot_name(Zxid{footer_.zxid}), Zxid{footer_.zxid}},
                  footer_.file_bytes,
                  footer_.node_count,
                  footer_.session_count};
  result = wait_for(
      disk_, [&](auto done) { disk_.rename(temporary_, written.file.path, std::move(done)); });
  if (result < 0) return fail(give_up(disk_failure("cannot rename", temporary_, result)).error());
  result = wait_for(disk_, [&](auto done) { disk_.sync_dir(dir_, std::move(done)); });
  if (result < 0) return fail(disk_failure("cannot sync the directory", dir_, result));
  return written;
}

void SnapshotWriter::abort() {
  if (is_open()) (void)give_up({});
}

Result<void, DiskFailure> SnapshotWriter::append(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), filling_.size() - filled_);
    std::memcpy(filling_.data() + filled_, bytes.data(), count);
    filled_ += count;
    bytes = bytes.subspan(count);
    if (filled_ == filling_.size())
      if (auto flushed = flush(); !flushed) return flushed;
  }
  return {};
}

Result<void, DiskFailure> SnapshotWriter::append_zeros(std::size_t count) {
  static constexpr std::byte zeros[direct_block_bytes + sizeof(SnapshotFooter)] = {};
  CHECK(count <= sizeof zeros);
  return append({zeros, count});
}

/// Hands the filled buffer to the disk and goes on with the other one.
Result<void, DiskFailure> SnapshotWriter::flush() {
  CHECK(filled_ % direct_block_bytes == 0);
  if (auto before = wait_for_write(); !before) return before;
  std::swap(filling_, writing_);
  write_offset_ = offset_;
  written_ = 0;
  write_bytes_ = std::exchange(filled_, 0);
  offset_ += write_bytes_;
  start_write();
  return {};
}

void SnapshotWriter::start_write() {
  in_flight_ = true;
  disk_.write(file_, write_offset_ + written_, writing_.first(write_bytes_).subspan(written_),
              false, [this](std::int64_t result) {
                in_flight_ = false;
                write_result_ = result;
              });
}

Result<void, DiskFailure> SnapshotWriter::wait_for_write() {
  while (written_ < write_bytes_) {
    while (in_flight_) disk_.wait();
    // A short write goes on from the last whole block, as a direct write has to; one that does not
    // even get that far has met a full disk.
    std::int64_t result = write_result_;
    if (result >= 0) {
      const auto count = static_cast<std::size_t>(result);
      if (written_ + count >= write_bytes_) {
        written_ = write_bytes_;
        break;
      }
      if (count >= direct_block_bytes) {
        written_ += count / direct_block_bytes * direct_block_bytes;
        start_write();
        continue;
      }
      result = -ENOSPC;
    }
    return give_up(disk_failure("cannot write", temporary_, result));
  }
  return {};
}

/// Leaves nothing behind, and is ready for another begin().
Result<void, DiskFailure> SnapshotWriter::give_up(DiskFailure failure) {
  while (in_flight_) disk_.wait();
  written_ = write_bytes_ = 0;
  filled_ = 0;
  if (file_ >= 0) disk_.close(std::exchange(file_, -1));
  // If this fails as well, the next start removes it: the name says that it was never finished.
  (void)wait_for(disk_, [&](auto done) { disk_.remove(temporary_, std::move(done)); });
  return fail(std::move(failure));
}

}  // namespace paddock::wal
