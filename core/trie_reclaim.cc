#include <algorithm>

#include "core/base/check.h"
#include "core/trie.h"

/// What nobody can see any more leaves its chain, the table and the child list (R1).
///
/// Every node with something to collect is known in at least one of three places: the queue, in the
/// order of commits, or, if a pin still needs a version, the list of that pin, looked at again when
/// the pin has moved. A node may be in the queue, in one list of a turn's pin and in one list of a
/// hold at the same time: a hot node goes through the queue all the time while a snapshot keeps one
/// old version of it, and must not grow meanwhile.
namespace paddock::core {
namespace {

// Work per reclaim(), so that a turn stays short whatever has piled up behind a long snapshot; and
// twice what has come in since the last call, so that a backlog shrinks whatever comes in.
constexpr std::size_t nodes_per_call = 256;
constexpr std::size_t frees_per_call = 512;

}  // namespace

bool Trie::reclaim() {
  const Pins::Scan& scan = pins_.scan();
  release_moved(scan);

  std::size_t budget = nodes_per_call + 2 * enqueued_count_;
  enqueued_count_ = 0;
  while (budget != 0 && !queue_.empty() && queue_.front().zxid <= scan.committed) {
    fetch_ahead();
    Znode* node = queue_.front().node;
    queue_.pop_front();
    collect(*node, Znode::in_queue, scan);
    --budget;
  }
  while (budget != 0 && released_count_ != 0) {
    std::uint8_t flag = 0;
    Znode* node = take_released(flag);
    collect(*node, flag, scan);
    --budget;
  }
  const std::size_t frees = frees_per_call + 2 * (epoch_.retired_total() - retired_seen_);
  retired_seen_ = epoch_.retired_total();
  return epoch_.collect(frees) == frees || budget == 0;
}

/// Nodes come back from the queue when the cache has forgotten them, so what collect() will read of
/// those further back is fetched meanwhile, a step for each miss: node, version, older version.
void Trie::fetch_ahead() {
  constexpr std::size_t step = 4;
  if (queue_.size() <= 3 * step) return;
  __builtin_prefetch(queue_.at(3 * step).node);
  // relaxed, here and below: only the writer stores.
  const Version* newest = queue_.at(2 * step).node->newest_.load(std::memory_order_relaxed);
  __builtin_prefetch(newest);
  const Znode& next = *queue_.at(step).node;
  if ((next.flags_ & Znode::dead) != 0) return;  // it came through another list: no version is left
  newest = next.newest_.load(std::memory_order_relaxed);
  __builtin_prefetch(newest->older.load(std::memory_order_relaxed));
}

/// What was held back by a pin that is no longer there is to be looked at again.
void Trie::release_moved(const Pins::Scan& scan) {
  auto pin = scan.pins.begin();
  for (std::uint32_t place = 0; place < held_.size(); ++place) {
    while (pin != scan.pins.end() && pin->place < place) ++pin;
    HeldNodes& list = held_[place];
    if (list.nodes.size() == list.released) continue;
    const bool is_pinned = pin != scan.pins.end() && pin->place == place;
    if (is_pinned && pin->zxid == list.pin) continue;
    released_count_ += list.nodes.size() - list.released;
    list.released = list.nodes.size();
  }
}

/// REQUIRES: released_count_ != 0. `flag`: of the list that it comes from.
Znode* Trie::take_released(std::uint8_t& flag) {
  std::size_t place = 0;
  while (held_[place].released == 0) ++place;
  HeldNodes& list = held_[place];
  Znode* node = list.nodes.front();
  list.nodes.pop_front();
  --list.released;
  --released_count_;
  --held_count_;
  flag = held_flag(place);
  return node;
}

/// Collects what can be collected of a node that has just been taken out of the place `from`, and
/// puts it where it must wait for the rest.
void Trie::collect(Znode& node, std::uint8_t from, const Pins::Scan& scan) {
  if ((node.flags_ & Znode::dead) != 0) {
    forget(node, from);
    return;
  }
  node.flags_ &= static_cast<std::uint8_t>(~from);

  std::int64_t pending = Pins::none;  // the lowest successor that is not committed yet
  const Pins::Pinned* held[2] = {};   // the youngest pin and the youngest hold in the way
  // relaxed: only the writer stores.
  Version* successor = node.newest_.load(std::memory_order_relaxed);
  Version* at = successor->older.load(std::memory_order_relaxed);
  while (at != nullptr) {
    Version* older = at->older.load(std::memory_order_relaxed);
    if (successor->zxid > scan.committed) {
      pending = successor->zxid;
      successor = at;
    } else if (scan.any_in(at->zxid, successor->zxid)) {
      for (const Pins::Pinned& pin : scan.pins) {
        if (pin.zxid < at->zxid || pin.zxid >= successor->zxid) continue;
        const Pins::Pinned*& youngest = held[pin.place % 2];
        if (youngest == nullptr || youngest->zxid < pin.zxid) youngest = &pin;
      }
      successor = at;
    } else {
      successor->older.store(older, std::memory_order_release);  // [T5]
      retire(at);
    }
    at = older;
  }

  const Version* newest_version = node.newest_.load(std::memory_order_relaxed);
  if (newest_version->is_tombstone()) {
    if (newest_version->zxid > scan.committed)
      pending = std::min(pending, newest_version->zxid);
    else if (newest_version->older.load(std::memory_order_relaxed) == nullptr &&
             node.first_child_.load(std::memory_order_relaxed) == nullptr) {
      bury(node);
      return;
    }
  }
  if (pending != Pins::none) enqueue(node, pending);
  for (const Pins::Pinned* pin : held)
    if (pin != nullptr) hold_back(node, *pin);
}

void Trie::bury(Znode& node) {
  retire(node.newest_.load(std::memory_order_relaxed));  // relaxed: only the writer stores
  unlink(node);
}

void Trie::hold_back(Znode& node, const Pins::Pinned& by) {
  const std::uint8_t flag = held_flag(by.place);
  if ((node.flags_ & flag) != 0) return;
  node.flags_ |= flag;
  HeldNodes& list = held_[by.place];
  if (list.nodes.size() == list.released) list.pin = by.zxid;
  DCHECK(list.pin == by.zxid);
  list.nodes.push_back(&node);
  ++held_count_;
}

void Trie::enqueue(Znode& node, std::int64_t zxid) {
  if ((node.flags_ & Znode::in_queue) != 0) return;
  node.flags_ |= Znode::in_queue;
  queue_.push_back({&node, zxid});
  ++enqueued_count_;
}

/// Clears `flag`; the memory of a dead node goes with the last place that knew it.
void Trie::forget(Znode& node, std::uint8_t flag) {
  node.flags_ &= static_cast<std::uint8_t>(~flag);
  if (node.flags_ == Znode::dead) epoch_.retire(&node, destroy_node);
}

}  // namespace paddock::core
