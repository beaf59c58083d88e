#include "wal/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "tests/unit/wal/log_files.h"
#include "tests/unit/wal/log_harness.h"
#include "wal/format.h"
#include "wal/names.h"
#include "wal/reader.h"

namespace paddock::wal {
namespace {

using Kind = sim::SimDisk::Kind;
using Survive = sim::SimDisk::Survive;
constexpr Zxid z(std::int64_t value) { return Zxid{value}; }

std::string text(int i, std::size_t bytes = 100) {
  return std::to_string(i) + std::string(bytes, 'x');
}

TEST(Log, WhatWasAppendedIsThereAfterAStop) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    expected.push_back(text(i));
    log.put(expected.back(), i % 3 == 0 ? 4 : 1);
  }
  EXPECT_GT(log.segments().size(), 2u);
  EXPECT_EQ(log.appended.back().last, log.acknowledged);
  log.stop();
  ASSERT_TRUE(log.open());
  EXPECT_TRUE(log.recovered.clean_stop);
  EXPECT_EQ(log.appended, log.found);
  EXPECT_EQ(log.acknowledged, log.log->durable());
}

TEST(Log, AnEmptyPayloadAndOneOfAWholeBlockAreBatches) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  for (std::size_t bytes : {0u, 1u, 4032u, 4033u, 8128u}) log.put(std::string(bytes, 'p'));
  EXPECT_EQ(4096u * (1 + 1 + 1 + 2 + 2), log.log->counters().written_bytes);
  log.crash(Survive::nothing);
  ASSERT_TRUE(log.recover_only());
  EXPECT_EQ(log.appended, log.found);
}

TEST(Log, AStartOfAnEmptyDirectoryMakesTheFirstSegmentDurable) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  EXPECT_TRUE(log.can_append());
  log.crash(Survive::nothing);
  EXPECT_EQ(std::vector<std::string>{segment_name(z(1))}, log.segments());
}

TEST(R8, NothingIsAcknowledgedBeforeItIsDurable) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LogHarness log({.seed = seed});
    ASSERT_TRUE(log.open());
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(log.wait_for_room(200));
      log.append(text(i));
      log.disk.poll();
    }
    const Zxid promised = log.acknowledged;
    EXPECT_LT(promised, log.appended.back().last) << "two are in flight";
    log.crash(Survive::nothing);
    const auto recovered = log.recover_only();
    ASSERT_TRUE(recovered) << recovered.error().reason;
    EXPECT_GE(recovered->last, promised);
  }
}

TEST(R8, TheWatermarkAdvancesOverAContiguousPrefixOnly) {
  bool overtaken = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LogHarness log({.seed = seed});
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.wait_for_room());
    log.drain();
    log.append("first");
    log.append("second");
    EXPECT_FALSE(log.log->can_append());
    log.disk.poll();
    // Whichever was written first: the second alone moves nothing.
    if (log.acknowledged == z(0)) overtaken = true;
    EXPECT_NE(z(2), log.acknowledged);
    log.drain();
    EXPECT_EQ(z(2), log.acknowledged);
  }
  EXPECT_TRUE(overtaken) << "the seeds do not show what this test is about";
}

TEST(R8, AShortWriteGoesOnWithItsRemainderAndAFreshSync) {
  for (std::uint64_t taken : {0, 512, 4096, 5000, 8192}) {
    LogHarness log;
    ASSERT_TRUE(log.open());
    log.drain();
    log.disk.inject({.kind = Kind::write, .short_bytes = taken});
    const std::uint64_t syncs = log.disk.count(Kind::sync);
    log.put(text(1, 9000));
    EXPECT_EQ(z(1), log.acknowledged);
    EXPECT_GT(log.disk.count(Kind::sync), syncs) << taken;
    log.crash(Survive::nothing);
    ASSERT_TRUE(log.recover_only());
    EXPECT_EQ(log.appended, log.found) << taken;
  }
}

