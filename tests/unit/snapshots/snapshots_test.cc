#include "paddock/snapshots/snapshots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "paddock/ordering/txn_record.h"
#include "tests/unit/snapshots/snapshot_world.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_reader.h"

namespace paddock::snapshots {
namespace {

using proto::ErrorCode;
using sim::SimDisk;
using Contents = SavedWorld::Contents;

/// What a start would make of the snapshot alone.
Contents load(SnapshotWorld& saved, Zxid zxid) {
  core::State state({});
  auto reader = wal::SnapshotReader::open(saved.disk, SavedWorld::snapshot_path(zxid));
  if (!reader) {
    ADD_FAILURE() << reader.error().reason;
    return {};
  }
  while (true) {
    auto chunk = (*reader)->next();
    if (!chunk) {
      ADD_FAILURE() << chunk.error().reason;
      return {};
    }
    if (*chunk == nullptr) break;
    const auto loaded = ordering::load_chunk(**chunk, state);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error());
  }
  const auto finished = state.finish_load(zxid);
  EXPECT_TRUE(finished) << (finished ? "" : finished.error());
  EXPECT_EQ(state.digest(), (*reader)->footer().digest);
  return SavedWorld::contents_of(state);
}

/// A transaction or more, committed.
void change(SnapshotWorld& saved, int round) {
  const std::string path = "/c" + std::to_string(round);
  EXPECT_EQ(saved.world.create(path, "data"), ErrorCode::ok);
  EXPECT_EQ(saved.world.set("/", path), ErrorCode::ok);
  saved.world.commit_all();
}

std::vector<std::string> files(const SnapshotWorld& saved) {
  return saved.disk.names(SavedWorld::dir);
}

bool is_pinned(SnapshotWorld& saved) {
  return !saved.world.state.trie().pins().scan().pins.empty();
}

TEST(R17, ASnapshotIsTheStateAtItsZxidWhateverIsPreparedCommittedAndReclaimedMeanwhile) {
  SnapshotWorld saved;
  saved.begin();
  core::test::World& world = saved.world;
  for (int round = 0; round < 20; ++round) change(saved, round);
  // More sessions than are copied in one turn, with ephemerals.
  const SessionId asking = world.session;
  for (int i = 0; i < 3000; ++i) {
    world.session = SessionId{0x1000 + i};
    ASSERT_EQ(world.open_session(world.session), ErrorCode::ok);
    if (i % 100 == 0) {
      ASSERT_EQ(world.create("/e" + std::to_string(i), "mine", 1), ErrorCode::ok);
    }
  }
  world.session = asking;
  world.commit_all();
  const Zxid at = world.state.committed();
  const Contents expected = saved.contents();

  // Something is prepared and not committed when it begins.
  ASSERT_EQ(world.close_session(SessionId{0x1000}), ErrorCode::ok);
  ASSERT_EQ(world.set("/c0", "pending"), ErrorCode::ok);
  saved.snapshots->consider({.zxid = at, .digest = expected.digest}, saved.totals());
  ASSERT_TRUE(saved.snapshots->is_busy());
  int round = 0;
  for (; saved.snapshots->is_busy(); ++round) {
    saved.snapshots->turn();
    for (int i = 1; i <= 50; ++i) {
      const int session = i * 60 - round - 1;
      ASSERT_EQ(world.close_session(SessionId{0x1000 + session}), ErrorCode::ok) << session;
      ASSERT_EQ(world.open_session(SessionId{0x10000 + round * 100 + i}), ErrorCode::ok);
    }
    world.commit_all();
  }
  EXPECT_GE(round, 3) << "sliced";
  for (int i = 1; i < 20; ++i) {
    ASSERT_EQ(world.remove("/c" + std::to_string(i)), ErrorCode::ok);
    ASSERT_EQ(world.create("/d" + std::to_string(i)), ErrorCode::ok);
    world.commit_all();
  }
  saved.wait_for_report();
  EXPECT_EQ(saved.snapshots->view().count, 1);
  saved.snapshots->stop();
  EXPECT_EQ(load(saved, at), expected);
}

TEST(Snapshots, TheStateIsHeldUntilTheReportIsTakenAndNotLonger) {
  SnapshotWorld saved;
  saved.begin();
  change(saved, 0);
  saved.consider();
  EXPECT_TRUE(is_pinned(saved));
  saved.wait_for_report();
  EXPECT_FALSE(is_pinned(saved));
  EXPECT_FALSE(saved.snapshots->is_running());
}

TEST(Snapshots, OneIsDueAfterAtLeastHalfAndAtMostAllOfSnapCount) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SnapshotWorld saved;
    saved.options.seed = seed;
    saved.options.txns_max = 10;
    saved.begin();
    std::uint64_t due = 0;
    while (!saved.snapshots->is_due({.txns = due})) ++due;
    EXPECT_GE(due, 6u);
    EXPECT_LE(due, 10u);
    seen.insert(due);
  }
  EXPECT_EQ(seen.size(), 5u) << "each of 6..10";
}

