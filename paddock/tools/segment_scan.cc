#include "paddock/tools/segment_scan.h"

#include <fmt/format.h>

#include "paddock/tools/txn_text.h"
#include "wal/batch.h"
#include "wal/format.h"

namespace paddock::tools {
namespace {

using wal::block_bytes;
using wal::HeaderState;
using wal::SegmentReader;
using Found = SegmentReader::Found;

std::string reason_of(const SegmentReader::Record& record) {
  const wal::BatchHeader& header = record.header;
  if (record.found == Found::newer)
    return fmt::format("a record of format version {}, unknown to this program", header.version);
  if (record.found != Found::bad_payload) return "no header that fits its checksum";
  return fmt::format("the payload of batch {} to {} does not fit its checksum", hex(header.first),
                     hex(wal::last_zxid(header)));
}

/// Whether a stretch of other bytes goes on with this block.
bool is_part_of_bad(const SegmentReader::Block& block) {
  switch (block.state) {
    case HeaderState::batch:
    case HeaderState::mark:
    case HeaderState::end:
    case HeaderState::newer:
      return false;
    case HeaderState::bad:
      return true;
    case HeaderState::blank:
      return block.end_bytes != 0;
  }
  return false;
}

/// The block at `stretch.offset` begins a stretch of zeros or of bad bytes: finds its end.
Result<std::uint64_t, wal::Damage> extend(SegmentReader& reader, Stretch& stretch) {
  std::uint64_t at = stretch.offset;
  while (at < reader.bytes()) {
    const auto block = reader.read_block(at);
    if (!block) return fail(block.error());
    const bool is_first = at == stretch.offset;
    if (stretch.kind == Stretch::Kind::zeros && block->end_bytes != 0) break;
    if (stretch.kind == Stretch::Kind::bad) {
      if (!is_first && !is_part_of_bad(*block)) break;
      stretch.bytes = at + block->end_bytes - stretch.offset;
    } else {
      stretch.bytes = at + block_bytes - stretch.offset;
    }
    at += block_bytes;
  }
  return at;
}

}  // namespace

Result<void, wal::Damage> scan_segment(SegmentReader& reader, const StretchVisitor& visit) {
  for (std::uint64_t offset = 0; offset < reader.bytes();) {
    Stretch stretch{.offset = offset};
    const auto record = reader.read(offset);
    if (!record) return fail(record.error());
    if (record->found == Found::batch || record->found == Found::mark ||
        record->found == Found::end) {
      stretch.kind = Stretch::Kind::record;
      stretch.bytes = record->bytes;
      stretch.record = *record;
      visit(stretch);
      offset += record->bytes;
      continue;
    }
    const auto block = reader.read_block(offset);
    if (!block) return fail(block.error());
    const bool is_zero = block->end_bytes == 0;
    stretch.kind = is_zero ? Stretch::Kind::zeros : Stretch::Kind::bad;
    if (!is_zero) stretch.reason = reason_of(*record);
    const auto end = extend(reader, stretch);
    if (!end) return fail(end.error());
    visit(stretch);
    offset = *end;
  }
  return {};
}

}  // namespace paddock::tools
