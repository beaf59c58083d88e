#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/epoch.h"
#include "core/znode.h"

namespace paddock::core {

/// The set of all znodes by path_hash: 1024 shards, each an open-addressing table with linear
/// probing.
///
/// A slot holds a node's address and 20 bits of its path_hash, in the 16 bits above and the 4 below
/// the address, so that a probe looks at a node only if it is very likely the wanted one, and a
/// table of up to 2^20 slots grows without touching a single node. 0 is an empty slot, 1 one whose
/// entry was removed; entries never move inside a published table. A removed slot may be used
/// again: a probe neither stops at it nor at the entry of another path, and what is inserted there
/// is a path that no reader can see yet.
///
/// A shard that is full past 3/4 is built anew, alone, and published with one store [T1]; the old
/// table waits for the readers that are in it. They miss only what was inserted after they loaded
/// it, which their snapshot cannot see.
///
/// Threads: one writer, readers under an epoch.
class NodeTable {
 public:
  static constexpr std::size_t shard_count = 1024;

  explicit NodeTable(Epoch& epoch);
  ~NodeTable();
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;

  /// The first node with this hash for which `is_it(const Znode&)` holds, or null.
  template <class IsIt>
  Znode* find(std::uint64_t hash, IsIt&& is_it) const;
  /// Brings the memory of a coming find() nearer.
  void prefetch(std::uint64_t hash) const;
  /// The first node that may have this hash, or null: none is looked at.
  const Znode* find_likely(std::uint64_t hash) const;

  /// Calls `visit(Znode&)` for each node in the shard as it is now; none may be freed meanwhile. A
  /// reader stays inside the epoch throughout.
  template <class Visit>
  void visit_shard(std::size_t shard, Visit&& visit) const;

  // --- The writer.
  void insert(Znode* node);
  void remove(Znode* node);  ///< REQUIRES: it is in.
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }  ///< memory of the tables

 private:
  using Slot = std::atomic<std::uint64_t>;  // [T2]
  /// A shard's table: its address, and in the 16 bits above log2 of the number of slots; one word,
  /// so that a probe starts without touching a header.
  struct Table {
    explicit Table(std::uint64_t word)
        : slots(reinterpret_cast<Slot*>(word & ~(~std::uint64_t{0} << address_bits))),
          mask((std::uint64_t{1} << (word >> address_bits)) - 1) {}
    Slot& at(std::uint64_t position) const { return slots[position & mask]; }
    Slot* slots;
    std::uint64_t mask;
  };
  struct Fill {
    std::uint32_t live = 0;
    std::uint32_t used = 0;  // live and removed
  };
  static constexpr int address_bits = 48;
  static constexpr std::uint64_t address_mask = 0x0000fffffffffff0;
  static constexpr std::uint64_t removed = 1;
  static constexpr std::uint32_t slots_log2_min = 4;
  static constexpr std::uint64_t visit_ahead = 8;  // slots

  static std::size_t shard_of(std::uint64_t hash) { return hash >> 54; }
  static std::uint64_t tag_of(std::uint64_t hash) { return (hash << 48) | ((hash >> 16) & 0xf); }
  static Znode* node_of(std::uint64_t slot) {
    return reinterpret_cast<Znode*>(slot & address_mask);
  }
  static std::uint64_t make_table(std::uint32_t slots_log2);
  static void free_slots(void* owner, void* slots);
  static std::uint64_t position_of(std::uint64_t slot, std::uint64_t mask);
  void rebuild(std::size_t shard);

  std::array<std::atomic<std::uint64_t>, shard_count> tables_{};  // [T1]; see Table
  std::array<Fill, shard_count> fills_{};                         // writer only
  Epoch& epoch_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

template <class IsIt>
Znode* NodeTable::find(std::uint64_t hash, IsIt&& is_it) const {
  // acquire; pairs with [T1] in rebuild(): the table's content.
  const Table table(tables_[shard_of(hash)].load(std::memory_order_acquire));
  const std::uint64_t tag = tag_of(hash);
  for (std::uint64_t at = hash;; ++at) {
    // acquire; pairs with [T2] in insert(): the node's content.
    const std::uint64_t slot = table.at(at).load(std::memory_order_acquire);
    if (slot == 0) return nullptr;
    if ((slot & ~address_mask) != tag || (slot & address_mask) == 0) continue;
    Znode* node = node_of(slot);
    if (node->path_hash() == hash && is_it(static_cast<const Znode&>(*node))) return node;
  }
}

inline void NodeTable::prefetch(std::uint64_t hash) const {
  // acquire; pairs with [T1] in rebuild().
  const Table table(tables_[shard_of(hash)].load(std::memory_order_acquire));
  __builtin_prefetch(&table.at(hash));
}

inline const Znode* NodeTable::find_likely(std::uint64_t hash) const {
  // acquire; pairs with [T1] in rebuild().
  const Table table(tables_[shard_of(hash)].load(std::memory_order_acquire));
  for (std::uint64_t at = hash;; ++at) {
    // acquire; pairs with [T2] in insert().
    const std::uint64_t slot = table.at(at).load(std::memory_order_acquire);
    if (slot == 0) return nullptr;
    if ((slot & ~address_mask) == tag_of(hash) && node_of(slot) != nullptr) return node_of(slot);
  }
}

template <class Visit>
void NodeTable::visit_shard(std::size_t shard, Visit&& visit) const {
  // acquire; pairs with [T1] in rebuild().
  const Table table(tables_[shard].load(std::memory_order_acquire));
  // acquire; pairs with [T2] in insert().
  const auto node_at = [&table](std::uint64_t at) {
    return node_of(table.at(at).load(std::memory_order_acquire));
  };
  for (std::uint64_t at = 0; at <= table.mask; ++at) {
    // Nodes lie anywhere: those further on come into the cache meanwhile, then their versions.
    __builtin_prefetch(node_at(at + 2 * visit_ahead));
    if (const Znode* next = node_at(at + visit_ahead); next != nullptr)
      __builtin_prefetch(next->newest_.load(std::memory_order_relaxed));  // relaxed: only a hint
    if (Znode* node = node_at(at); node != nullptr) visit(*node);
  }
}

}  // namespace paddock::core
