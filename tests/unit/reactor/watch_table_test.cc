#include "paddock/reactor/watch_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace paddock::reactor {
namespace {

class WatchTableTest : public ::testing::Test {
 protected:
  void expect_counts(std::int64_t data, std::int64_t child, std::int64_t persistent) {
    EXPECT_EQ(table.counts().data, data);
    EXPECT_EQ(table.counts().child, child);
    EXPECT_EQ(table.counts().persistent, persistent);
  }
  std::vector<std::string> recursive_above(std::string_view path) {
    std::vector<std::string> found;
    table.visit_recursive_ancestors(
        path, [&](std::uint32_t above) { found.emplace_back(table.text(above)); });
    return found;
  }

  WatchTable table;
  ClientWatches one, two;
};

TEST_F(WatchTableTest, ModesOfOneConnectionAndPathShareAnEntry) {
  table.add(1, one, "/a", watch_data);
  table.add(1, one, "/a", watch_child);
  table.add(1, one, "/a", watch_data);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(one.count, 1u);
  EXPECT_EQ(table.bits_of(1, "/a"), watch_data | watch_child);
  EXPECT_EQ(table.bits_of(2, "/a"), 0);
  EXPECT_EQ(table.bits_of(1, "/b"), 0);
  expect_counts(1, 1, 0);
  table.add(1, one, "/a", watch_recursive);
  expect_counts(1, 1, 1);
  table.add(1, one, "/a", watch_persistent);
  expect_counts(1, 1, 1);
}

TEST_F(WatchTableTest, RemovingTellsWhatWasThere) {
  table.add(1, one, "/a", watch_data | watch_persistent);
  EXPECT_EQ(table.remove(1, one, "/a", watch_child), 0);
  EXPECT_EQ(table.remove(2, two, "/a", watch_any), 0);
  EXPECT_EQ(table.remove(1, one, "/b", watch_any), 0);
  EXPECT_EQ(table.remove(1, one, "/a", watch_data | watch_child), watch_data);
  expect_counts(1, 1, 1);
  EXPECT_EQ(table.remove(1, one, "/a", watch_any), watch_persistent);
  expect_counts(0, 0, 0);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find_path("/a"), WatchTable::none);
}

TEST_F(WatchTableTest, AConnectionsWatchesGoTogether) {
  for (int i = 0; i < 5000; ++i) {
    table.add(1, one, "/" + std::to_string(i), watch_data);
    table.add(2, two, "/" + std::to_string(i), watch_child);
  }
  EXPECT_EQ(one.count, 5000u);
  table.remove_all(1, one);
  EXPECT_EQ(one.count, 0u);
  EXPECT_EQ(table.size(), 5000u);
  expect_counts(0, 5000, 0);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.bits_of(2, "/" + std::to_string(i)), watch_child);
  table.remove_all(2, two);
  EXPECT_TRUE(table.empty());
}

/// Around where the hash tables grow, so where they are emptiest.
TEST_F(WatchTableTest, R16_AWatchOnASharedPathTakesAtMost64Bytes) {
  constexpr std::uint32_t client_count = 100;
  std::vector<ClientWatches> clients(client_count);
  for (int path = 0; path < 1000; ++path) {
    const std::string text = "/tree/n" + std::to_string(path);
    for (std::uint32_t client = 0; client < client_count; ++client)
      table.add(client, clients[client], text, watch_data);
    if (path < 99) continue;
    ASSERT_LE(table.memory_bytes(), 64 * table.size()) << table.size();
  }
  for (std::uint32_t client = 0; client < client_count; ++client)
    table.remove_all(client, clients[client]);
}

TEST_F(WatchTableTest, AWatchOnAPathOfItsOwnTakesTwiceThatAndTheText) {
  for (int path = 0; path < 100'000; ++path) {
    table.add(1, one, "/tree/n" + std::to_string(path), watch_data);
    if (path < 9999) continue;
    ASSERT_LE(table.memory_bytes(), 2 * 64 * table.size()) << table.size();
  }
  table.remove_all(1, one);
}

TEST_F(WatchTableTest, AHeldPathStaysUntilItIsDropped) {
  table.add(1, one, "/a", watch_data);
  const std::uint32_t path = table.find_path("/a");
  table.hold_path(path);
  table.remove_all(1, one);
  EXPECT_EQ(table.find_path("/a"), path);
  EXPECT_EQ(table.text(path), "/a");
  table.add(2, two, "/a", watch_data);
  table.drop_path(path);
  EXPECT_EQ(table.find_path("/a"), path);
  table.remove_all(2, two);
  EXPECT_EQ(table.find_path("/a"), WatchTable::none);
}

