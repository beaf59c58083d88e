#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/wal/log_harness.h"
#include "wal/batch.h"
#include "wal/format.h"
#include "wal/names.h"

namespace paddock::wal {

/// What a record is to say instead of the truth.
struct Lie {
  std::optional<Zxid> first, durable;
  std::optional<std::uint32_t> chain;
  std::uint64_t log_id = LogHarness::log_id;
  std::uint16_t version = format_version;
};

/// Puts the files of a log together record by record, right or wrong, in LogHarness's directory.
/// Every record is synced content when its call returns; zxids and chain go on by themselves, and
/// each record calls everything before it durable unless told otherwise.
class LogFiles {
 public:
  explicit LogFiles(sim::SimDisk& disk) : disk_(disk) {}

  /// A segment of this name, zero-filled; the records that follow go into it.
  LogFiles& segment(Zxid first, std::uint64_t block_count = 16) {
    path_ = path_in(LogHarness::dir, segment_name(first));
    bytes_.assign(block_count * block_bytes, std::byte{});
    offset_ = 0;
    put();
    return *this;
  }
  LogFiles& batch(std::string_view payload, std::uint32_t count = 1, const Lie& lie = {}) {
    BatchHeader header;
    header.count = count;
    header.payload_bytes = static_cast<std::uint32_t>(payload.size());
    const std::uint64_t end = offset_ + batch_bytes(payload.size());
    if (bytes_.size() < end) bytes_.resize(end);
    std::memcpy(bytes_.data() + offset_ + header_bytes, payload.data(), payload.size());
    seal(header, lie);
    last_ = advance_zxid(header.first, count - 1);
    chain_ = header.header_crc;
    offset_ = end;
    return *this;
  }
  LogFiles& mark(const Lie& lie = {}) { return record(flag_continued, lie); }
  LogFiles& end(const Lie& lie = {}) { return record(flag_end, lie); }
  /// Goes on so many blocks further, or back; what stands there stays.
  LogFiles& move(std::int64_t block_count) {
    offset_ += static_cast<std::uint64_t>(block_count) * block_bytes;
    return *this;
  }
  /// Other bytes than zeros from `at` on in the block that comes next, and goes on behind it.
  LogFiles& garbage(std::uint64_t at = 0) {
    std::memset(bytes_.data() + offset_ + at, 0x5a, block_bytes - at);
    put();
    return move(1);
  }
  /// Damages the record `block_count` blocks back.
  LogFiles& flip_back(std::uint64_t block_count, std::uint64_t at) {
    bytes_[offset_ - block_count * block_bytes + at] ^= std::byte{0x10};
    put();
    return *this;
  }
  /// Makes the file end here.
  LogFiles& cut() {
    bytes_.resize(offset_);
    put();
    return *this;
  }

  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return offset_; }
  Zxid last() const { return last_; }
  std::uint32_t chain() const { return chain_; }

 private:
  LogFiles& record(std::uint16_t flag, const Lie& lie) {
    BatchHeader header;
    header.flags = flag;
    seal(header, lie);
    offset_ += block_bytes;
    return *this;
  }
  void seal(BatchHeader& header, const Lie& lie) {
    header.version = lie.version;
    header.log_id = lie.log_id;
    header.first = lie.first.value_or(next_zxid(last_));
    header.durable = lie.durable.value_or(last_);
    header.chain = lie.chain.value_or(chain_);
    seal_batch(header, bytes_.data() + offset_);
    put();
  }
  void put() { disk_.put(path_, bytes_); }

  sim::SimDisk& disk_;
  std::string path_;
  std::vector<std::byte> bytes_;
  std::uint64_t offset_ = 0;
  Zxid last_{};
  std::uint32_t chain_ = 0;
};

}  // namespace paddock::wal
