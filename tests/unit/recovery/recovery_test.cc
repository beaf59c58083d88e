#include "paddock/recovery/recovery.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "core/base/crc32c.h"
#include "paddock/ordering/txn_record.h"
#include "tests/unit/recovery/saved_world.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_format.h"

namespace paddock::recovery {
namespace {

using sim::SimDisk;
using Contents = SavedWorld::Contents;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Recovers and compares with what the world is now.
RecoveredState recover_whole(SavedWorld& saved) {
  auto recovered = saved.recover();
  if (!recovered) {
    ADD_FAILURE() << recovered.error();
    return {};
  }
  EXPECT_EQ(saved.contents(), SavedWorld::contents_of(*recovered->state));
  EXPECT_EQ(recovered->zxid, saved.world.state.newest());
  EXPECT_EQ(recovered->zxid, recovered->state->committed());
  return *std::move(recovered);
}

/// What recovery says when it refuses; nothing on the disk may have changed.
std::string refusal(SavedWorld& saved) {
  const std::vector<std::string> names = saved.disk.names(SavedWorld::dir);
  const std::uint64_t changes = saved.disk.changes();
  const auto recovered = saved.recover();
  EXPECT_EQ(names, saved.disk.names(SavedWorld::dir));
  EXPECT_EQ(changes, saved.disk.changes());
  if (recovered) {
    ADD_FAILURE() << "recovered up to " << recovered->zxid.value;
    return {};
  }
  EXPECT_TRUE(contains(recovered.error(), "paddock wal verify")) << recovered.error();
  return recovered.error();
}

/// Puts a footer with another digest and a right checksum in place.
void lie_about_digest(SavedWorld& saved, Zxid zxid) {
  const std::string path = SavedWorld::snapshot_path(zxid);
  std::vector<std::byte> bytes = saved.disk.contents(path);
  wal::SnapshotFooter footer;
  std::byte* at = bytes.data() + bytes.size() - sizeof footer;
  std::memcpy(&footer, at, sizeof footer);
  footer.digest ^= 1;
  footer.crc =
      crc32c({reinterpret_cast<const std::byte*>(&footer), offsetof(wal::SnapshotFooter, crc)});
  std::memcpy(at, &footer, sizeof footer);
  saved.disk.put(path, bytes);
}

/// Somewhere in the chunks.
void damage_inside(SavedWorld& saved, Zxid zxid) {
  saved.disk.flip(SavedWorld::snapshot_path(zxid), 1000);
}

TEST(Recovery, AnEmptyDirectoryIsAnEmptyTree) {
  SavedWorld saved;
  const auto recovered = saved.recover();
  ASSERT_TRUE(recovered) << recovered.error();
  EXPECT_EQ(recovered->zxid, Zxid{0});
  EXPECT_EQ(recovered->state->committed(), Zxid{0});
  EXPECT_EQ(recovered->state->node_count(), 4u) << "the reserved nodes";
  EXPECT_EQ(recovered->log_end.log_id, 0u);
  EXPECT_EQ(recovered->oldest_snapshot, Zxid{0});
  EXPECT_TRUE(recovered->notes.empty());
}

TEST(Recovery, ALogAloneGivesTheWholeState) {
  SavedWorld saved;
  saved.start();
  for (int round = 0; round < 12; ++round) saved.change_and_log(round);
  saved.stop();
  const RecoveredState recovered = recover_whole(saved);
  EXPECT_TRUE(recovered.clean_stop);
  EXPECT_EQ(recovered.durable, recovered.zxid);
  EXPECT_EQ(recovered.start.txns_loaded, static_cast<std::int64_t>(saved.world.log.size()));
  EXPECT_GT(recovered.log_payload_bytes, 0u);
  EXPECT_EQ(recovered.snapshot, Zxid{0});
}

TEST(Recovery, TheRecoveredStateAndLogGoOn) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.crash(SimDisk::Survive::everything);
  RecoveredState recovered = recover_whole(saved);
  EXPECT_FALSE(recovered.clean_stop);
  saved.log = wal::Log::start(saved.disk, {.dir = SavedWorld::dir, .segment_bytes = 64 << 10},
                              recovered.log_end, saved);
  saved.change_and_log(1);
  saved.stop();
  recover_whole(saved);
}

TEST(Recovery, ASnapshotAndTheLogBehindItGiveTheWholeState) {
  SavedWorld saved;
  saved.start();
  for (int round = 0; round < 30; ++round) {
    saved.change_and_log(round);
    if (round == 9 || round == 19) saved.snapshot();
  }
  const Zxid older = saved.batch_ends[9];
  const Zxid newer = saved.batch_ends[19];
  const std::size_t segments = saved.segments().size();
  saved.log->purge(older);
  saved.drain();
  EXPECT_LT(saved.segments().size(), segments) << "the log alone is not enough";
  saved.stop();
  const RecoveredState recovered = recover_whole(saved);
  EXPECT_EQ(recovered.snapshot, newer);
  EXPECT_EQ(recovered.newest_snapshot, newer);
  EXPECT_EQ(recovered.oldest_snapshot, older);
  EXPECT_EQ(recovered.start.txns_loaded, recovered.zxid.value - newer.value);
  EXPECT_TRUE(recovered.notes.empty());
}

TEST(Recovery, ASnapshotAtTheVeryEndOfTheLogIsEnough) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.snapshot();
  saved.stop();
  const RecoveredState recovered = recover_whole(saved);
  EXPECT_EQ(recovered.start.txns_loaded, 0);
  EXPECT_EQ(recovered.log_payload_bytes, 0u);
}

