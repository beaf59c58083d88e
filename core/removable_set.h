#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/flat_table.h"

namespace paddock::core {

class Znode;

/// The containers and TTL nodes of the newest state: what the server may remove by itself. It has
/// no versions, so it changes only when a transaction can no longer fail (R10).
///
/// To walk it in slices, go from the highest index down: what an erase moves into a hole comes from
/// behind, so a walk that goes on at min(index, size()) meets every node that stayed, some of them
/// twice, and misses at most those that were added meanwhile.
///
/// Threads: loop-local.
class RemovableSet {
 public:
  std::size_t size() const { return nodes_.size(); }
  Znode& at(std::size_t index) const { return *nodes_[index]; }
  bool has(const Znode& node) const { return place_.find(key_of(node)) != nullptr; }

  /// REQUIRES: not in it.
  void add(Znode& node) {
    CHECK(nodes_.size() < UINT32_MAX);
    place_.insert(key_of(node), static_cast<std::uint32_t>(nodes_.size()));
    nodes_.push_back(&node);
  }
  /// REQUIRES: in it.
  void remove(const Znode& node) {
    const std::uint32_t* place = place_.find(key_of(node));
    CHECK(place != nullptr);
    const std::uint32_t hole = *place;
    place_.erase(key_of(node));
    Znode* last = nodes_.back();
    nodes_.pop_back();
    if (last == &node) return;
    nodes_[hole] = last;
    *place_.find(key_of(*last)) = hole;
  }

 private:
  static std::uint64_t key_of(const Znode& node) { return reinterpret_cast<std::uintptr_t>(&node); }

  std::vector<Znode*> nodes_;
  FlatTable<std::uint32_t> place_;  ///< for each node its index, so that removing one is O(1)
};

}  // namespace paddock::core
