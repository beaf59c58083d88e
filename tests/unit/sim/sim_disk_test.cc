#include "tests/sim/sim_disk.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace paddock::sim {
namespace {

using Kind = SimDisk::Kind;
using Survive = SimDisk::Survive;

/// Runs one call to its end.
template <class Call>
std::int64_t run(SimDisk& disk, Call call) {
  std::int64_t answer = INT64_MIN;
  call([&](std::int64_t result) { answer = result; });
  EXPECT_EQ(INT64_MIN, answer) << "completed inside the call";
  while (disk.in_flight() > 0) disk.wait();
  return answer;
}

class SimDiskTest : public testing::Test {
 protected:
  wal::Disk::File create(const std::string& path) {
    return static_cast<wal::Disk::File>(run(disk_, [&](auto done) {
      disk_.open(path, {.create = true, .exclusive = true, .writable = true}, done);
    }));
  }
  std::int64_t write(wal::Disk::File file, std::uint64_t offset, const std::string& text,
                     bool durable) {
    return run(disk_, [&](auto done) { disk_.write(file, offset, as_bytes(text), durable, done); });
  }
  std::int64_t sync(wal::Disk::File file) {
    return run(disk_, [&](auto done) { disk_.sync(file, done); });
  }
  std::int64_t sync_dir(const std::string& dir) {
    return run(disk_, [&](auto done) { disk_.sync_dir(dir, done); });
  }
  std::string text(const std::string& path) {
    return std::string(as_text({disk_.contents(path).data(), disk_.contents(path).size()}));
  }
  void crash(Survive how, std::uint64_t seed = 0) {
    disk_.power_off();
    while (disk_.in_flight() > 0) disk_.wait();
    disk_.power_on(how, seed);
  }

  SimDisk disk_;
};

TEST_F(SimDiskTest, SyncedBytesUnderASyncedNameStay) {
  const auto file = create("d");
  write(file, 0, "kept", true);
  write(file, 512, "gone", false);
  sync_dir(".");
  crash(Survive::nothing);
  EXPECT_EQ("kept", text("d"));
}

TEST_F(SimDiskTest, ASyncCoversWhatWasWrittenBeforeIt) {
  const auto file = create("d");
  write(file, 0, "kept", false);
  EXPECT_EQ(0, sync(file));
  sync_dir(".");
  crash(Survive::nothing);
  EXPECT_EQ("kept", text("d"));
}

TEST_F(SimDiskTest, SyncingAFileDoesNotSyncItsName) {
  const auto file = create("d");
  write(file, 0, "lost", true);
  crash(Survive::nothing);
  EXPECT_FALSE(disk_.exists("d"));
}

TEST_F(SimDiskTest, ARenameThatWasNotSyncedIsUndoneOrDoneAsAWhole) {
  int renamed = 0;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    disk_.put("a" + std::to_string(seed), {});
    const std::string from = "a" + std::to_string(seed), to = "b" + std::to_string(seed);
    run(disk_, [&](auto done) { disk_.rename(from, to, done); });
    EXPECT_TRUE(disk_.exists(to));
    crash(Survive::coin, seed);
    EXPECT_NE(disk_.exists(from), disk_.exists(to));
    renamed += disk_.exists(to);
  }
  EXPECT_GT(renamed, 0);
  EXPECT_LT(renamed, 32);
}

TEST_F(SimDiskTest, EachUnsyncedSectorHasACoinOfItsOwn) {
  bool saw_first_only = false, saw_second_only = false;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    disk_.put("d", std::vector<std::byte>(1024, std::byte{'.'}));
    const auto file = static_cast<wal::Disk::File>(
        run(disk_, [&](auto done) { disk_.open("d", {.writable = true}, done); }));
    write(file, 0, std::string(1024, 'n'), false);
    crash(Survive::coin, seed);
    const std::string got = text("d");
    ASSERT_EQ(1024u, got.size());
    EXPECT_EQ(std::string(512, got[0]), got.substr(0, 512)) << "a torn sector";
    EXPECT_EQ(std::string(512, got[512]), got.substr(512)) << "a torn sector";
    saw_first_only |= got[0] == 'n' && got[512] == '.';
    saw_second_only |= got[0] == '.' && got[512] == 'n';
  }
  EXPECT_TRUE(saw_first_only);
  EXPECT_TRUE(saw_second_only);
}

TEST_F(SimDiskTest, AWriteInFlightAtTheCutIsNotDurable) {
  disk_.put("d", {});
  const auto file = static_cast<wal::Disk::File>(
      run(disk_, [&](auto done) { disk_.open("d", {.writable = true}, done); }));
  std::int64_t answer = 0;
  disk_.write(file, 0, as_bytes("x"), true, [&](std::int64_t result) { answer = result; });
  crash(Survive::nothing);
  EXPECT_EQ(-EIO, answer);
  EXPECT_EQ("", text("d"));
}

