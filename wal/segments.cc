#include "wal/segments.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "wal/error_text.h"
#include "wal/format.h"
#include "wal/names.h"

namespace paddock::wal {
namespace {

/// One step of the zero-filling: small, because batches queue behind it in the device.
constexpr std::uint64_t zero_bytes = 256 << 10;

bool is_full(std::int64_t result) { return result == -ENOSPC || result == -EDQUOT; }
/// No descriptor is free: clients have them all. It passes, as a full disk does (R20).
bool lacks_descriptors(std::int64_t result) { return result == -EMFILE || result == -ENFILE; }
bool is_unsupported(std::int64_t result) {
  return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL;
}

}  // namespace

Segments::Segments(Disk& disk, std::string dir, std::uint64_t segment_bytes, Owner& owner)
    : disk_(disk),
      dir_(std::move(dir)),
      segment_bytes_(segment_bytes),
      owner_(owner),
      wanted_bytes_(segment_bytes) {
  zeros_.reserve(zero_bytes);
  std::memset(zeros_.data(), 0, zero_bytes);
}

Segments::~Segments() {
  stopped_ = true;
  while (operations_ > 0) disk_.wait();
  if (spare_.file >= 0) disk_.close(spare_.file);
  if (made_.file >= 0) disk_.close(made_.file);
  if (taken_.file >= 0) disk_.close(taken_.file);
}

template <class Next>
Disk::Done Segments::then(Next next) {
  ++operations_;
  return [this, next](std::int64_t result) {
    --operations_;
    if (!stopped_) next(result);
  };
}

void Segments::adopt(std::vector<Zxid> segments, std::vector<std::string> spares) {
  segments_ = std::move(segments);
  for (const std::string& name : spares) {
    const auto number = spare_number(name);
    if (number && *number < UINT64_MAX)
      next_spare_number_ = std::max(next_spare_number_, *number + 1);
  }
  recyclable_ = std::move(spares);
}

Segments::Spare Segments::spare_for(std::uint64_t bytes) {
  if (spare_.file >= 0 && bytes <= spare_.bytes) return Spare::ready;
  // Not `bytes` alone: what would be made is never smaller than an ordinary segment.
  const std::uint64_t wanted_bytes = std::max(wanted_bytes_, bytes);
  if (stopped_ || wanted_bytes >= refused_bytes_) return Spare::none;
  wanted_bytes_ = wanted_bytes;
  prepare_spare();
  return Spare::preparing;
}

void Segments::prepare_spare() {
  if (stopped_ || making_ || taking_ || wanted_bytes_ >= refused_bytes_) return;
  if (spare_.file >= 0 && spare_.bytes >= wanted_bytes_) return;
  making_ = true;
  made_bytes_ = wanted_bytes_;
  open_spare();
}

void Segments::retry() {
  refused_bytes_ = UINT64_MAX;
  prepare_spare();
}

void Segments::open_spare() {
  const bool create = recyclable_.empty();
  if (create) {
    made_.name = spare_name(next_spare_number_++);
  } else {
    made_.name = std::move(recyclable_.back());
    recyclable_.pop_back();
  }
  disk_.open(path_in(dir_, made_.name),
             {.create = create, .exclusive = create, .writable = true, .direct = true},
             then([this, create](std::int64_t result) { spare_opened(result, create); }));
}

void Segments::spare_opened(std::int64_t result, bool was_created) {
  if (lacks_descriptors(result)) {
    if (!was_created) recyclable_.push_back(std::move(made_.name));
    return spare_refused();
  }
  if (is_full(result)) return spare_refused();
  if (result < 0) return fail("cannot be opened", result);
  made_.file = static_cast<Disk::File>(result);
  disk_.size(made_.file, then([this](std::int64_t bytes) {
               if (bytes < 0) return fail("its size cannot be read", bytes);
               if (static_cast<std::uint64_t>(bytes) <= made_bytes_) return allocate_spare();
               // A recycled one that held a large batch: the room goes back.
               disk_.truncate(made_.file, made_bytes_, then([this](std::int64_t cut) {
                                if (cut < 0) return fail("cannot be cut", cut);
                                allocate_spare();
                              }));
             }));
}

/// All at once, so that the blocks lie together and a full disk shows before any time is spent.
void Segments::allocate_spare() {
  disk_.allocate(made_.file, 0, made_bytes_, then([this](std::int64_t result) {
                   if (is_full(result)) return drop_spare();
                   if (result < 0 && !is_unsupported(result)) return fail("no blocks", result);
                   zero_spare();
                 }));
}

void Segments::zero_spare() {
  if (made_.bytes >= made_bytes_) return sync_spare();
  const std::uint64_t count = std::min(zero_bytes, made_bytes_ - made_.bytes);
  disk_.write(made_.file, made_.bytes, {zeros_.data(), count}, false,
              then([this](std::int64_t result) { spare_zeroed(result); }));
}

void Segments::spare_zeroed(std::int64_t result) {
  if (is_full(result)) return drop_spare();
  if (result == -EINTR || result == -ECANCELED) return zero_spare();
  if (result < 0) return fail("cannot be filled", result);
  const std::uint64_t count = static_cast<std::uint64_t>(result) / block_bytes * block_bytes;
  // Less than a block: there is no room for the rest of it.
  if (count == 0) return drop_spare();
  made_.bytes += count;
  zero_spare();
}

void Segments::sync_spare() {
  disk_.sync(made_.file, then([this](std::int64_t result) {
               if (is_full(result)) return drop_spare();  // delayed allocation
               if (result < 0) return fail("sync failed", result);
               disk_.sync_dir(dir_, then([this](std::int64_t named) {
                                if (named < 0) return fail("sync of the directory failed", named);
                                spare_made();
                              }));
             }));
}

void Segments::spare_made() {
  making_ = false;
  if (spare_.file >= 0) {  // too small for a batch that wanted to be prepared
    disk_.close(spare_.file);
    recyclable_.push_back(std::move(spare_.name));
  }
  spare_ = std::move(made_);
  made_ = {};
  prepare_spare();  // more may be wanted by now
  if (!stopped_) owner_.spare_changed();
}

/// The disk is full: what was begun is in the way of others.
void Segments::drop_spare() {
  disk_.close(std::exchange(made_.file, -1));
  disk_.remove(path_in(dir_, made_.name), then([this](std::int64_t result) {
                 if (result < 0) return fail("cannot be removed", result);
                 spare_refused();
               }));
}

void Segments::spare_refused() {
  making_ = false;
  made_ = {};
  refused_bytes_ = std::min(refused_bytes_, made_bytes_);
  wanted_bytes_ = segment_bytes_;
  prepare_spare();  // an ordinary one, if that was a large one
  if (!stopped_) owner_.spare_changed();
}

void Segments::take_spare(Zxid first, Named named) {
  CHECK(spare_.file >= 0);
  CHECK(!taking_);
  CHECK(segments_.empty() || first >= segments_.back());
  taking_ = true;
  taken_ = std::exchange(spare_, {});
  auto name_is_durable = [this, first, named = std::move(named)](std::int64_t synced) {
    if (synced < 0) return fail("sync of the directory failed", synced);
    taking_ = false;
    if (segments_.empty() || first > segments_.back()) segments_.push_back(first);
    wanted_bytes_ = segment_bytes_;
    named(std::exchange(taken_, {}).file);
  };
  disk_.rename(path_in(dir_, taken_.name), path_in(dir_, segment_name(first)),
               then([this, name_is_durable](std::int64_t result) {
                 if (result < 0) return fail("cannot be renamed", result);
                 disk_.sync_dir(dir_, then(name_is_durable));
               }));
}

void Segments::purge(Zxid oldest_kept, bool active_is_empty) {
  const std::size_t keep = active_is_empty ? 2 : 1;
  std::size_t count = 0;
  while (count + keep < segments_.size() && segments_[count + 1] <= next_zxid(oldest_kept)) {
    disposals_.push_back(segments_[count]);
    ++count;
  }
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!disposing_ && !disposals_.empty()) {
    disposing_ = true;
    dispose_next();
  }
}

