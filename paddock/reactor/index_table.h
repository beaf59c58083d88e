#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace paddock::reactor {

/// A hash table of objects that have a 32-bit index and hold their own key: a slot is the index and
/// half of the hash, 8 bytes, so that probing touches an object only where it is likely the one.
/// Open addressing in 64 shards, each of which grows on its own, so that no single insert moves
/// more than a 64th of the entries.
///
/// Memory: 11 to 21 bytes an entry, at a load of 3/8 to 3/4.
///
/// Threads: loop-local.
class IndexTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  /// The index with this hash for which `is_it(index)`, or none.
  template <class IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt&& is_it) const {
    const Shard& shard = shards_[hash >> shard_shift];
    if (shard.count == 0) return none;
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::size_t i = tag & shard.mask;; i = (i + 1) & shard.mask) {
      const Slot& slot = shard.slots[i];
      if (slot.index == none) return none;
      if (slot.tag == tag && is_it(slot.index)) return slot.index;
    }
  }

  /// The index that find() most likely gives, or none: no object is looked at.
  std::uint32_t find_likely(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }

  /// Fetches into the cache where find() and erase() of this hash begin.
  void prefetch(std::uint64_t hash) const {
    const Shard& shard = shards_[hash >> shard_shift];
    if (shard.count != 0) __builtin_prefetch(&shard.slots[hash & shard.mask], 1);
  }

  /// REQUIRES: `index` is not none, and not in the table.
  void insert(std::uint64_t hash, std::uint32_t index) {
    CHECK(index != none);
    Shard& shard = shards_[hash >> shard_shift];
    if ((shard.count + 1) * 4 > shard.capacity() * 3) grow(shard);
    ++shard.count;
    place(shard, {static_cast<std::uint32_t>(hash), index});
  }

  /// REQUIRES: `index` is in the table under this hash.
  void erase(std::uint64_t hash, std::uint32_t index) {
    Shard& shard = shards_[hash >> shard_shift];
    CHECK(shard.count != 0);
    std::size_t hole = hash & shard.mask;
    while (shard.slots[hole].index != index) {
      CHECK(shard.slots[hole].index != none);
      hole = (hole + 1) & shard.mask;
    }
    // Close the gap: whatever probed over the hole moves into it, so no tombstones are needed.
    for (std::size_t i = (hole + 1) & shard.mask; shard.slots[i].index != none;
         i = (i + 1) & shard.mask) {
      const std::size_t home = shard.slots[i].tag & shard.mask;
      if (((i - home) & shard.mask) >= ((i - hole) & shard.mask)) {
        shard.slots[hole] = shard.slots[i];
        hole = i;
      }
    }
    shard.slots[hole] = Slot{};
    --shard.count;
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Shard& shard : shards_) bytes += shard.capacity() * sizeof(Slot);
    return bytes;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;  ///< the low half of the hash: where probing begins, too
    std::uint32_t index = none;
  };
  struct Shard {
    std::unique_ptr<Slot[]> slots;
    std::size_t mask = 0;  ///< capacity - 1, a power of two
    std::size_t count = 0;
    std::size_t capacity() const { return slots ? mask + 1 : 0; }
  };

  static constexpr int shard_shift = 58;  ///< the top 6 bits choose one of 64 shards

  static void place(Shard& shard, Slot slot) {
    std::size_t i = slot.tag & shard.mask;
    while (shard.slots[i].index != none) i = (i + 1) & shard.mask;
    shard.slots[i] = slot;
  }

  static void grow(Shard& shard) {
    const std::size_t old_capacity = shard.capacity();
    const std::unique_ptr<Slot[]> old = std::move(shard.slots);
    const std::size_t capacity = old_capacity == 0 ? 8 : old_capacity * 2;
    shard.slots = std::make_unique<Slot[]>(capacity);
    shard.mask = capacity - 1;
    for (std::size_t i = 0; i < old_capacity; ++i)
      if (old[i].index != none) place(shard, old[i]);
  }

  std::array<Shard, 64> shards_;
};

}  // namespace paddock::reactor