TEST(R8, ACancelledWriteNeverRanAndIsIssuedAgain) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  log.drain();
  log.disk.inject({.kind = Kind::write, .error = ECANCELED});
  log.put("again");
  EXPECT_EQ(z(1), log.acknowledged);
  EXPECT_EQ("", log.failure);
}

TEST(R8, AFailedWriteEndsTheLogAtOnceAndAcknowledgesNothing) {
  for (int error : {EIO, ENOSPC, EDQUOT}) {
    LogHarness log;
    ASSERT_TRUE(log.open());
    log.drain();
    log.disk.inject({.kind = Kind::write, .error = error});
    const std::uint64_t writes = log.disk.count(Kind::write);
    log.append("lost");
    log.drain();
    EXPECT_NE("", log.failure);
    EXPECT_EQ(z(0), log.acknowledged);
    EXPECT_EQ(writes + 1, log.disk.count(Kind::write)) << "no retry";
    EXPECT_FALSE(log.log->can_append());
  }
}

TEST(R8, AFailedSyncBehindAShortWriteIsNotTriedAgain) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  log.drain();
  log.disk.inject({.kind = Kind::write, .short_bytes = 4096});
  log.disk.inject({.kind = Kind::sync, .error = EIO});
  const std::uint64_t syncs = log.disk.count(Kind::sync);
  log.append(text(1, 9000));
  log.drain();
  EXPECT_NE(std::string::npos, log.failure.find("sync failed"));
  EXPECT_EQ(z(0), log.acknowledged);
  EXPECT_EQ(syncs + 1, log.disk.count(Kind::sync));
}

TEST(R8, AWriteThatHangsIsToldInTime) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  log.drain();
  EXPECT_EQ(0, log.log->stalled_ms(INT64_MAX)) << "nothing is under way";
  log.append("slow");
  EXPECT_EQ(0, log.log->stalled_ms(0));
  EXPECT_GE(log.log->stalled_ms(INT64_MAX / 2), log.options.slow_sync_warning_ms);
  log.drain();
  EXPECT_EQ(0, log.log->stalled_ms(INT64_MAX / 2));
}

TEST(Log, WithoutForceSyncWritesAreAcknowledgedAndACleanStopMakesThemDurable) {
  LogHarness log;
  log.options.force_sync = false;
  ASSERT_TRUE(log.open());
  log.drain();
  const std::uint64_t syncs = log.disk.count(Kind::sync);
  log.put("a");
  log.put("b");
  EXPECT_EQ(z(2), log.acknowledged);
  EXPECT_EQ(syncs, log.disk.count(Kind::sync));
  log.stop();
  log.crash(Survive::nothing);
  const auto recovered = log.recover_only();
  ASSERT_TRUE(recovered);
  EXPECT_TRUE(recovered->clean_stop);
  EXPECT_EQ(z(2), recovered->last);
}

// --- R7: rolls

bool has_mark(LogHarness& log, Zxid segment) {
  auto reader = SegmentReader::open(log.disk, LogHarness::path(segment));
  for (std::uint64_t offset = 0; offset < reader->bytes(); offset += block_bytes)
    if (reader->read(offset)->found == SegmentReader::Found::mark) return true;
  return false;
}

TEST(R7, TheMarkIsWrittenOnlyWhenTheSuccessorsNameIsDurable) {
  for (bool fails : {false, true}) {
    LogHarness log;
    ASSERT_TRUE(log.open());
    log.drain();
    // The spare is there, so the next sync of the directory is the one of the roll.
    if (fails) log.disk.inject({.kind = Kind::sync_dir, .error = EIO});
    while (log.failure.empty() && log.segments().size() < 2) {
      ASSERT_TRUE(log.wait_for_room(200));
      log.append(text(1));
      log.drain();
    }
    EXPECT_EQ(2u, log.segments().size());
    EXPECT_EQ(fails, !log.failure.empty());
    EXPECT_EQ(!fails, has_mark(log, z(1)));
    ASSERT_TRUE(log.recover_only());
    EXPECT_EQ(log.appended, log.found);
  }
}

