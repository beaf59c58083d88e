#include "core/epoch.h"

#include <algorithm>

#include "core/base/check.h"

namespace paddock::core {
namespace {

constexpr std::size_t fetch_ahead = 8;  ///< objects

}  // namespace

Epoch::Epoch(std::uint32_t reader_count_max, void* owner)
    : reader_count_max_(reader_count_max), owner_(owner), slots_(new Slot[reader_count_max]) {
  CHECK(reader_count_max > 0);
}

Epoch::~Epoch() {
  for (std::uint32_t reader = 0; reader < reader_count_max_; ++reader) CHECK(!is_inside(reader));
  while (waiting() != 0) collect(SIZE_MAX);
}

void Epoch::enter(std::uint32_t reader) {
  CHECK(reader < reader_count_max_);
  DCHECK(!is_inside(reader));
  // seq_cst, all three [E1]. The slot may say an older epoch than the second load returns: then the
  // writer waits longer than it must.
  slots_[reader].epoch.store(global_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
  (void)global_.load(std::memory_order_seq_cst);
}

void Epoch::quiesce(std::uint32_t reader) {
  DCHECK(is_inside(reader));
  // acquire; pairs with [E2] in collect(): what was unlinked before this epoch is not found again.
  const std::uint64_t now = global_.load(std::memory_order_acquire);
  // release; pairs with [E2] in collect(): all accesses so far come before the freeing.
  slots_[reader].epoch.store(now, std::memory_order_release);
}

void Epoch::leave(std::uint32_t reader) {
  DCHECK(is_inside(reader));
  // release; pairs with [E2] in collect().
  slots_[reader].epoch.store(0, std::memory_order_release);
}

bool Epoch::is_inside(std::uint32_t reader) const {
  CHECK(reader < reader_count_max_);
  // relaxed: the reader's own slot.
  return slots_[reader].epoch.load(std::memory_order_relaxed) != 0;
}

void Epoch::retire(void* object, Destroy destroy) {
  limbo_.push_back({object, destroy});
  ++retired_total_;
  // relaxed: only the writer stores.
  const std::uint64_t now = global_.load(std::memory_order_relaxed);
  if (marks_.empty() || marks_.back().epoch != now)
    marks_.push_back({now, retired_total_});
  else
    marks_.back().end = retired_total_;
}

std::size_t Epoch::collect(std::size_t budget) {
  if (limbo_.empty()) return 0;
  // relaxed: only the writer stores.
  std::uint64_t now = global_.load(std::memory_order_relaxed);
  // A new epoch only when the one that runs has something: idle loops leave readers' lines alone.
  if (marks_.back().epoch == now) global_.store(++now, std::memory_order_seq_cst);  // [E2]

  std::uint64_t lowest = now;
  for (std::uint32_t reader = 0; reader < reader_count_max_; ++reader) {
    const std::uint64_t seen = slots_[reader].epoch.load(std::memory_order_seq_cst);  // [E2]
    if (seen != 0) lowest = std::min(lowest, seen);
  }

  std::size_t done = 0;
  while (!marks_.empty() && marks_.front().epoch < lowest && done < budget) {
    if (destroyed_total_ == marks_.front().end) {
      marks_.pop_front();
      continue;
    }
    // The cache has forgotten what was retired long ago: fetch what destroy() will read.
    if (limbo_.size() > fetch_ahead) {
      const auto* later = static_cast<const std::byte*>(limbo_.at(fetch_ahead).object);
      __builtin_prefetch(later, 1);
      __builtin_prefetch(later + 64);
    }
    const Retired next = limbo_.front();
    limbo_.pop_front();  // first: destroy() may retire
    ++destroyed_total_;
    ++done;
    next.destroy(owner_, next.object);
  }
  return done;
}

}  // namespace paddock::core