TEST_F(WatchTableTest, TheCursorMovesOnWhenItsWatchGoes) {
  ClientWatches clients[3];
  for (std::uint32_t i = 0; i < 3; ++i) table.add(i, clients[i], "/a", watch_data);
  // Newest first: 2, 1, 0.
  table.cursor = table.path(table.find_path("/a")).first;
  EXPECT_EQ(table.watch(table.cursor).client, 2u);
  table.remove_all(2, clients[2]);
  EXPECT_EQ(table.watch(table.cursor).client, 1u);
  table.remove_all(0, clients[0]);
  EXPECT_EQ(table.watch(table.cursor).client, 1u);
  table.remove_all(1, clients[1]);
  EXPECT_EQ(table.cursor, WatchTable::none);
}

TEST_F(WatchTableTest, AUsedUpWatchRestsUnseenAndIsSetAgain) {
  table.add(1, one, "/a", watch_data);
  const std::uint32_t path = table.find_path("/a");
  const std::uint32_t watch = table.path(path).first;
  for (int round = 0; round < 3; ++round) {
    table.use_up(watch, one, watch_data, WatchTable::Likely::again);
    EXPECT_EQ(table.bits_of(1, "/a"), 0);
    EXPECT_EQ(table.remove(1, one, "/a", watch_any), 0);
    EXPECT_EQ(table.path(path).first, WatchTable::none);
    expect_counts(0, 0, 0);
    table.visit(one, [](const WatchTable::Watch&) { FAIL() << "one that rests"; });
    table.add(1, one, "/a", watch_child);
    table.add(1, one, "/a", watch_data);
    EXPECT_EQ(table.path(path).first, watch);
    EXPECT_EQ(table.remove(1, one, "/a", watch_child), watch_child);
    expect_counts(1, 0, 0);
    EXPECT_EQ(table.size(), 1u);
  }
  table.use_up(watch, one, watch_data, WatchTable::Likely::no_more);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find_path("/a"), WatchTable::none);
}

TEST_F(WatchTableTest, WhatRestsForLongGoesAndWhatWasSetAgainStays) {
  constexpr int count = 100;
  const auto text = [](int i) { return "/n" + std::to_string(i); };
  for (int i = 0; i < count; ++i) {
    table.add(1, one, text(i), watch_data);
    table.use_up(table.path(table.find_path(text(i))).first, one, watch_data,
                 WatchTable::Likely::again);
  }
  const auto sweep = [&](std::size_t looks) {
    table.sweep(looks, [&](std::uint32_t) -> ClientWatches& { return one; });
  };
  sweep(count);
  EXPECT_EQ(table.size(), std::size_t{count}) << "not before a tick";
  for (int i = 0; i < count; i += 2) table.add(1, one, text(i), watch_data);
  table.tick();
  sweep(count / 2);
  EXPECT_TRUE(table.has_stale());
  sweep(count);
  EXPECT_FALSE(table.has_stale());
  EXPECT_FALSE(table.has_resting());
  EXPECT_EQ(table.size(), std::size_t{count / 2});
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(table.bits_of(1, text(i)), i % 2 == 0 ? watch_data : 0);
    EXPECT_EQ(table.find_path(text(i)) != WatchTable::none, i % 2 == 0);
  }
  table.remove_all(1, one);
}

/// Its place may have another watch by the time when it is looked at.
TEST_F(WatchTableTest, AConnectionMayGoWhileItsWatchesRest) {
  table.add(1, one, "/a", watch_data);
  table.use_up(table.path(table.find_path("/a")).first, one, watch_data, WatchTable::Likely::again);
  table.remove_all(1, one);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find_path("/a"), WatchTable::none);
  table.add(2, two, "/b", watch_data);
  table.tick();
  table.sweep(10, [&](std::uint32_t) -> ClientWatches& { return two; });
  EXPECT_EQ(table.bits_of(2, "/b"), watch_data);
  table.remove_all(2, two);
  EXPECT_TRUE(table.empty());
}

TEST_F(WatchTableTest, RecursiveAncestorsAreThoseOfWholeNames) {
  for (const char* path : {"/", "/a", "/a/b", "/a/bc", "/x", ""})
    table.add(1, one, path, watch_recursive);
  table.add(2, two, "/a/b/c", watch_data);
  EXPECT_EQ(recursive_above("/a/b/c/d"), (std::vector<std::string>{"/", "/a", "/a/b"}));
  EXPECT_EQ(recursive_above("/a/b"), (std::vector<std::string>{"/", "/a"}));
  EXPECT_EQ(recursive_above("/ab"), (std::vector<std::string>{"/"}));
  EXPECT_EQ(recursive_above("/"), (std::vector<std::string>{}));
  table.remove(1, one, "/a", watch_recursive);
  EXPECT_EQ(recursive_above("/a/b/c/d"), (std::vector<std::string>{"/", "/a/b"}));
}

}  // namespace
}  // namespace paddock::reactor
