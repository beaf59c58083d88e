#include "wal/recovery.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "wal/blocking.h"
#include "wal/error_text.h"
#include "wal/log_end.h"
#include "wal/names.h"
#include "wal/reader.h"
#include "wal/recovery_table.h"

namespace paddock::wal {
namespace {

std::string hex(Zxid z) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(z.value));
  return text;
}

/// What the scan behind an invalid record found.
struct Scan {
  Later later = Later::nothing;
  std::uint64_t remains_bytes = 0;  ///< from the invalid record on, zeros in between included
  std::string proof_file;
  std::uint64_t proof_offset = 0;
  Zxid proof_durable{};
};

class Recovery {
 public:
  Recovery(Disk& disk, const std::string& dir, Zxid snapshot, const BatchVisitor& visit,
           LogEnd& end)
      : disk_(disk), dir_(dir), snapshot_(snapshot), visit_(visit), end_(end) {}

  Result<Recovered, Damage> run();

 private:
  Result<void, Damage> list_files();
  Result<std::size_t, Damage> choose_start();
  Result<void, Damage> read_segments(std::size_t index);
  Here judge(const SegmentReader::Record& record) const;
  Successor successor_of(std::size_t index) const;
  Result<Scan, Damage> scan(SegmentReader& reader, std::size_t index, std::uint64_t offset);
  Result<void, Damage> scan_segment(SegmentReader& reader, std::size_t distance,
                                    std::uint64_t offset, Scan& scan) const;
  Result<void, Damage> take(std::size_t index, const SegmentReader& reader,
                            const SegmentReader::Record& record);
  void finish(const RecoveryCase& row, std::size_t index, const SegmentReader& reader,
              const SegmentReader::Record& record, const Scan& scan);
  Damage stopped(const RecoveryCase& row, const SegmentReader& reader,
                 const SegmentReader::Record& record, const Scan& scan) const;
  Damage stopped(Boundary boundary, std::string file, std::uint64_t offset,
                 const std::string& what) const;
  std::string path(Zxid first) const { return path_in(dir_, segment_name(first)); }

  Disk& disk_;
  const std::string& dir_;
  const Zxid snapshot_;
  const BatchVisitor& visit_;
  LogEnd& end_;
  Recovered recovered_;

  std::vector<Zxid> segments_;  // of the directory, oldest first
  Zxid expected_{};             // first zxid of the next record
  bool chain_is_known_ = false;
  std::uint32_t chain_ = 0;
  std::uint64_t log_id_ = 0;  // 0 until the first valid record
  std::optional<Zxid> last_;  // of the last batch read
  struct SegmentEnd {
    Zxid first, last;
  };
  std::vector<SegmentEnd> read_;  // segments in which a batch was found
};

Result<Recovered, Damage> Recovery::run() {
  end_ = LogEnd{};
  recovered_.durable = snapshot_;
  if (auto listed = list_files(); !listed) return fail(listed.error());
  if (segments_.empty()) {
    if (snapshot_.value != 0) {
      return fail(stopped(Boundary::no_segment_beside_snapshot, dir_, 0,
                          "there is a snapshot of " + hex(snapshot_) + " and no log"));
    }
    return std::move(recovered_);
  }
  const auto start = choose_start();
  if (!start) return fail(start.error());
  if (auto read = read_segments(*start); !read) return fail(read.error());
  return std::move(recovered_);
}

Result<void, Damage> Recovery::list_files() {
  std::vector<std::string> names;
  const std::int64_t result = BlockingDisk(disk_).list(dir_, names);
  if (result < 0) return fail(Damage{dir_, 0, "cannot be listed: " + error_text(result)});
  for (std::string& name : names) {
    if (const auto first = segment_first(name)) segments_.push_back(*first);
    if (spare_number(name)) end_.spares.push_back(std::move(name));
  }
  std::sort(segments_.begin(), segments_.end());
  std::sort(end_.spares.begin(), end_.spares.end());
  return {};
}

/// The newest segment that begins at or below the snapshot, so that the batch before the first one
/// handed on, and with it the chain, is seen when it is still there.
Result<std::size_t, Damage> Recovery::choose_start() {
  std::size_t start = 0;
  while (start + 1 < segments_.size() && segments_[start + 1] <= snapshot_) ++start;
  const Zxid first = segments_[start];
  if (first > snapshot_ && first != next_zxid(snapshot_)) {
    return fail(stopped(
        Boundary::log_begins_behind_snapshot, path(first), 0,
        "the log begins with " + hex(first) + " and the snapshot ends with " + hex(snapshot_)));
  }
  expected_ = first;
  chain_is_known_ = first == next_zxid(Zxid{0});
  return start;
}

