#include "wal/log_repair.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "wal/aligned_buffer.h"
#include "wal/blocking.h"
#include "wal/error_text.h"
#include "wal/format.h"
#include "wal/names.h"

namespace paddock::wal {
namespace {

constexpr std::uint64_t zero_bytes = 1 << 20;

Result<void, std::string> failure(const std::string& path, const char* what, std::int64_t result) {
  return fail(path + ": " + what + ": " + error_text(result));
}

Result<void, std::string> remove_all(BlockingDisk& disk, const std::string& dir,
                                     const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string path = path_in(dir, name);
    const std::int64_t result = disk.remove(path);
    if (result < 0 && result != -ENOENT) return failure(path, "cannot be removed", result);
  }
  return {};
}

/// A torn batch must not be taken for a part of the log once whole batches stand behind it.
Result<void, std::string> zero_rest(BlockingDisk& disk, const std::string& path, Disk::File file,
                                    std::uint64_t from, std::uint64_t end) {
  AlignedBuffer zeros;
  zeros.reserve(zero_bytes);
  std::memset(zeros.data(), 0, zero_bytes);
  while (from < end) {
    const std::uint64_t count = std::min(zero_bytes, end - from);
    const std::int64_t result = disk.write(file, from, {zeros.data(), count});
    if (result < 0) return failure(path, "the rest behind the cut cannot be zeroed", result);
    const std::uint64_t written = static_cast<std::uint64_t>(result) / block_bytes * block_bytes;
    if (written == 0) return failure(path, "the rest behind the cut cannot be zeroed", -ENOSPC);
    from += written;
  }
  return {};
}

Result<void, std::string> settle_segment(Disk& disk, const std::string& path,
                                         std::uint64_t zero_from, std::uint64_t zero_end) {
  BlockingDisk blocking(disk);
  const std::int64_t opened = blocking.open(path, {.writable = true, .direct = true});
  if (opened < 0) return failure(path, "cannot be opened", opened);
  const auto file = static_cast<Disk::File>(opened);
  auto settled = zero_rest(blocking, path, file, zero_from, zero_end);
  if (settled) {
    const std::int64_t synced = blocking.sync(file);
    if (synced < 0) settled = failure(path, "sync failed", synced);
  }
  blocking.close(file);
  return settled;
}

}  // namespace

Result<void, std::string> repair_log(Disk& disk, const std::string& dir, LogEnd& end) {
  BlockingDisk blocking(disk);
  std::vector<std::string> surplus;
  for (Zxid first : end.discarded) surplus.push_back(segment_name(first));
  while (end.spares.size() > 1) {
    surplus.push_back(std::move(end.spares.back()));
    end.spares.pop_back();
  }
  if (auto removed = remove_all(blocking, dir, surplus); !removed) return removed;
  for (Zxid first : end.unsynced) {
    if (auto synced = settle_segment(disk, path_in(dir, segment_name(first)), 0, 0); !synced)
      return synced;
  }
  if (!end.segments.empty()) {
    const std::uint64_t zero_end = end.rest_is_dirty ? end.active_bytes : 0;
    const std::string path = path_in(dir, segment_name(end.segments.back()));
    if (auto settled = settle_segment(disk, path, end.offset, zero_end); !settled) return settled;
  }
  // Also for names that were there to be read and were never made durable.
  const std::int64_t named = blocking.sync_dir(dir);
  if (named < 0) return failure(dir, "sync of the directory failed", named);
  end.discarded.clear();
  end.unsynced.clear();
  end.rest_is_dirty = false;
  return {};
}

}  // namespace paddock::wal
