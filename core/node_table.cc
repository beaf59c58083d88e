#include "core/node_table.h"

#include <new>

#include "core/base/check.h"

namespace paddock::core {

NodeTable::NodeTable(Epoch& epoch) : epoch_(epoch) {
  for (auto& table : tables_) {
    table.store(make_table(slots_log2_min), std::memory_order_relaxed);  // no reader yet
    bytes_ += sizeof(Slot) << slots_log2_min;
  }
}

NodeTable::~NodeTable() {
  for (auto& table : tables_)
    free_slots(nullptr, Table(table.load(std::memory_order_relaxed)).slots);  // no reader left
}

std::uint64_t NodeTable::make_table(std::uint32_t slots_log2) {
  const std::size_t slot_count = std::size_t{1} << slots_log2;
  // No alignment is asked for: mimalloc would round 16 KiB up to 20.
  void* memory = ::operator new(slot_count * sizeof(Slot));
  for (std::size_t i = 0; i < slot_count; ++i) new (static_cast<Slot*>(memory) + i) Slot(0);
  const auto address = reinterpret_cast<std::uint64_t>(memory);
  CHECK(address >> address_bits == 0);
  return address | std::uint64_t{slots_log2} << address_bits;
}

void NodeTable::free_slots(void*, void* slots) { ::operator delete(slots); }

std::uint64_t NodeTable::position_of(std::uint64_t slot, std::uint64_t mask) {
  if (mask < (1u << 20)) [[likely]]
    return ((slot >> 48) | ((slot & 0xf) << 16)) & mask;
  return node_of(slot)->path_hash() & mask;
}

void NodeTable::rebuild(std::size_t shard) {
  Fill& fill = fills_[shard];
  // relaxed, here and below: only the writer stores, and nobody else has the new table yet.
  const std::uint64_t word = tables_[shard].load(std::memory_order_relaxed);
  const Table old(word);
  // Mostly removed entries: the same size again. Smaller for a shard that has shrunk a lot.
  auto slots_log2 = static_cast<std::uint32_t>(word >> address_bits);
  bytes_ -= sizeof(Slot) << slots_log2;
  if (fill.live * std::uint64_t{2} > old.mask) ++slots_log2;
  while (slots_log2 > slots_log2_min && fill.live * std::uint64_t{8} < 1u << slots_log2)
    --slots_log2;
  bytes_ += sizeof(Slot) << slots_log2;

  const std::uint64_t wider_word = make_table(slots_log2);
  const Table wider(wider_word);
  for (std::uint64_t at = 0; at <= old.mask; ++at) {
    const std::uint64_t slot = old.at(at).load(std::memory_order_relaxed);
    if (node_of(slot) == nullptr) continue;
    std::uint64_t to = position_of(slot, wider.mask);
    while (wider.at(to).load(std::memory_order_relaxed) != 0) ++to;
    wider.at(to).store(slot, std::memory_order_relaxed);
  }
  fill.used = fill.live;
  tables_[shard].store(wider_word, std::memory_order_release);  // [T1]
  epoch_.retire(old.slots, free_slots);
}

void NodeTable::insert(Znode* node) {
  const std::uint64_t hash = node->path_hash();
  const auto address = reinterpret_cast<std::uint64_t>(node);
  CHECK((address & ~address_mask) == 0);  // 48-bit addresses, 16-byte blocks
  const std::size_t shard = shard_of(hash);
  Fill& fill = fills_[shard];
  // relaxed, here and below: only the writer stores.
  const std::uint64_t slots_max = Table(tables_[shard].load(std::memory_order_relaxed)).mask + 1;
  if ((fill.used + std::uint64_t{1}) * 4 > slots_max * 3) rebuild(shard);

  const Table table(tables_[shard].load(std::memory_order_relaxed));
  std::uint64_t at = hash;
  while (node_of(table.at(at).load(std::memory_order_relaxed)) != nullptr) ++at;
  if (table.at(at).load(std::memory_order_relaxed) == 0) ++fill.used;
  ++fill.live;
  ++size_;
  table.at(at).store(address | tag_of(hash), std::memory_order_release);  // [T2]
}

void NodeTable::remove(Znode* node) {
  const std::uint64_t hash = node->path_hash();
  const std::size_t shard = shard_of(hash);
  Fill& fill = fills_[shard];
  // relaxed throughout: only the writer stores, and a reader that still finds the node may use it.
  const Table table(tables_[shard].load(std::memory_order_relaxed));
  std::uint64_t at = hash;
  while (node_of(table.at(at).load(std::memory_order_relaxed)) != node) {
    CHECK(table.at(at).load(std::memory_order_relaxed) != 0);
    ++at;
  }
  --fill.live;
  --size_;
  // In front of an empty slot nobody probes on, so it can be empty itself, and so can the removed
  // ones in front of it. A reader between the two sees either and finds the same.
  if (table.at(at + 1).load(std::memory_order_relaxed) != 0) {
    table.at(at).store(removed, std::memory_order_relaxed);
    return;
  }
  do {
    table.at(at).store(0, std::memory_order_relaxed);
    --fill.used;
    --at;
  } while (table.at(at).load(std::memory_order_relaxed) == removed);
}

}  // namespace paddock::core