Result<void, Damage> Recovery::read_segments(std::size_t index) {
  while (true) {
    auto reader = SegmentReader::open(disk_, path(segments_[index]));
    if (!reader) return fail(reader.error());
    std::uint64_t offset = 0;
    for (bool in_segment = true; in_segment;) {
      const auto record = reader->read(offset);
      if (!record) return fail(record.error());
      const Here here = judge(*record);
      Scan found;
      if (here != Here::batch && here != Here::mark && here != Here::foreign) {
        auto scanned = scan(*reader, index, here == Here::end ? offset + block_bytes : offset);
        if (!scanned) return fail(scanned.error());
        found = *scanned;
      }
      const RecoveryCase* row = find_case(here, found.later, successor_of(index));
      CHECK(row != nullptr);
      switch (row->decision) {
        case Decision::take:
          if (auto taken = take(index, *reader, *record); !taken) return fail(taken.error());
          offset += record->bytes;
          break;
        case Decision::follow:
          log_id_ = record->header.log_id;
          chain_ = record->header.chain;
          chain_is_known_ = true;
          in_segment = false;
          break;
        case Decision::finish:
        case Decision::cut:
          if (last_.value_or(Zxid{0}) < snapshot_ && expected_ != next_zxid(snapshot_)) {
            return fail(stopped(Boundary::log_ends_before_snapshot, reader->path(), offset,
                                "the log ends before " + hex(expected_) +
                                    " and the snapshot holds " + hex(snapshot_)));
          }
          finish(*row, index, *reader, *record, found);
          return {};
        case Decision::stop:
          return fail(stopped(*row, *reader, *record, found));
      }
    }
    ++index;
  }
}

Here Recovery::judge(const SegmentReader::Record& record) const {
  using Found = SegmentReader::Found;
  switch (record.found) {
    case Found::full:
      return Here::full;
    case Found::blank:
      return Here::blank;
    case Found::bad_header:
    case Found::bad_payload:
      return Here::torn;
    case Found::newer:
      return Here::foreign;
    case Found::batch:
    case Found::mark:
    case Found::end:
      break;
  }
  const BatchHeader& header = record.header;
  if (log_id_ != 0 && header.log_id != log_id_) return Here::foreign;
  if (header.first != expected_) return Here::stranger;
  if (chain_is_known_ && header.chain != chain_) return Here::stranger;
  if (record.found == Found::batch) return Here::batch;
  return record.found == Found::mark ? Here::mark : Here::end;
}

Successor Recovery::successor_of(std::size_t index) const {
  if (index + 1 == segments_.size()) return Successor::none;
  const Zxid next = segments_[index + 1];
  if (next == expected_) return Successor::next;
  return next > expected_ ? Successor::beyond : Successor::overlap;
}

Result<Scan, Damage> Recovery::scan(SegmentReader& reader, std::size_t index,
                                    std::uint64_t offset) {
  Scan found;
  if (auto here = scan_segment(reader, 0, offset, found); !here) return fail(here.error());
  for (std::size_t i = index + 1; i < segments_.size() && found.later != Later::proof; ++i) {
    auto next = SegmentReader::open(disk_, path(segments_[i]));
    if (!next) return fail(next.error());
    // Only the direct successor, and only when named by the expected zxid, proves by being written
    // to.
    const std::size_t distance = segments_[i] == expected_ ? 1 : 2;
    if (auto there = scan_segment(*next, distance, 0, found); !there) return fail(there.error());
  }
  return found;
}

/// R6. `distance`: 0 for the segment of the invalid record, 1 for its successor by name and zxid, 2
/// for any other.
Result<void, Damage> Recovery::scan_segment(SegmentReader& reader, std::size_t distance,
                                            std::uint64_t offset, Scan& scan) const {
  std::uint64_t end = offset;
  for (std::uint64_t at = offset; at < reader.bytes(); at += block_bytes) {
    const auto block = reader.read_block(at);
    if (!block) return fail(block.error());
    if (block->end_bytes == 0) continue;
    end = at + block->end_bytes;
    if (scan.later == Later::nothing) scan.later = Later::remains;
    const bool is_header = block->state == HeaderState::batch ||
                           block->state == HeaderState::mark || block->state == HeaderState::end;
    if (!is_header) continue;
    // Bytes of a client inside a torn payload may look like a header, but not one with our log's
    // id.
    const BatchHeader& header = block->header;
    if (log_id_ != 0 && header.log_id != log_id_) continue;
    if (header.durable >= expected_ || (distance == 1 && header.first == expected_)) {
      scan.later = Later::proof;
      scan.proof_file = reader.path();
      scan.proof_offset = at;
      scan.proof_durable = header.durable;
      return {};
    }
  }
  scan.remains_bytes += end - offset;
  return {};
}

