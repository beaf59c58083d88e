#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace paddock::core {

/// A hash table from a 64-bit key that is never 0 to a small value: open addressing in 64 shards,
/// each of which grows on its own, so that no single insert moves more than a 64th of the entries.
/// Values move when a shard grows and when a neighbour is erased; pointers to them live until the
/// next insert or erase. Iteration order is not promised.
///
/// Threads: loop-local.
template <class Value>
class FlatTable {
 public:
  FlatTable() = default;
  FlatTable(const FlatTable&) = delete;
  FlatTable& operator=(const FlatTable&) = delete;

  std::size_t size() const { return size_; }

  /// Null when the key is unknown.
  Value* find(std::uint64_t key) {
    const std::uint64_t hash = mix(key);
    Shard& shard = shards_[hash >> shard_shift];
    if (shard.count == 0) return nullptr;
    for (std::size_t i = hash & shard.mask;; i = (i + 1) & shard.mask) {
      Slot& slot = shard.slots[i];
      if (slot.key == key) return &slot.value;
      if (slot.key == 0) return nullptr;
    }
  }
  const Value* find(std::uint64_t key) const { return const_cast<FlatTable*>(this)->find(key); }

  /// REQUIRES: the key is not 0 and not in the table.
  Value& insert(std::uint64_t key, Value value) {
    CHECK(key != 0);
    const std::uint64_t hash = mix(key);
    Shard& shard = shards_[hash >> shard_shift];
    if ((shard.count + 1) * 4 > shard.capacity() * 3) grow(shard);
    ++shard.count;
    ++size_;
    return place(shard, hash, key, std::move(value));
  }

  /// Whether the key was there.
  bool erase(std::uint64_t key) {
    const std::uint64_t hash = mix(key);
    Shard& shard = shards_[hash >> shard_shift];
    if (shard.count == 0) return false;
    std::size_t hole = hash & shard.mask;
    while (shard.slots[hole].key != key) {
      if (shard.slots[hole].key == 0) return false;
      hole = (hole + 1) & shard.mask;
    }
    // Close the gap: whatever probed over the hole moves into it, so no tombstones are needed.
    for (std::size_t i = (hole + 1) & shard.mask; shard.slots[i].key != 0;
         i = (i + 1) & shard.mask) {
      const std::size_t home = mix(shard.slots[i].key) & shard.mask;
      if (((i - home) & shard.mask) >= ((i - hole) & shard.mask)) {
        shard.slots[hole] = std::move(shard.slots[i]);
        hole = i;
      }
    }
    shard.slots[hole] = Slot{};
    --shard.count;
    --size_;
    return true;
  }

  /// Calls `visit(key, value)` for every entry; the table must not change meanwhile.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Shard& shard : shards_) {
      for (std::size_t i = 0; i < shard.capacity(); ++i) {
        if (shard.slots[i].key != 0) visit(shard.slots[i].key, shard.slots[i].value);
      }
    }
  }

 private:
  struct Slot {
    std::uint64_t key = 0;  ///< 0 = free
    Value value{};
  };
  struct Shard {
    std::unique_ptr<Slot[]> slots;
    std::size_t mask =
        0;  ///< capacity - 1; the capacity is a power of two, 0 before the first insert
    std::size_t count = 0;
    std::size_t capacity() const { return slots ? mask + 1 : 0; }
  };

  static constexpr int shard_shift = 58;  ///< the top 6 bits choose one of 64 shards

  /// The finalizer of splitmix64: addresses and counters spread over all bits.
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  static Value& place(Shard& shard, std::uint64_t hash, std::uint64_t key, Value value) {
    std::size_t i = hash & shard.mask;
    while (shard.slots[i].key != 0) i = (i + 1) & shard.mask;
    shard.slots[i].key = key;
    shard.slots[i].value = std::move(value);
    return shard.slots[i].value;
  }

  static void grow(Shard& shard) {
    const std::size_t old_capacity = shard.capacity();
    std::unique_ptr<Slot[]> old = std::move(shard.slots);
    const std::size_t capacity = old_capacity == 0 ? 8 : old_capacity * 2;
    shard.slots = std::make_unique<Slot[]>(capacity);
    shard.mask = capacity - 1;
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i].key != 0) place(shard, mix(old[i].key), old[i].key, std::move(old[i].value));
    }
  }

  std::array<Shard, 64> shards_;
  std::size_t size_ = 0;
};

}  // namespace paddock::core