TEST(R7, ABatchLargerThanASegmentOpensOneOfItsSize) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  log.put("small");
  const std::string large(1 << 20, 'L');
  EXPECT_EQ(Log::Space::preparing, log.log->space_for(large.size()));
  log.put(large);
  log.put("small again");
  EXPECT_EQ(z(3), log.acknowledged);
  EXPECT_EQ((1u << 20) + 2 * block_bytes, log.disk.contents(LogHarness::path(z(2))).size())
      << "header, padding and the mark";
  log.crash(Survive::nothing);
  ASSERT_TRUE(log.recover_only());
  EXPECT_EQ(log.appended, log.found);
}

// The segment that a roll made ahead, or the first of all, is empty when the batch comes; its name
// is the batch's, too.
TEST(R7, AnEmptySegmentTooSmallForABatchIsReplaced) {
  for (bool is_first : {true, false}) {
    LogHarness log;
    ASSERT_TRUE(log.open());
    if (!is_first)
      while (log.segments().size() < 2) log.put(std::string(5000, 's'));
    log.put(std::string(1 << 20, 'L'));
    log.put("small");
    EXPECT_EQ(is_first ? 2u : 3u, log.segments().size());
    log.crash(Survive::nothing);
    ASSERT_TRUE(log.recover_only());
    EXPECT_EQ(log.appended, log.found);
  }
}

// A file that something has cut short is no reason for an assertion (R6).
TEST(R7, ASegmentCutToNothingIsReplacedAtTheStart) {
  for (std::uint64_t block_count : {0, 1}) {
    for (bool is_first : {true, false}) {
      LogHarness log;
      LogFiles files(log.disk);
      if (!is_first) files.segment(z(1)).batch("a").mark();
      files.segment(is_first ? z(1) : z(2), block_count);
      ASSERT_TRUE(log.open()) << log.failure;
      log.put("b");
      log.crash(Survive::nothing);
      ASSERT_TRUE(log.recover_only());
      EXPECT_EQ("b", log.payloads().back());
    }
  }
}

TEST(R7, APayloadBeyondTheFormatIsRefusedForEver) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  EXPECT_EQ(Log::Space::none, log.log->space_for((std::size_t{1} << 30) + 1));
}

TEST(R7, OnlySegmentsWhollyBelowTheOldestKeptSnapshotArePurged) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  while (log.segments().size() < 5) log.put(text(1));
  log.drain();
  const std::vector<std::string> before = log.segments();
  const Zxid third = *segment_first(before[2]);
  // The second segment holds the zxid before `third`, so it may go only from there on.
  log.log->purge(z(third.value - 2));
  log.drain();
  EXPECT_EQ(before[1], log.segments().front());
  log.log->purge(z(third.value - 1));
  log.drain();
  EXPECT_EQ(before[2], log.segments().front());
  log.crash(Survive::nothing);
  EXPECT_EQ(before[2], log.segments().front()) << "the removal was durable";
  EXPECT_TRUE(log.recover_only(z(third.value - 1)));
}

TEST(R7, ThePurgeNeverTakesTheLastSegment) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  log.put("a");
  log.log->purge(z(1));
  log.drain();
  EXPECT_EQ(1u, log.segments().size());
  EXPECT_TRUE(log.recover_only(z(1)));
}

TEST(R7, ARecycledSegmentShowsNothingOfItsFormerLife) {
  LogHarness log;
  ASSERT_TRUE(log.open());
  while (log.segments().size() < 4) log.put(text(1));
  log.log->purge(log.acknowledged);
  log.drain();
  const std::size_t from = log.disk.trace().size();
  const Zxid snapshot = log.acknowledged;
  while (log.segments().size() < 4) log.put(text(2));
  const auto& trace = log.disk.trace();
  EXPECT_TRUE(std::any_of(trace.begin() + static_cast<std::ptrdiff_t>(from), trace.end(),
                          [](const std::string& line) {
                            return line.rfind("rename", 0) == 0 &&
                                   line.find(".spare to") != std::string::npos;
                          }))
      << "a recycled file was taken";
  log.crash(Survive::nothing);
  const auto recovered = log.recover_only(snapshot);
  ASSERT_TRUE(recovered) << recovered.error().reason;
  EXPECT_EQ(log.acknowledged, recovered->last);
  EXPECT_TRUE(recovered->notes.empty());
}

