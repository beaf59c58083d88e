#include "paddock/tools/log_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "paddock/tools/segment_scan.h"
#include "wal/batch.h"
#include "wal/blocking.h"
#include "wal/disk_failure.h"
#include "wal/names.h"

namespace paddock::tools {

Result<LogIndex, std::string> LogIndex::read(wal::Disk& disk, const std::string& dir,
                                             Progress& progress) {
  std::vector<std::string> names;
  const std::int64_t result = wal::BlockingDisk(disk).list(dir, names);
  if (result < 0) return fail(wal::disk_failure("cannot list", dir, result).message);
  std::erase_if(names, [](const std::string& name) { return !wal::segment_first(name); });
  std::sort(names.begin(), names.end());
  LogIndex index;
  for (const std::string& name : names) index.add_segment(disk, wal::path_in(dir, name), progress);
  index.by_first_.resize(index.batches_.size());
  std::iota(index.by_first_.begin(), index.by_first_.end(), std::size_t{0});
  std::stable_sort(index.by_first_.begin(), index.by_first_.end(),
                   [&](std::size_t a, std::size_t b) {
                     return index.batches_[a].header.first < index.batches_[b].header.first;
                   });
  return index;
}

void LogIndex::add_segment(wal::Disk& disk, const std::string& path, Progress& progress) {
  const std::size_t segment = paths_.size();
  constexpr Zxid none{INT64_MAX};
  paths_.push_back(path);
  auto add_unreadable = [&](std::uint64_t offset, std::uint64_t bytes, std::string reason) {
    unreadable_.push_back({segment, offset, bytes, std::move(reason), none});
  };
  auto reader = wal::SegmentReader::open(disk, path);
  if (!reader) return add_unreadable(0, 0, reader.error().reason);
  const auto scanned = scan_segment(*reader, [&](const Stretch& stretch) {
    progress.at("reading", path, stretch.offset);
    if (stretch.kind == Stretch::Kind::bad)
      add_unreadable(stretch.offset, stretch.bytes, stretch.reason);
    if (stretch.kind != Stretch::Kind::record) return;
    const wal::BatchHeader& header = stretch.record.header;
    durable_ = std::max(durable_, header.durable);
    for (auto it = unreadable_.rbegin(); it != unreadable_.rend() && it->before == none; ++it)
      it->before = header.first;
    if (header.count > 0) batches_.push_back({segment, stretch.offset, stretch.bytes, header});
  });
  if (!scanned) {
    const wal::Damage& damage = scanned.error();
    add_unreadable(damage.offset, reader->bytes() - damage.offset, damage.reason);
  }
}

const LogIndex::Batch* LogIndex::find_next(Zxid last, std::optional<std::uint32_t> chain) const {
  const Zxid first = next_zxid(last);
  auto at =
      std::lower_bound(by_first_.begin(), by_first_.end(), first,
                       [&](std::size_t i, Zxid zxid) { return batches_[i].header.first < zxid; });
  for (; at != by_first_.end() && batches_[*at].header.first == first; ++at)
    if (!chain || batches_[*at].header.chain == *chain) return &batches_[*at];
  return nullptr;
}

const LogIndex::Batch* LogIndex::find_ending(Zxid last) const {
  const auto found = std::find_if(batches_.begin(), batches_.end(), [&](const Batch& batch) {
    return wal::last_zxid(batch.header) == last;
  });
  return found == batches_.end() ? nullptr : &*found;
}

}  // namespace paddock::tools
