#include "paddock/ordering/feed.h"

#include <algorithm>
#include <utility>

namespace paddock::ordering {
namespace {

/// Empties it, and gives its memory back if it is more than `bytes_kept`.
template <class T>
void reuse(std::vector<T>& items, std::size_t bytes_kept) {
  if (items.capacity() * sizeof(T) > bytes_kept)
    items = std::vector<T>();
  else
    items.clear();
}

}  // namespace

Feed::Feed(std::uint32_t consumer_count)
    : consumer_count_(consumer_count),
      slots_(new FeedSlot[slot_count]),
      cursors_(new Cursor[consumer_count]) {
  CHECK(consumer_count >= 1);
  CHECK(consumer_count <= consumer_count_max);
}

Feed::~Feed() {
  for (std::uint32_t i = 0; i < slot_count; ++i)
    for (const FeedEvent& event : slots_[i].events) event.acl->release();
}

std::uint64_t Feed::slowest() const {
  std::uint64_t slowest = cursors_[0].value.load(std::memory_order_acquire);  // pairs with [F2]
  for (std::uint32_t i = 1; i < consumer_count_; ++i)
    slowest = std::min(slowest, cursors_[i].value.load(std::memory_order_acquire));  // [F2]
  return slowest;
}

FeedSlot* Feed::take() {
  const std::uint64_t given_back = slowest();
  if (taken_ - given_back >= slot_count) return nullptr;
  collect(given_back);
  FeedSlot& slot = slots_[taken_ % slot_count];
  ++taken_;
  if (!spares_.empty()) {
    slot = std::move(spares_.back());
    spares_.pop_back();
  }
  return &slot;
}

/// Who keeps up needs a few slots at a time: their memory goes round among those, the last used
/// first, and is in the cache, instead of being there 256 times.
void Feed::collect(std::uint64_t given_back) {
  for (; collected_ < given_back; ++collected_) {
    FeedSlot slot = std::exchange(slots_[collected_ % slot_count], {});
    for (const FeedEvent& event : slot.events) event.acl->release();
    if (spares_.size() == spare_count_max) continue;
    reuse(slot.events, slot_bytes_kept);
    reuse(slot.records, slot_bytes_kept);
    if (slot.bytes.capacity() > slot_bytes_kept)
      slot.bytes.release();
    else
      slot.bytes.clear();
    slot.wanted_by = 0;
    spares_.push_back(std::move(slot));
  }
}

void Feed::publish() {
  const std::uint64_t published = published_.load(std::memory_order_relaxed);  // own value
  CHECK(published < taken_);
  published_.store(published + 1, std::memory_order_seq_cst);  // [F1]
}

std::uint32_t Feed::backlog() const {
  // relaxed: own value.
  return static_cast<std::uint32_t>(published_.load(std::memory_order_relaxed) - slowest());
}

std::uint32_t Feed::consumer_backlog(std::uint32_t consumer) const {
  // relaxed: own value; acquire pairs with [F2], as in slowest().
  return static_cast<std::uint32_t>(published_.load(std::memory_order_relaxed) -
                                    cursors_[consumer].value.load(std::memory_order_acquire));
}

const FeedSlot* Feed::at(std::uint64_t position) const {
  if (position == published_.load(std::memory_order_acquire)) return nullptr;  // pairs with [F1]
  return &slots_[position % slot_count];
}

void Feed::release(std::uint32_t consumer, std::uint64_t position) {
  cursors_[consumer].value.store(position, std::memory_order_release);  // [F2]
}

bool Feed::has(std::uint64_t position) const {
  return position < published_.load(std::memory_order_seq_cst);  // pairs with [F1]
}

}  // namespace paddock::ordering
