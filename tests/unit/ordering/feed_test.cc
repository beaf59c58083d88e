#include "paddock/ordering/feed.h"

#include <gtest/gtest.h>

#include <set>

namespace paddock::ordering {
namespace {

constexpr std::size_t kept_bytes_max = 256 * 1024;

std::size_t bytes_of(const FeedSlot& slot) {
  return slot.bytes.capacity() + slot.records.capacity() * sizeof(FeedRecord) +
         slot.events.capacity() * sizeof(FeedEvent);
}

/// One slot after another, by a consumer that keeps up.
class FeedTest : public ::testing::Test {
 protected:
  ~FeedTest() override { acl->release(); }
  FeedSlot& take() {
    FeedSlot* slot = feed.take();
    CHECK(slot != nullptr);
    return *slot;
  }
  void pass_on() {
    feed.publish();
    feed.release(0, ++position);
  }
  /// Until the first slot has its turn again.
  FeedSlot& take_first_again() {
    while (position % Feed::slot_count != 0) {
      take();
      pass_on();
    }
    return take();
  }
  /// A batch with `count` of everything.
  void fill(FeedSlot& slot, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      slot.bytes.append(as_bytes("body"));
      slot.records.emplace_back();
      acl->retain();
      slot.events.push_back({.acl = acl});
    }
  }

  core::Epoch epoch{1};
  core::AclTable acls{epoch};
  const core::AclEntry open_entry{31, "world", "anyone"};
  const core::Acl* acl = acls.intern({&open_entry, 1});
  Feed feed{1};
  std::uint64_t position = 0;
};

TEST_F(FeedTest, ASlotKeepsTheMemoryOfAnOrdinaryBatch) {
  FeedSlot& slot = take();
  fill(slot, 1000);
  const std::size_t bytes = bytes_of(slot);
  pass_on();
  ASSERT_EQ(&take_first_again(), &slot);
  EXPECT_EQ(bytes_of(slot), bytes);
  EXPECT_TRUE(slot.records.empty() && slot.events.empty() && slot.bytes.empty());
}

TEST_F(FeedTest, TheMemoryGoesRoundAmongTheSlotsThatAreInUse) {
  // Three at a time are taken and not given back.
  std::set<const FeedRecord*> memory;
  fill(take(), 1000);
  fill(take(), 1000);
  for (int batch = 0; batch < 1000; ++batch) {
    FeedSlot& slot = take();
    fill(slot, 1000);
    memory.insert(slot.records.data());
    pass_on();
  }
  EXPECT_EQ(memory.size(), 3u);
}

TEST_F(FeedTest, SoItDoesWhenSeveralAreGivenBackAtOnce) {
  std::set<const FeedRecord*> memory;
  for (int turn = 0; turn < 300; ++turn) {
    for (int batch = 0; batch < 3; ++batch) {
      FeedSlot& slot = take();
      fill(slot, 1000);
      memory.insert(slot.records.data());
      feed.publish();
    }
    feed.release(0, position += 3);
  }
  EXPECT_EQ(memory.size(), 3u);
}

TEST_F(FeedTest, WhatAConsumerThatWasBehindHasTakenIsGivenBack) {
  std::set<const FeedSlot*> slots;
  while (FeedSlot* slot = feed.take()) {
    fill(*slot, 1000);
    slots.insert(slot);
    feed.publish();
  }
  ASSERT_EQ(slots.size(), Feed::slot_count);
  feed.release(0, position = Feed::slot_count);
  take();
  std::size_t bytes = 0;
  for (const FeedSlot* slot : slots) bytes += bytes_of(*slot);
  EXPECT_LE(bytes, 3 * kept_bytes_max) << "the taken one's";
}

TEST_F(FeedTest, ASlotGivesTheMemoryOfAHugeBatchBack) {
  FeedSlot& slot = take();
  fill(slot, 100'000);
  ASSERT_GT(slot.records.capacity() * sizeof(FeedRecord), kept_bytes_max);
  ASSERT_GT(slot.events.capacity() * sizeof(FeedEvent), kept_bytes_max);
  pass_on();
  ASSERT_EQ(&take_first_again(), &slot);
  EXPECT_EQ(bytes_of(slot), 0u);
  EXPECT_TRUE(slot.records.empty() && slot.events.empty() && slot.bytes.empty());
}

}  // namespace
}  // namespace paddock::ordering