// --- R20: the disk is full

TEST(R20, ALogWithoutRoomForASecondSegmentStillHasTheFirst) {
  LogHarness log;
  log.disk.set_capacity(100 << 10);  // one segment and a half
  ASSERT_TRUE(log.open());
  int appended = 0;
  while (log.wait_for_room(200)) {
    log.append(text(appended++));
    log.drain();
  }
  EXPECT_EQ("", log.failure) << "a full disk is not a crash";
  EXPECT_EQ(Log::Space::none, log.log->space_for(200));
  EXPECT_EQ(15, appended) << "all blocks but the one for the mark";
  EXPECT_EQ(log.appended.back().last, log.acknowledged);
  EXPECT_GT(log.space_changes, 0);
}

TEST(R20, TheLogComesBackWhenThereIsRoomAgain) {
  LogHarness log;
  log.disk.set_capacity(100 << 10);
  ASSERT_TRUE(log.open());
  while (log.wait_for_room(200)) {
    log.append(text(1));
    log.drain();
  }
  log.log->retry_space();
  log.drain();
  EXPECT_EQ(Log::Space::none, log.log->space_for(200)) << "still full";
  log.disk.set_capacity(UINT64_MAX);
  const int told = log.space_changes;
  log.log->retry_space();
  log.drain();
  EXPECT_GT(log.space_changes, told);
  EXPECT_EQ(Log::Space::ready, log.log->space_for(200));
  log.put("room");
  log.crash(Survive::nothing);
  ASSERT_TRUE(log.recover_only());
  EXPECT_EQ(log.appended, log.found);
}

TEST(R20, AFullDiskAtTheStartIsToldAndNotFatal) {
  LogHarness log;
  log.disk.set_capacity(10 << 10);
  ASSERT_TRUE(log.open());
  EXPECT_EQ("", log.failure);
  EXPECT_EQ(Log::Space::none, log.log->space_for(1));
  EXPECT_TRUE(log.segments().empty());
  log.disk.set_capacity(UINT64_MAX);
  log.log->retry_space();
  log.drain();
  log.put("room");
  EXPECT_EQ(z(1), log.acknowledged);
}

TEST(R20, ARefusedLargeBatchLeavesRoomForOrdinaryOnes) {
  LogHarness log;
  log.disk.set_capacity(300 << 10);
  ASSERT_TRUE(log.open());
  EXPECT_FALSE(log.wait_for_room(1 << 20));
  EXPECT_EQ(Log::Space::none, log.log->space_for(1 << 20));
  EXPECT_EQ(Log::Space::ready, log.log->space_for(200));
  for (int i = 0; i < 20; ++i) log.put(text(i));
  EXPECT_EQ("", log.failure);
}

TEST(R20, AStopOnAFullDiskIsClean) {
  LogHarness log;
  log.disk.set_capacity(100 << 10);
  ASSERT_TRUE(log.open());
  while (log.wait_for_room(200)) {
    log.append(text(1));
    log.drain();
  }
  log.stop();
  ASSERT_TRUE(log.recover_only());
  EXPECT_EQ(log.appended, log.found);
  log.disk.set_capacity(UINT64_MAX);
  ASSERT_TRUE(log.open());
  EXPECT_TRUE(log.recovered.clean_stop);
  log.put("and on");
}

TEST(R20, APurgeMakesRoom) {
  LogHarness log;
  log.disk.set_capacity(220 << 10);
  ASSERT_TRUE(log.open());
  while (log.wait_for_room(200)) {
    log.append(text(1));
    log.drain();
  }
  ASSERT_GE(log.segments().size(), 3u);
  log.log->purge(log.acknowledged);
  log.drain();
  EXPECT_EQ(Log::Space::ready, log.log->space_for(200));
  log.put("room");
}

}  // namespace
}  // namespace paddock::wal