TEST_F(SimDiskTest, TheDeathOfTheProcessKeepsThePageCacheAndItStaysUnsynced) {
  const auto file = create("d");
  sync_dir(".");
  write(file, 0, "page", false);
  crash(Survive::page_cache);
  EXPECT_EQ("page", text("d"));
  crash(Survive::nothing);
  EXPECT_EQ("", text("d"));
}

TEST_F(SimDiskTest, ALostDirectoryTakesItsFilesAlong) {
  run(disk_, [&](auto done) { disk_.make_dir("dir", done); });
  create("dir/file");
  sync_dir("dir");
  crash(Survive::nothing);
  EXPECT_FALSE(disk_.exists("dir"));
  EXPECT_FALSE(disk_.exists("dir/file"));
}

TEST_F(SimDiskTest, TheNthOperationFailsOnDemandWithoutAnEffect) {
  const auto file = create("d");
  disk_.inject({.kind = Kind::write, .error = ECANCELED, .skip = 1, .path_part = "d"});
  EXPECT_EQ(1, write(file, 0, "a", true));
  EXPECT_EQ(-ECANCELED, write(file, 1, "b", true));
  EXPECT_EQ(1, write(file, 1, "c", true));
  EXPECT_EQ("ac", text("d"));
}

TEST_F(SimDiskTest, AShortDurableWriteIsNotDurable) {
  const auto file = create("d");
  sync_dir(".");
  disk_.inject({.kind = Kind::write, .short_bytes = 2});
  EXPECT_EQ(2, write(file, 0, "abcd", true));
  crash(Survive::nothing);
  EXPECT_EQ("", text("d"));
}

TEST_F(SimDiskTest, AFullDiskWritesShortAndThenRefuses) {
  disk_.set_capacity(1024);
  const auto file = create("d");
  EXPECT_EQ(1024, write(file, 0, std::string(1500, 'x'), false));
  EXPECT_EQ(-ENOSPC, write(file, 1024, "y", false));
  EXPECT_EQ(4, write(file, 0, "over", false)) << "overwriting needs no space";
  EXPECT_EQ(-ENOSPC, run(disk_, [&](auto done) { disk_.allocate(file, 0, 4096, done); }));
}

TEST_F(SimDiskTest, DirectWritesMustBeAligned) {
  const auto file = static_cast<wal::Disk::File>(run(disk_, [&](auto done) {
    disk_.open("d", {.create = true, .writable = true, .direct = true}, done);
  }));
  alignas(4096) static std::byte page[8192];
  auto write_at = [&](std::uint64_t offset, std::byte* from, std::size_t bytes) {
    return run(disk_, [&](auto done) { disk_.write(file, offset, {from, bytes}, true, done); });
  };
  EXPECT_EQ(4096, write_at(0, page, 4096));
  EXPECT_EQ(-EINVAL, write_at(512, page, 4096));
  EXPECT_EQ(-EINVAL, write_at(0, page + 64, 4096));
  EXPECT_EQ(-EINVAL, write_at(0, page, 100));
}

TEST(SimDiskCrashPoints, ThePowerGoesOffBehindTheChosenOperation) {
  for (std::uint64_t point = 0; point <= 4; ++point) {
    SimDisk disk;
    disk.power_off_after(point);
    std::int64_t file = -1;
    disk.open("d", {.create = true, .writable = true}, [&](std::int64_t r) { file = r; });
    while (disk.in_flight() > 0) disk.wait();
    for (int i = 0; file >= 0 && i < 3; ++i) {
      disk.write(static_cast<wal::Disk::File>(file), static_cast<std::uint64_t>(i), as_bytes("x"),
                 true, [](std::int64_t) {});
      while (disk.in_flight() > 0) disk.wait();
    }
    EXPECT_EQ(point, disk.changes());
    EXPECT_TRUE(disk.is_off());
  }
}

TEST(SimDiskCrashPoints, TheSameSeedTakesTheSameSteps) {
  auto steps = [](std::uint64_t seed) {
    SimDisk disk({.seed = seed});
    for (int i = 0; i < 8; ++i)
      disk.open("f" + std::to_string(i), {.create = true}, [](std::int64_t) {});
    while (disk.in_flight() > 0) disk.wait();
    return disk.trace();
  };
  EXPECT_EQ(steps(1), steps(1));
  EXPECT_NE(steps(1), steps(2));
}

}  // namespace
}  // namespace paddock::sim
