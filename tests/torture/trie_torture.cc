#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "core/trie.h"
#include "tests/torture/duration.h"
#include "tests/torture/trie_world.h"

namespace paddock::core {
namespace {

/// A reactor: pins anew each turn, announces quiescence each turn, sleeps now and then, and now and
/// then has a read that it holds over many turns.
void read(TrieWorld& world, std::uint32_t reader, const std::atomic<bool>& stop,
          TrieWorld::Seen& seen) {
  Trie& trie = world.trie();
  std::mt19937 random(reader);
  Zxid before{0};
  trie.epoch().enter(reader);
  // relaxed: only to stop.
  while (!stop.load(std::memory_order_relaxed)) {
    const Zxid snapshot = trie.pins().pin(reader);
    CHECK(snapshot >= before);
    before = snapshot;
    for (int i = 0; i < 8; ++i)
      world.check_pair(snapshot, static_cast<int>(random() % TrieWorld::pair_count), seen);
    const int pool = static_cast<int>(random() % TrieWorld::pool_count);
    if (random() % 4 == 0) {
      // A sliced read: later turns pin newer states, the hold keeps this one.
      trie.pins().hold(reader);
      world.check_pool(snapshot, pool, seen, [&] {
        if (random() % 16 != 0) return;
        trie.epoch().quiesce(reader);
        const Zxid newer = trie.pins().pin(reader);
        CHECK(newer >= snapshot);
        world.check_pair(newer, static_cast<int>(random() % TrieWorld::pair_count), seen);
      });
      trie.pins().drop(reader);
      before = trie.pins().pin(reader);
    } else {
      world.check_pool(snapshot, pool, seen, [] {});
    }
    if (trie.find("/pool/0/x" + std::to_string(random() % 100)) == nullptr) ++seen.missing;
    if (random() % 8 == 0) {
      trie.pins().unpin(reader);
      trie.epoch().leave(reader);
      std::this_thread::yield();
      trie.epoch().enter(reader);
    } else {
      trie.epoch().quiesce(reader);
    }
  }
  trie.pins().unpin(reader);
  trie.epoch().leave(reader);
}

/// The snapshot thread: one long pin after the other, and the whole tree at each.
void walk(TrieWorld& world, const std::atomic<bool>& stop, std::uint64_t& walks) {
  Trie& trie = world.trie();
  const std::uint32_t reader = TrieWorld::reader_count - 1;
  // relaxed: only to stop.
  while (!stop.load(std::memory_order_relaxed)) {
    const Zxid snapshot = trie.pins().pin(reader);
    trie.pins().hold(reader);
    trie.pins().unpin(reader);
    SnapshotCursor cursor(trie, snapshot, reader);
    std::uint64_t digest = 0;
    std::string path;
    const auto visit = [&](const Znode& node, const Version& version) {
      path.clear();
      node.append_path(path);
      const std::string_view data = version.has_data() ? as_text(*version.data()) : "";
      digest += TrieWorld::hash_of(path, data, version.mzxid());
    };
    for (int shard = 0; cursor.visit_shard(visit); ++shard)
      if (shard % 128 == 0) std::this_thread::yield();
    trie.pins().drop(reader);
    CHECK(digest == world.digest_at(snapshot));
    ++walks;
  }
}

// R1, R2, R3, R3b, R10, R17: every reader sees whole transactions at its pin, and nothing else,
// however long it stays; nothing is left behind.
TEST(TrieTorture, R1_ReadersSeeWholeTransactionsWhileTheWriterCommitsUndoesAndReclaims) {
  const Deadline deadline(0.7);
  TrieWorld world(2026);
  std::atomic<bool> stop{false};
  std::vector<TrieWorld::Seen> seen(TrieWorld::reader_count - 1);
  std::uint64_t walks = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t reader = 0; reader + 1 < TrieWorld::reader_count; ++reader)
    threads.emplace_back([&, reader] { read(world, reader, stop, seen[reader]); });
  threads.emplace_back([&] { walk(world, stop, walks); });

  std::size_t versions_max = 0;
  while (!deadline.is_over()) {
    for (int i = 0; i < 32; ++i) world.turn();
    versions_max = std::max(versions_max, world.trie().version_count());
  }
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& thread : threads) thread.join();

  world.finish();
  for (int i = 0; i < 10'000 && (world.trie().reclaim() || world.trie().nodes_waiting() != 0);
       ++i) {
  }
  EXPECT_EQ(world.trie().nodes_waiting(), 0u);
  EXPECT_EQ(world.trie().version_count(), world.model_size());
  EXPECT_EQ(world.trie().node_table_size(), world.model_size());
  for (const TrieWorld::Seen& one : seen) {
    EXPECT_GT(one.pairs, 10u);
    EXPECT_GT(one.pools, 10u);
    EXPECT_GT(one.missing, 0u);
  }
  EXPECT_GT(walks, 0u);
  EXPECT_GT(world.undo_count(), 10u);
  std::printf("transactions %lu, undone %lu, snapshots walked %lu, versions at most %zu\n",
              world.txn_count(), world.undo_count(), walks, versions_max);
}

}  // namespace
}  // namespace paddock::core