/// Oldest first, each durable before the next: a power cut must not bring an older one back while
/// one behind it stays away, because a start that reads the older one would find a gap. The first
/// one is renamed into a recyclable file if there is none yet.
void Segments::dispose_next() {
  if (disposals_.empty()) return disposed();
  const std::string path = path_in(dir_, segment_name(disposals_.front()));
  disposals_.pop_front();
  auto gone = then([this](std::int64_t result) {
    if (result < 0 && result != -ENOENT) return fail("an old segment cannot be removed", result);
    disk_.sync_dir(dir_, then([this](std::int64_t synced) {
                     if (synced < 0) return fail("sync of the directory failed", synced);
                     dispose_next();
                   }));
  });
  if (recyclable_.empty() && recycled_.empty()) {
    recycled_ = spare_name(next_spare_number_++);
    disk_.rename(path, path_in(dir_, recycled_), std::move(gone));
  } else {
    disk_.remove(path, std::move(gone));
  }
}

/// Only now: had the file been zeroed while its old name could come back, a log with a hole could.
void Segments::disposed() {
  disposing_ = false;
  if (!recycled_.empty()) recyclable_.push_back(std::exchange(recycled_, {}));
  refused_bytes_ = UINT64_MAX;  // room was made
  prepare_spare();
}

void Segments::fail(const std::string& what, std::int64_t result) {
  if (stopped_) return;
  stopped_ = true;
  owner_.segments_failed("segment of the log in " + dir_ + ": " + what + ": " + error_text(result));
}

}  // namespace paddock::wal
