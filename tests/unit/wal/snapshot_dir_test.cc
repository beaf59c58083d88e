#include "wal/snapshot_dir.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/sim/sim_disk.h"
#include "tests/unit/wal/snapshot_fixture.h"

namespace paddock::wal {
namespace {

using sim::SimDisk;

SimDisk disk_with_dir() {
  SimDisk disk;
  wait_for(disk, [&](auto done) { disk.make_dir("/d", std::move(done)); });
  wait_for(disk, [&](auto done) { disk.sync_dir("/", std::move(done)); });
  return disk;
}

TEST(SnapshotDir, ANameIsSixteenLowerCaseHexDigitsAndNothingElse) {
  EXPECT_EQ("00000001ffffffff.snap", snapshot_name(make_zxid(1, 0xffffffff)));
  EXPECT_EQ(make_zxid(1, 0xffffffff), parse_snapshot_name("00000001ffffffff.snap"));
  EXPECT_EQ(Zxid{0}, parse_snapshot_name("0000000000000000.snap"));
  for (const char* name : {"", ".snap", "1.snap", "00000001FFFFFFFF.snap", "00000001ffffffff",
                           "00000001ffffffff.snap.tmp", "000000001ffffffff.snap",
                           "0000000 ffffffff.snap", "snapshot.1ffffffff", "ffffffffffffffff.snap"})
    EXPECT_FALSE(parse_snapshot_name(name)) << name;
  EXPECT_TRUE(is_unfinished_snapshot_name("00000001ffffffff.snap.tmp"));
  EXPECT_FALSE(is_unfinished_snapshot_name("00000001ffffffff.snap"));
  EXPECT_FALSE(is_unfinished_snapshot_name("other.snap.tmp"));
}

TEST(SnapshotDir, TheNewestComesFirstAndDamagedEndsAreNamed) {
  SimDisk disk = disk_with_dir();
  for (std::int64_t zxid : {3, 0x100, 7, 0x20})
    ASSERT_TRUE(write_snapshot(disk, "/d", Zxid{zxid}, {{.node_count = 1}}));
  disk.flip("/d/0000000000000100.snap", 4096 - 1);
  disk.flip("/d/0000000000000007.snap", 0);
  disk.put("/d/unrelated", {});
  const auto found = find_snapshots(disk, "/d");
  ASSERT_TRUE(found);
  ASSERT_EQ(2u, found->complete.size());
  EXPECT_EQ(Zxid{0x20}, found->complete[0].zxid);
  EXPECT_EQ(Zxid{3}, found->complete[1].zxid);
  ASSERT_EQ(2u, found->damaged.size());
  EXPECT_EQ("/d/0000000000000100.snap", found->damaged[0].file);
  EXPECT_EQ("the footer has a wrong checksum", found->damaged[0].reason);
  EXPECT_EQ("no snapshot header", found->damaged[1].reason);
  EXPECT_EQ(Zxid{0x100}, found->newest) << "the log has to reach it all the same";
}

TEST(R7, SurplusSnapshotsGoOldestFirstAndTheOldestKeptBoundsThePurge) {
  SimDisk disk = disk_with_dir();
  EXPECT_EQ(Zxid{0}, remove_surplus_snapshots(disk, "/d"));
  for (std::int64_t zxid : {1, 2, 3, 4, 5}) ASSERT_TRUE(write_snapshot(disk, "/d", Zxid{zxid}, {}));
  disk.inject({.kind = SimDisk::Kind::remove, .error = EIO, .skip = 1});
  EXPECT_FALSE(remove_surplus_snapshots(disk, "/d"));
  EXPECT_EQ(4u, disk.names("/d").size());
  EXPECT_FALSE(disk.exists("/d/0000000000000001.snap"));
  EXPECT_EQ(Zxid{3}, remove_surplus_snapshots(disk, "/d"));
  EXPECT_EQ((std::vector<std::string>{"0000000000000003.snap", "0000000000000004.snap",
                                      "0000000000000005.snap"}),
            disk.names("/d"));
  EXPECT_EQ(Zxid{3}, remove_surplus_snapshots(disk, "/d"));
  EXPECT_EQ(Zxid{5}, remove_surplus_snapshots(disk, "/d", 1));
}

TEST(R7, TheRemovalIsDurableBeforeTheAnswerAllowsAPurge) {
  SimDisk disk = disk_with_dir();
  for (std::int64_t zxid : {1, 2}) ASSERT_TRUE(write_snapshot(disk, "/d", Zxid{zxid}, {}));
  ASSERT_EQ(Zxid{2}, remove_surplus_snapshots(disk, "/d", 1));
  disk.power_off();
  disk.power_on(SimDisk::Survive::nothing);
  EXPECT_EQ(std::vector<std::string>{"0000000000000002.snap"}, disk.names("/d"));
}

TEST(SnapshotDir, UnfinishedSnapshotsAreRemovedAndNothingElse) {
  SimDisk disk = disk_with_dir();
  ASSERT_TRUE(write_snapshot(disk, "/d", Zxid{1}, {}));
  disk.put("/d/0000000000000002.snap.tmp", std::vector<std::byte>(100));
  disk.put("/d/0000000000000001.snap.tmp", {});
  disk.put("/d/notes.tmp", {});
  EXPECT_EQ(2u, remove_unfinished_snapshots(disk, "/d"));
  EXPECT_EQ((std::vector<std::string>{"0000000000000001.snap", "notes.tmp"}), disk.names("/d"));
}

TEST(SnapshotDir, ADirectoryThatIsNotThereIsAFailure) {
  SimDisk disk;
  EXPECT_EQ(ENOENT, list_snapshots(disk, "/nowhere").error().error);
  EXPECT_EQ(ENOENT, find_snapshots(disk, "/nowhere").error().error);
}

}  // namespace
}  // namespace paddock::wal