Result<void, Damage> Recovery::take(std::size_t index, const SegmentReader& reader,
                                    const SegmentReader::Record& record) {
  const BatchHeader& header = record.header;
  const Zxid last = last_zxid(header);
  if (header.first <= snapshot_ && last > snapshot_) {
    return fail(stopped(Boundary::batch_straddles_snapshot, reader.path(), record.offset,
                        "this batch holds " + hex(header.first) + " to " + hex(last) +
                            " and the snapshot ends with " + hex(snapshot_)));
  }
  if (header.first > snapshot_) {
    auto visited = visit_({.first = header.first,
                           .last = last,
                           .count = header.count,
                           .chain = header.chain,
                           .payload = record.payload,
                           .file = reader.path(),
                           .offset = record.offset});
    if (!visited) {
      return fail(Damage{reader.path(), record.offset,
                         "the batch of " + hex(header.first) + " to " + hex(last) +
                             " has a valid checksum and cannot be used: " + visited.error()});
    }
  }
  log_id_ = header.log_id;
  chain_ = header.header_crc;
  chain_is_known_ = true;
  expected_ = next_zxid(last);
  last_ = last;
  recovered_.durable = std::max(recovered_.durable, header.durable);
  const Zxid segment = segments_[index];
  if (read_.empty() || read_.back().first != segment) read_.push_back({segment, last});
  read_.back().last = last;
  return {};
}

void Recovery::finish(const RecoveryCase& row, std::size_t index, const SegmentReader& reader,
                      const SegmentReader::Record& record, const Scan& scan) {
  recovered_.last = std::max(last_.value_or(Zxid{0}), snapshot_);
  if (judge(record) == Here::end) {
    recovered_.durable = std::max(recovered_.durable, record.header.durable);
    log_id_ = record.header.log_id;
    chain_ = record.header.chain;
    recovered_.clean_stop = scan.later == Later::nothing && index + 1 == segments_.size();
  }
  if (row.decision == Decision::cut) recovered_.torn_bytes = scan.remains_bytes;

  end_.last = recovered_.last;
  end_.chain = chain_;
  end_.log_id = log_id_;
  const auto behind = segments_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
  end_.segments.assign(segments_.begin(), behind);
  end_.discarded.assign(behind, segments_.end());
  end_.active_bytes = reader.bytes();
  end_.offset = record.offset;
  end_.rest_is_dirty = row.decision == Decision::cut;
  for (const SegmentEnd& segment : read_)
    if (segment.last > recovered_.durable && segment.first != end_.segments.back())
      end_.unsynced.push_back(segment.first);

  const bool is_ordinary =
      recovered_.clean_stop || (row.decision == Decision::finish && end_.discarded.empty());
  if (!is_ordinary) {
    recovered_.notes.push_back(
        std::string(row.name) + ": the log ends with " + hex(end_.last) + " in " + reader.path() +
        " at offset " + std::to_string(end_.offset) + "; " + std::to_string(recovered_.torn_bytes) +
        " bytes behind it are cut off (" + row.cause + ")");
  }
  for (Zxid first : end_.discarded)
    recovered_.notes.push_back(path(first) + " is behind the end of the log and is removed");
}

Damage Recovery::stopped(const RecoveryCase& row, const SegmentReader& reader,
                         const SegmentReader::Record& record, const Scan& scan) const {
  std::string text = std::string(row.name) + ": ";
  switch (record.found) {
    case SegmentReader::Found::bad_header:
      text += "the header does not fit its checksum";
      break;
    case SegmentReader::Found::bad_payload:
      text += "the payload does not fit its checksum";
      break;
    case SegmentReader::Found::blank:
      text += "nothing stands here";
      break;
    case SegmentReader::Found::full:
      text += "the file ends here";
      break;
    case SegmentReader::Found::newer:
      text += "format version " + std::to_string(record.header.version) +
              " is newer than this program's " + std::to_string(format_version);
      break;
    case SegmentReader::Found::batch:
      text += "a batch that begins with " + hex(record.header.first) + " stands here";
      break;
    case SegmentReader::Found::mark:
    case SegmentReader::Found::end:
      text += "a mark in front of " + hex(record.header.first) + " stands here";
      break;
  }
  text += "; " + hex(expected_) + " is expected";
  if (scan.later == Later::proof) {
    text += ", and " + scan.proof_file + " at offset " + std::to_string(scan.proof_offset) +
            " shows that it was durable (up to " + hex(scan.proof_durable) + ")";
  }
  text += ". " + std::string(row.cause);
  return {reader.path(), record.offset, std::move(text)};
}

Damage Recovery::stopped(Boundary boundary, std::string file, std::uint64_t offset,
                         const std::string& what) const {
  const BoundaryCase& row = find_case(boundary);
  return {std::move(file), offset, std::string(row.name) + ": " + what + ". " + row.cause};
}

}  // namespace

Result<Recovered, Damage> recover(Disk& disk, const std::string& dir, Zxid snapshot,
                                  const BatchVisitor& visit, LogEnd& end) {
  return Recovery(disk, dir, snapshot, visit, end).run();
}

}  // namespace paddock::wal