TEST(R7, ADamagedNewestSnapshotIsPassedOverIfTheLogGoesOnFromAnOlderOne) {
  for (const bool is_damaged_at_its_end : {false, true}) {
    SavedWorld saved;
    saved.start();
    for (int round = 0; round < 6; ++round) {
      saved.change_and_log(round);
      if (round == 1 || round == 3) saved.snapshot();
    }
    saved.stop();
    const Zxid newest = saved.batch_ends[3];
    const std::string path = SavedWorld::snapshot_path(newest);
    saved.disk.flip(path, is_damaged_at_its_end ? saved.disk.contents(path).size() - 1 : 1000);
    const RecoveredState recovered = recover_whole(saved);
    EXPECT_EQ(recovered.snapshot, saved.batch_ends[1]);
    EXPECT_EQ(recovered.newest_snapshot, newest);
    ASSERT_EQ(recovered.notes.size(), 1u);
    EXPECT_TRUE(contains(recovered.notes[0], path)) << recovered.notes[0];
    EXPECT_TRUE(contains(recovered.notes[0], "offset")) << recovered.notes[0];
  }
}

TEST(R7, ASnapshotWhoseDigestIsAnotherIsPassedOverAsWell) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.snapshot();
  saved.change_and_log(1);
  saved.snapshot();
  saved.stop();
  lie_about_digest(saved, saved.batch_ends[1]);
  const RecoveredState recovered = recover_whole(saved);
  EXPECT_EQ(recovered.snapshot, saved.batch_ends[0]);
  ASSERT_EQ(recovered.notes.size(), 1u);
  EXPECT_TRUE(contains(recovered.notes[0], "digest")) << recovered.notes[0];
}

TEST(R7, WithoutAnyReadableSnapshotTheLogAloneIsNotTrusted) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.snapshot();
  saved.stop();
  damage_inside(saved, saved.batch_ends[0]);
  EXPECT_TRUE(contains(refusal(saved), "none of the snapshots"));
}

TEST(R7, AnOlderSnapshotDoesNotHideThatTheLogIsTooShort) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.snapshot();
  saved.change_and_log(1);
  const auto short_log = saved.copy_of_log();
  saved.change_and_log(2);
  saved.snapshot();
  saved.stop();
  saved.replace_log(short_log);
  EXPECT_TRUE(contains(refusal(saved), "log_ends_before_snapshot"));

  damage_inside(saved, saved.batch_ends[2]);
  const std::string text = refusal(saved);
  EXPECT_TRUE(contains(text, wal::snapshot_name(saved.batch_ends[2]))) << text;
  EXPECT_TRUE(contains(text, "acknowledged are missing")) << text;
}

TEST(R7, AMissingSegmentRefusesTheStart) {
  SavedWorld saved;
  saved.start();
  for (int round = 0; round < 30; ++round) saved.change_and_log(round);
  saved.stop();
  const std::vector<std::string> segments = saved.segments();
  ASSERT_GE(segments.size(), 3u);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    SCOPED_TRACE(segments[i]);
    const std::vector<std::byte> bytes = saved.disk.contents(segments[i]);
    saved.disk.drop(segments[i]);
    EXPECT_FALSE(refusal(saved).empty());
    saved.disk.put(segments[i], bytes);
  }
  recover_whole(saved);
}