TEST(Snapshots, OneIsDueAfterSoMuchOfTheLogToo) {
  SnapshotWorld saved;
  saved.options.txns_max = 1'000'000;
  saved.options.log_bytes_max = 1000;
  saved.begin();
  EXPECT_FALSE(saved.snapshots->is_due({.txns = 1, .payload_bytes = 500}));
  EXPECT_TRUE(saved.snapshots->is_due({.txns = 1, .payload_bytes = 1000}));
  saved.options.log_bytes_max = 0;
  saved.begin();
  EXPECT_FALSE(saved.snapshots->is_due({.txns = 1, .payload_bytes = 1 << 30}));
}

TEST(Snapshots, BehindALargeOneTheLogHasToGrowByAsMuch) {
  SnapshotWorld saved;
  saved.options.txns_max = 2;
  saved.options.small_bytes = 1;
  saved.begin();
  change(saved, 0);
  saved.consider();
  saved.wait_for_report();
  const auto file = files(saved);
  ASSERT_EQ(file.size(), 1u);
  const std::uint64_t bytes = saved.disk.contents(SavedWorld::path(file[0])).size();
  const auto totals = saved.totals();
  const auto later = [&](std::uint64_t log_bytes) {
    return saved.snapshots->is_due(
        {.txns = totals.txns + 100, .payload_bytes = totals.payload_bytes + log_bytes});
  };
  EXPECT_FALSE(later(bytes - 1));
  EXPECT_TRUE(later(bytes));
}

TEST(Snapshots, WhatAStartHadToReadCounts) {
  SnapshotWorld saved;
  saved.options.txns_max = 10;
  saved.begin({.txns = 10, .payload_bytes = 0});
  EXPECT_TRUE(saved.snapshots->is_due({}));
  saved.begin({.txns = 5, .payload_bytes = 0});
  EXPECT_FALSE(saved.snapshots->is_due({}));
  EXPECT_TRUE(saved.snapshots->is_due({.txns = 5}));
}

TEST(Snapshots, OneAtATimeAndTheNextCountsFromWhereItBegan) {
  SnapshotWorld saved;
  saved.begin();
  change(saved, 0);
  saved.consider();
  const std::uint64_t begun = saved.totals().txns;
  change(saved, 1);
  EXPECT_FALSE(saved.snapshots->is_due(saved.totals()));
  const Zxid committed = saved.world.state.committed();
  saved.consider();
  saved.wait_for_report();
  EXPECT_LT(saved.snapshots->view().last_zxid, committed);
  EXPECT_TRUE(saved.snapshots->is_due({.txns = begun + 2}));
  EXPECT_FALSE(saved.snapshots->is_due({.txns = begun + 1}));
}

TEST(R7, SurplusSnapshotsAreRemovedAndTheLogMayBePurgedBelowTheOldestKept) {
  SnapshotWorld saved;
  saved.begin();
  std::vector<Zxid> taken;
  for (int round = 0; round < 5; ++round) {
    change(saved, round);
    taken.push_back(saved.world.state.committed());
    const Zxid oldest = saved.take_snapshot();
    EXPECT_EQ(oldest, taken[static_cast<std::size_t>(std::max(0, round - 2))]);
  }
  saved.snapshots->stop();
  EXPECT_EQ(files(saved),
            (std::vector<std::string>{wal::snapshot_name(taken[2]), wal::snapshot_name(taken[3]),
                                      wal::snapshot_name(taken[4])}));
  const words::SnapshotView& view = saved.snapshots->view();
  EXPECT_EQ(view.count, 5);
  EXPECT_EQ(view.failed, 0);
  EXPECT_EQ(view.last_zxid, taken[4]);
}

TEST(R7, WithoutPurgingNothingIsRemovedAndTheLogStays) {
  SnapshotWorld saved;
  saved.options.purge = false;
  saved.begin();
  for (int round = 0; round < 5; ++round) {
    change(saved, round);
    EXPECT_EQ(saved.take_snapshot(), Zxid{0});
  }
  saved.snapshots->free_space();
  EXPECT_EQ(saved.wait_for_report(), Zxid{0});
  saved.snapshots->stop();
  EXPECT_EQ(files(saved).size(), 5u);
}

TEST(R20, AFullDiskCostsThisSnapshotAndNothingElse) {
  SnapshotWorld saved;
  saved.begin();
  change(saved, 0);
  saved.disk.inject({.kind = SimDisk::Kind::write, .error = ENOSPC});
  EXPECT_EQ(saved.take_snapshot(), Zxid{0});
  EXPECT_FALSE(is_pinned(saved));
  EXPECT_EQ(saved.snapshots->view().failed, 1);
  EXPECT_EQ(saved.snapshots->view().count, 0);
  EXPECT_FALSE(saved.snapshots->is_due(saved.totals())) << "not again at once";

  change(saved, 1);
  const Zxid at = saved.world.state.committed();
  EXPECT_EQ(saved.take_snapshot(), at);
  saved.snapshots->stop();
  EXPECT_EQ(files(saved), std::vector<std::string>{wal::snapshot_name(at)});
  EXPECT_EQ(load(saved, at), saved.contents());
}

