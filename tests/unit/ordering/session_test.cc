#include <gtest/gtest.h>

#include <vector>

#include "paddock/ordering/session_clock.h"
#include "paddock/ordering/session_deadlines.h"
#include "paddock/ordering/session_owners.h"

namespace paddock::ordering {
namespace {

constexpr std::int64_t tick_ms = 2000;

TEST(SessionClock, RunsWithTheMonotonicClock) {
  SessionClock clock(tick_ms);
  EXPECT_EQ(clock.advance(100, 100), 0);
  EXPECT_EQ(clock.now_ms(), 100);
  EXPECT_EQ(clock.advance(2600, 2500), 0);
  EXPECT_EQ(clock.now_ms(), 2600) << "late by less than a tick is not a gap";
  EXPECT_EQ(clock.advance(5000, 9000), 0) << "woken early";
  EXPECT_EQ(clock.now_ms(), 5000);
}

TEST(SessionClock, R15_AGapLongerThanATickIsLeftOut) {
  SessionClock clock(tick_ms);
  clock.advance(1000, 1000);
  EXPECT_EQ(clock.advance(1500 + tick_ms, 1500), 0);
  const std::int64_t before = clock.now_ms();
  EXPECT_EQ(clock.advance(100'000, 4000), 100'000 - (1500 + tick_ms));
  EXPECT_EQ(clock.now_ms(), before) << "it may have begun with the sleep";
  EXPECT_EQ(clock.advance(100'010, 100'010), 0);
  EXPECT_EQ(clock.now_ms(), before + 10) << "and goes on from there";
}

struct Expiring : SessionDeadlines::Entry {
  int number = 0;
};

TEST(SessionDeadlines, ExpireBetweenTheTimeoutAndATickLater) {
  for (std::int64_t now_ms = 5000; now_ms < 5000 + 2 * tick_ms; now_ms += 333) {
    SessionDeadlines deadlines(tick_ms);
    Expiring entry;
    deadlines.arm(entry, now_ms, 4000);
    const std::int64_t due = deadlines.next_ms();
    EXPECT_GT(due, now_ms + 4000);
    EXPECT_LE(due, now_ms + 4000 + tick_ms);
    deadlines.expire(due - 1, [](SessionDeadlines::Entry&) { ADD_FAILURE(); });
    int expired = 0;
    deadlines.expire(due, [&](SessionDeadlines::Entry&) { ++expired; });
    EXPECT_EQ(expired, 1);
    EXPECT_FALSE(entry.is_armed());
  }
}

TEST(SessionDeadlines, ATouchIsFoundWhenTheOldDeadlineComes) {
  SessionDeadlines deadlines(tick_ms);
  Expiring entry;
  deadlines.arm(entry, 0, 4000);
  deadlines.touch(entry, 3000, 4000);
  deadlines.expire(6000, [](SessionDeadlines::Entry&) { ADD_FAILURE(); });
  EXPECT_TRUE(entry.is_armed());
  EXPECT_EQ(deadlines.next_ms(), 8000);
  int expired = 0;
  deadlines.expire(8000, [&](SessionDeadlines::Entry&) { ++expired; });
  EXPECT_EQ(expired, 1);
  EXPECT_EQ(deadlines.next_ms(), INT64_MAX);
}

TEST(SessionDeadlines, WhatExpiresMayRemoveAndArmOthers) {
  SessionDeadlines deadlines(tick_ms);
  std::vector<Expiring> entries(4);
  for (int i = 0; i < 4; ++i) {
    entries[static_cast<std::size_t>(i)].number = i;
    deadlines.arm(entries[static_cast<std::size_t>(i)], 0, 1000);
  }
  std::vector<int> expired;
  deadlines.expire(50'000, [&](SessionDeadlines::Entry& entry) {
    const int number = static_cast<Expiring&>(entry).number;
    expired.push_back(number);
    if (number == 0) deadlines.remove(entries[1]);
    if (number == 2) deadlines.arm(entries[2], 50'000, 1000);
  });
  EXPECT_EQ(expired, (std::vector{0, 2, 3}));
  EXPECT_TRUE(entries[2].is_armed());
  deadlines.remove(entries[2]);
}

class Owners : public ::testing::Test {
 protected:
  std::vector<std::int64_t> expire(std::int64_t now_ms) {
    std::vector<std::int64_t> all;
    owners.expire(now_ms, [&](SessionId session) { all.push_back(session.value); });
    return all;
  }
  SessionOwners owners{tick_ms};
};

TEST_F(Owners, R14_EachMoveHasAGenerationOfItsOwn) {
  owners.add(SessionId{1}, 4000, 0);
  EXPECT_FALSE(owners.find(SessionId{1})->attached);
  EXPECT_EQ(owners.find(SessionId{2}), nullptr);
  const std::uint64_t first = owners.attach(SessionId{1}, 0, {5, 1}, 6000);
  const std::uint64_t second = owners.attach(SessionId{1}, 3, {7, 2}, 8000);
  EXPECT_GT(second, first);
  const SessionOwners::Owner& owner = *owners.find(SessionId{1});
  EXPECT_TRUE(owner.attached);
  EXPECT_EQ(owner.reactor, 3);
  EXPECT_EQ(owner.connection, (ConnectionId{7, 2}));
  EXPECT_EQ(owner.timeout_ms, 8000);
}

TEST_F(Owners, R14_AnOldConnectionsEndChangesNothing) {
  owners.add(SessionId{1}, 4000, 0);
  const std::uint64_t first = owners.attach(SessionId{1}, 0, {5, 1}, 6000);
  owners.attach(SessionId{1}, 3, {7, 2}, 8000);
  owners.detach(SessionId{1}, first, 0, 0);
  owners.detach(SessionId{9}, 1, 0, 0);
  EXPECT_TRUE(owners.find(SessionId{1})->attached);
  EXPECT_EQ(expire(1'000'000), std::vector<std::int64_t>{});
}

TEST_F(Owners, R15_OnlyDetachedSessionsHaveADeadlineHere) {
  owners.add(SessionId{1}, 4000, 0);
  EXPECT_EQ(owners.next_deadline_ms(), 6000);
  const std::uint64_t generation = owners.attach(SessionId{1}, 0, {5, 1}, 4000);
  EXPECT_EQ(expire(1'000'000), std::vector<std::int64_t>{});
  owners.detach(SessionId{1}, generation, 3000, 1'000'000);
  EXPECT_EQ(expire(1'003'999), std::vector<std::int64_t>{});
  EXPECT_EQ(expire(1'004'000), std::vector<std::int64_t>{1});
  EXPECT_EQ(expire(1'004'000), std::vector<std::int64_t>{}) << "asked for once a tick";
  EXPECT_EQ(expire(1'006'000), std::vector<std::int64_t>{1}) << "until it is removed";
  owners.remove(SessionId{1});
  EXPECT_EQ(expire(9'000'000), std::vector<std::int64_t>{});
}

TEST_F(Owners, ADeadlineInThePastIsDueAtOnce) {
  owners.add(SessionId{1}, 4000, 0);
  const std::uint64_t generation = owners.attach(SessionId{1}, 0, {5, 1}, 4000);
  owners.detach(SessionId{1}, generation, -5000, 8000);
  EXPECT_EQ(expire(8000), std::vector<std::int64_t>{1});
}

TEST_F(Owners, R20_RearmGivesTheFullTimeoutToTheDetachedOnes) {
  owners.add(SessionId{1}, 4000, 0);
  owners.add(SessionId{2}, 4000, 0);
  owners.attach(SessionId{2}, 0, {5, 1}, 4000);
  owners.rearm(100'000);
  EXPECT_EQ(expire(105'999), std::vector<std::int64_t>{});
  EXPECT_EQ(expire(106'000), std::vector<std::int64_t>{1});
}

}  // namespace
}  // namespace paddock::ordering