TEST(R7, ASnapshotWithoutAnySegmentRefusesTheStart) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.snapshot();
  saved.stop();
  saved.replace_log({});
  EXPECT_TRUE(contains(refusal(saved), "no_segment_beside_snapshot"));
}

TEST(R6, ABatchThatMakesAnotherDigestRefusesTheStartWithFileAndOffset) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  EXPECT_EQ(saved.world.create("/a"), proto::ErrorCode::ok);
  saved.log_batch(/*digest_error=*/1);
  saved.change_and_log(1);
  saved.stop();
  const std::string text = refusal(saved);
  EXPECT_TRUE(contains(text, saved.segments()[0] + " at offset ")) << text;
  EXPECT_TRUE(contains(text, "digest")) << text;
}

TEST(R6, ABatchWithFewerTransactionsThanItsHeaderSaysRefusesTheStart) {
  SavedWorld saved;
  saved.start();
  EXPECT_EQ(saved.world.create("/a"), proto::ErrorCode::ok);
  saved.log_batch(0, /*count_error=*/2);
  saved.stop();
  const std::string text = refusal(saved);
  EXPECT_TRUE(contains(text, "its header says 4")) << text;
}

TEST(R6, ATransactionThatCannotBeAppliedRefusesTheStart) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.log_made_up({.kind = core::StepKind::delete_node, .path = "/never/was"});
  saved.stop();
  const std::string text = refusal(saved);
  EXPECT_TRUE(contains(text, saved.segments()[0] + " at offset ")) << text;
  EXPECT_TRUE(contains(text, "changes a node that is not there")) << text;
}

TEST(R7, ASnapshotOfAnotherLogRefusesTheStart) {
  for (const bool log_goes_on : {false, true}) {
    SavedWorld saved;
    saved.start();
    saved.change_and_log(0);
    snapshots::StateAt at = saved.state_at_committed();
    at.log_chain ^= 1;
    saved.snapshot(at);
    if (log_goes_on) saved.change_and_log(1);
    saved.stop();
    const std::string text = refusal(saved);
    EXPECT_TRUE(contains(text, log_goes_on ? "does not follow the batch" : "is not the one"))
        << text;
  }
}

TEST(Recovery, ASnapshotThatDoesNotKnowItsPlaceInTheLogIsTaken) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  snapshots::StateAt at = saved.state_at_committed();
  at.log_chain = 0;
  saved.snapshot(at);
  recover_whole(saved);
  saved.change_and_log(1);
  saved.stop();
  recover_whole(saved);
}

TEST(Recovery, UnfinishedSnapshotsAreRemovedOnceTheStartStands) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  saved.stop();
  const std::string unfinished = SavedWorld::snapshot_path(Zxid{1}) + ".tmp";
  saved.disk.put(unfinished, std::vector<std::byte>(100));
  const RecoveredState recovered = recover_whole(saved);
  EXPECT_FALSE(saved.disk.exists(unfinished));
  EXPECT_EQ(recovered.notes.size(), 1u);

  saved.disk.put(unfinished, std::vector<std::byte>(100));
  saved.disk.inject({.kind = SimDisk::Kind::remove, .error = EACCES});
  EXPECT_EQ(recover_whole(saved).notes.size(), 1u) << "not worth refusing a start";
  EXPECT_TRUE(saved.disk.exists(unfinished));
}

TEST(Recovery, ATornTailIsCutOffWithANote) {
  SavedWorld saved;
  saved.start();
  saved.change_and_log(0);
  const auto log = saved.copy_of_log();
  const Contents before = saved.contents();
  saved.change_and_log(1);
  saved.crash(SimDisk::Survive::everything);
  // The last batch's payload.
  const std::string segment = saved.segments()[0];
  const auto& now = saved.disk.contents(segment);
  std::uint64_t at = 0;
  while (now[at] == log.at(segment)[at]) ++at;
  saved.disk.flip(segment, at + 200);
  const auto recovered = saved.recover();
  ASSERT_TRUE(recovered) << recovered.error();
  EXPECT_EQ(before, SavedWorld::contents_of(*recovered->state));
  EXPECT_EQ(recovered->notes.size(), 1u);
}

TEST(Recovery, ADirectoryThatCannotBeListedIsAnError) {
  SavedWorld saved;
  saved.disk.inject({.kind = SimDisk::Kind::list, .error = EIO});
  const auto recovered = saved.recover();
  ASSERT_FALSE(recovered);
  EXPECT_TRUE(contains(recovered.error(), "cannot list /d")) << recovered.error();
}

}  // namespace
}  // namespace paddock::recovery