TEST(R20, ADiskThatCannotBeOpenedIsTriedAgainForTheNextSnapshot) {
  SnapshotWorld saved;
  saved.open_error = "no ring";
  saved.begin();
  change(saved, 0);
  saved.take_snapshot();
  EXPECT_EQ(saved.snapshots->view().failed, 1);
  saved.open_error.clear();
  change(saved, 1);
  saved.take_snapshot();
  EXPECT_EQ(saved.snapshots->view().count, 1);
}

TEST(R7, ASnapshotWhoseNameMayBeLostInACrashAllowsNoPurge) {
  SnapshotWorld saved;
  saved.begin();
  change(saved, 0);
  saved.disk.inject({.kind = SimDisk::Kind::sync_dir, .error = EIO, .times = 2});
  EXPECT_EQ(saved.take_snapshot(), Zxid{0});
  saved.snapshots->free_space();
  EXPECT_EQ(saved.wait_for_report(), Zxid{0}) << "the directory still cannot be synced";
  saved.snapshots->free_space();
  const Zxid oldest = saved.wait_for_report();
  EXPECT_EQ(oldest, saved.world.state.committed());
  saved.snapshots->stop();
  saved.disk.power_off();
  saved.disk.power_on(SimDisk::Survive::nothing);
  EXPECT_EQ(files(saved), std::vector<std::string>{wal::snapshot_name(oldest)});
}

TEST(R20, OnAFullDiskASnapshotUnderWayIsGivenUpAndSurplusIsRemoved) {
  // While its sessions are copied, and while the thread has it.
  for (const bool is_with_the_thread : {false, true}) {
    SnapshotWorld saved;
    saved.options.keep = 1;
    for (std::int64_t zxid : {1, 2})
      saved.disk.put(SavedWorld::snapshot_path(Zxid{zxid}), std::vector<std::byte>(4096));
    const std::string unfinished = SavedWorld::snapshot_path(Zxid{1}) + ".tmp";
    saved.disk.put(unfinished, std::vector<std::byte>(4096));
    std::binary_semaphore may_open{0};
    saved.before_open = [&] { may_open.acquire(); };
    saved.begin();
    change(saved, 0);
    saved.consider();
    if (is_with_the_thread) {
      while (saved.snapshots->is_busy()) saved.snapshots->turn();
    }
    ASSERT_TRUE(saved.snapshots->is_running());
    saved.snapshots->free_space();
    may_open.release();
    Zxid purge_below{0};
    for (int report = 0; report < (is_with_the_thread ? 2 : 1); ++report)
      purge_below = std::max(purge_below, saved.wait_for_report());
    EXPECT_EQ(purge_below, Zxid{2});
    EXPECT_FALSE(saved.snapshots->is_running());
    EXPECT_FALSE(is_pinned(saved));
    EXPECT_EQ(saved.snapshots->view().failed, 1);
    saved.snapshots->stop();
    EXPECT_EQ(files(saved), std::vector<std::string>{wal::snapshot_name(Zxid{2})});
  }
}

TEST(Snapshots, WhatDoesNotHaveTheDigestOfTheStateIsNotKept) {
  SnapshotWorld saved;
  saved.begin();
  change(saved, 0);
  saved.snapshots->consider(
      {.zxid = saved.world.state.committed(), .digest = saved.world.state.digest() + 1},
      saved.totals());
  EXPECT_EQ(saved.wait_for_report(), Zxid{0});
  EXPECT_EQ(saved.snapshots->view().failed, 1);
  saved.snapshots->stop();
  EXPECT_TRUE(files(saved).empty());
}

TEST(Snapshots, AStopInTheMiddleLeavesNoUnfinishedFileAndNoHold) {
  for (int turns = 0; turns < 4; ++turns) {
    SnapshotWorld saved;
    saved.begin();
    for (int i = 0; i < 2000; ++i)
      ASSERT_EQ(saved.world.open_session(SessionId{0x1000 + i}), ErrorCode::ok);
    saved.world.commit_all();
    saved.consider();
    for (int i = 0; i < turns; ++i) saved.snapshots->turn();
    saved.snapshots->stop();
    EXPECT_FALSE(is_pinned(saved));
    EXPECT_FALSE(saved.snapshots->is_running());
    EXPECT_FALSE(saved.snapshots->is_due({.txns = 1'000'000}));
    for (const std::string& name : files(saved)) EXPECT_TRUE(name.ends_with(".snap")) << name;
  }
}

TEST(Snapshots, NodesLargerThanAChunkAndWithoutDataComeBack) {
  SnapshotWorld saved;
  saved.begin();
  ASSERT_EQ(saved.world.create("/large", std::string(900'000, 'x')), ErrorCode::ok);
  ASSERT_EQ(saved.world.create("/null", std::nullopt), ErrorCode::ok);
  ASSERT_EQ(saved.world.create("/empty", ""), ErrorCode::ok);
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(saved.world.create("/many-" + std::to_string(i), std::string(300, 'y')),
              ErrorCode::ok);
  saved.world.commit_all();
  saved.take_snapshot();
  saved.snapshots->stop();
  EXPECT_EQ(load(saved, saved.world.state.committed()), saved.contents());
}

}  // namespace
}  // namespace paddock::snapshots
