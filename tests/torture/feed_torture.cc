#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "paddock/ordering/feed.h"
#include "tests/torture/duration.h"

namespace paddock::ordering {
namespace {

constexpr std::uint32_t consumer_count = 3;

/// Slot n holds a few records, all of whose bytes follow from n.
void fill(FeedSlot& slot, std::uint64_t number) {
  slot.end = Zxid{static_cast<std::int64_t>(number) + 1};
  slot.wanted_by = number;
  for (std::uint64_t i = 0; i <= number % 4; ++i) {
    FeedRecord& record = slot.records.emplace_back();
    record.zxid = slot.end;
    record.body_at = static_cast<std::uint32_t>(slot.bytes.size());
    record.body_bytes = sizeof number;
    std::byte bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    slot.bytes.append(bytes);
  }
}

void check(const FeedSlot& slot, std::uint64_t number) {
  CHECK(slot.end.value == static_cast<std::int64_t>(number) + 1);
  CHECK(slot.wanted_by == number);
  CHECK(slot.records.size() == number % 4 + 1);
  for (const FeedRecord& record : slot.records) {
    const Bytes body = slot.body(record);
    CHECK(body.size() == sizeof number);
    CHECK(std::memcmp(body.data(), &number, sizeof number) == 0);
  }
}

// R4, R8, R12: each consumer gets every slot once, whole, in order and as long as it has not given
// it back; and whoever has seen a committed zxid finds all slots up to it.
TEST(FeedTorture, R4_EverySlotIsReadByEveryConsumerBeforeItIsUsedAgain) {
  const Deadline deadline(0.5);
  Feed feed(consumer_count);
  std::atomic<std::uint64_t> committed{0};
  std::atomic<std::uint64_t> count{UINT64_MAX};  // of all slots, once it is known

  std::vector<std::thread> consumers;
  for (std::uint32_t consumer = 0; consumer < consumer_count; ++consumer)
    consumers.emplace_back([&, consumer] {
      std::mt19937 random(consumer);
      std::uint64_t position = 0;
      std::uint64_t released = 0;
      while (released < count.load(std::memory_order_relaxed)) {
        const std::uint64_t snapshot = committed.load(std::memory_order_acquire);
        while (position < snapshot) {
          const FeedSlot* slot = feed.at(position);
          CHECK(slot != nullptr);
          check(*slot, position++);
        }
        if (committed.load(std::memory_order_acquire) > position) CHECK(feed.has(position));
        // Done is later than read: what is not given back is still whole.
        if (released < position && random() % 2 == 0) {
          const std::uint64_t held = released + random() % (position - released);
          check(*feed.at(held), held);
          released = random() % 2 == 0 ? position : held;
          feed.release(consumer, released);
        }
        if (random() % 4 == 0) std::this_thread::yield();
      }
    });

  std::mt19937 random(99);
  std::uint64_t taken = 0;
  std::uint64_t published = 0;
  std::uint64_t refused = 0;
  while (!deadline.is_over() || published < taken) {
    // A few are open at a time, as batches in flight are.
    while (!deadline.is_over() && taken - published < 1 + random() % 3) {
      FeedSlot* slot = feed.take();
      if (slot == nullptr) {
        ++refused;
        break;
      }
      fill(*slot, taken++);
    }
    if (published == taken) {
      std::this_thread::yield();
      continue;
    }
    CHECK(feed.backlog() <= Feed::slot_count);
    feed.publish();
    committed.store(++published, std::memory_order_release);
  }
  count = taken;
  for (auto& thread : consumers) thread.join();
  EXPECT_GT(taken, 10 * std::uint64_t{Feed::slot_count});
  EXPECT_EQ(feed.backlog(), 0u);
  ::testing::Test::RecordProperty("refused", static_cast<int>(refused));
}

}  // namespace
}  // namespace paddock::ordering
