#include "wal/snapshot_writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/sim/sim_disk.h"
#include "tests/unit/wal/snapshot_fixture.h"

namespace paddock::wal {
namespace {

using sim::SimDisk;
using Kind = SimDisk::Kind;

const std::vector<ChunkSpec> few_chunks{
    {.first_node = 0, .node_count = 3, .data_bytes = 100, .session_count = 2},
    {.first_node = 3, .node_count = 400, .data_bytes = 1000},
    {.first_node = 403, .node_count = 1, .data_bytes = 1}};

std::string dir_with(SimDisk& disk) {
  disk.make_dir("/d", [](std::int64_t) {});
  disk.wait();
  wait_for(disk, [&](auto done) { disk.sync_dir("/", std::move(done)); });
  return "/d";
}

TEST(SnapshotWriter, WhatWasWrittenComesBackInOrder) {
  SimDisk disk;
  const std::string dir = dir_with(disk);
  const auto written = write_snapshot(disk, dir, Zxid{0x10a}, few_chunks);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ("/d/000000000000010a.snap", written->file.path);
  EXPECT_EQ(404u, written->node_count);
  EXPECT_EQ(2u, written->session_count);
  EXPECT_EQ(std::vector<std::string>{"000000000000010a.snap"}, disk.names(dir));
  EXPECT_EQ(written->bytes, disk.contents(written->file.path).size());
  const auto read = read_snapshot(disk, written->file.path);
  ASSERT_TRUE(read) << read.error().reason;
  ASSERT_EQ(404u, read->nodes.size());
  for (int i = 0; i < 404; ++i) EXPECT_EQ("/n" + std::to_string(i), read->nodes[i].first);
  EXPECT_EQ(100u, read->nodes[2].second);
  EXPECT_EQ(1000u, read->nodes[402].second);
  EXPECT_EQ((std::vector<std::int64_t>{1, 2}), read->sessions);
  EXPECT_EQ(77u, read->footer.digest);
  EXPECT_EQ(88u, read->footer.log_chain);
  EXPECT_EQ(0x10a, read->footer.zxid);
}

TEST(SnapshotWriter, AnEmptyStateIsASnapshotToo) {
  SimDisk disk;
  const auto written = write_snapshot(disk, dir_with(disk), Zxid{0}, {});
  ASSERT_TRUE(written);
  EXPECT_EQ(4096u, written->bytes);
  const auto read = read_snapshot(disk, written->file.path);
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_TRUE(read->nodes.empty());
}

TEST(SnapshotWriter, ALengthThatFillsItsLastBlockKeepsRoomForTheFooter) {
  // Every length of the last chunk modulo a block, so also those that leave 0 to 128 bytes.
  for (std::size_t extra = 0; extra < 4096; extra += 8) {
    SimDisk disk;
    const auto written = write_snapshot(disk, dir_with(disk), Zxid{1},
                                        {{.node_count = 1, .data_bytes = 100 + extra}});
    ASSERT_TRUE(written);
    const auto read = read_snapshot(disk, written->file.path);
    ASSERT_TRUE(read) << extra << ": " << read.error().reason;
    EXPECT_EQ(100 + extra, read->nodes[0].second);
  }
}

/// Passes everything on and notes what writes were in flight at once.
class WatchedDisk final : public Disk {
 public:
  explicit WatchedDisk(Disk& disk) : disk_(disk) {}
  std::size_t bytes_max = 0;
  std::size_t writes_at_once_max = 0;

  void write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
             Done done) override {
    bytes_max = std::max(bytes_max, from.size());
    writes_at_once_max = std::max(writes_at_once_max, ++writes_);
    disk_.write(file, offset, from, durable, [this, done = std::move(done)](std::int64_t result) {
      --writes_;
      done(result);
    });
  }
  void open(std::string_view path, Open how, Done done) override {
    disk_.open(path, how, std::move(done));
  }
  void close(File file) override { disk_.close(file); }
  void size(File file, Done done) override { disk_.size(file, std::move(done)); }
  void read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) override {
    disk_.read(file, offset, into, std::move(done));
  }
  void sync(File file, Done done) override { disk_.sync(file, std::move(done)); }
  void allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) override {
    disk_.allocate(file, offset, bytes, std::move(done));
  }
  void truncate(File file, std::uint64_t bytes, Done done) override {
    disk_.truncate(file, bytes, std::move(done));
  }
  void rename(std::string_view from, std::string_view to, Done done) override {
    disk_.rename(from, to, std::move(done));
  }
  void remove(std::string_view path, Done done) override { disk_.remove(path, std::move(done)); }
  void list(std::string_view dir, std::vector<std::string>& names, Done done) override {
    disk_.list(dir, names, std::move(done));
  }
  void make_dir(std::string_view dir, Done done) override { disk_.make_dir(dir, std::move(done)); }
  void sync_dir(std::string_view dir, Done done) override { disk_.sync_dir(dir, std::move(done)); }
  std::size_t poll() override { return disk_.poll(); }
  void wait() override { disk_.wait(); }

 private:
  Disk& disk_;
  std::size_t writes_ = 0;
};

TEST(R17, AChunkLargerThanAWriteGoesOutInPiecesOneAtATime) {
  SimDisk disk;
  const std::string dir = dir_with(disk);
  WatchedDisk watched(disk);
  const auto written = write_snapshot(watched, dir, Zxid{5},
                                      {{.first_node = 0, .node_count = 1, .data_bytes = 1 << 20},
                                       {.first_node = 1, .node_count = 1, .data_bytes = 9 << 20},
                                       {.first_node = 2, .node_count = 2, .data_bytes = 300000}});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(256u * 1024, watched.bytes_max);
  EXPECT_EQ(1u, watched.writes_at_once_max);
  const auto read = read_snapshot(disk, written->file.path);
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ((std::vector<std::pair<std::string, std::size_t>>{
                {"/n0", 1 << 20}, {"/n1", 9 << 20}, {"/n2", 300000}, {"/n3", 300000}}),
            read->nodes);
}

TEST(SnapshotWriter, AShortWriteGoesOnWithTheRemainder) {
  for (std::uint64_t taken : {4096, 4097, 9000, 100000}) {
    SimDisk disk;
    const std::string dir = dir_with(disk);
    disk.inject({.kind = Kind::write, .short_bytes = taken, .times = 2});
    const auto written = write_snapshot(disk, dir, Zxid{5}, few_chunks);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_TRUE(read_snapshot(disk, written->file.path));
  }
}

TEST(R20, AFullDiskIsAnAnswerAndLeavesNothingBehind) {
  SimDisk disk;
  const std::string dir = dir_with(disk);
  ASSERT_TRUE(write_snapshot(disk, dir, Zxid{1}, few_chunks));
  const std::uint64_t used = disk.used_bytes();
  for (std::uint64_t room = 0; room < 430000; room += 50000) {
    disk.set_capacity(used + room);
    const auto written = write_snapshot(disk, dir, Zxid{2}, few_chunks);
    ASSERT_FALSE(written) << room;
    EXPECT_EQ(ENOSPC, written.error().error);
    EXPECT_NE(std::string::npos, written.error().message.find("0000000000000002.snap.tmp"));
    EXPECT_EQ(std::vector<std::string>{"0000000000000001.snap"}, disk.names(dir));
    EXPECT_EQ(used, disk.used_bytes());
  }
  disk.set_capacity(UINT64_MAX);
  EXPECT_TRUE(write_snapshot(disk, dir, Zxid{2}, few_chunks));
}

TEST(SnapshotWriter, AnyFailedOperationIsAnAnswerAndTheWriterGoesOn) {
  for (Kind kind : {Kind::open, Kind::write, Kind::sync, Kind::rename, Kind::sync_dir}) {
    for (std::uint32_t skip = 0; skip < (kind == Kind::write ? 2u : 1u); ++skip) {
      SimDisk disk;
      const std::string dir = dir_with(disk);
      SnapshotWriter writer(disk, dir);
      disk.inject({.kind = kind, .error = EIO, .skip = skip});
      auto attempt = [&]() -> Result<void, DiskFailure> {
        if (auto begun = writer.begin(Zxid{3}, 0); !begun) return begun;
        for (const ChunkSpec& chunk : few_chunks)
          if (auto added = writer.add_chunk(chunk_payload(chunk)); !added) return added;
        if (auto written = writer.finish({}); !written) return fail(written.error());
        return {};
      };
      const auto first = attempt();
      ASSERT_FALSE(first) << static_cast<int>(kind);
      EXPECT_EQ(EIO, first.error().error);
      EXPECT_FALSE(writer.is_open());
      // The sync of the directory is the only step behind the rename.
      EXPECT_EQ(kind == Kind::sync_dir ? 1u : 0u, disk.names(dir).size()) << static_cast<int>(kind);
      const auto second = attempt();
      ASSERT_TRUE(second) << second.error().message;
      EXPECT_TRUE(read_snapshot(disk, "/d/0000000000000003.snap"));
    }
  }
}

TEST(SnapshotWriter, AnAbortedSnapshotLeavesNothingBehind) {
  SimDisk disk;
  const std::string dir = dir_with(disk);
  {
    SnapshotWriter writer(disk, dir);
    ASSERT_TRUE(writer.begin(Zxid{3}, 0));
    ASSERT_TRUE(writer.add_chunk(chunk_payload(few_chunks[1])));
    EXPECT_EQ(1u, disk.names(dir).size());
    writer.abort();
    EXPECT_TRUE(disk.names(dir).empty());
    ASSERT_TRUE(writer.begin(Zxid{4}, 0));
    ASSERT_TRUE(writer.add_chunk(chunk_payload(few_chunks[1])));
  }
  EXPECT_TRUE(disk.names(dir).empty());
}

TEST(SnapshotWriter, ALongerLeftoverOfTheSameNameDoesNotShowThrough) {
  SimDisk disk;
  const std::string dir = dir_with(disk);
  disk.put("/d/0000000000000003.snap.tmp", std::vector<std::byte>(1 << 20, std::byte{0xff}));
  const auto written = write_snapshot(disk, dir, Zxid{3}, few_chunks);
  ASSERT_TRUE(written);
  EXPECT_TRUE(read_snapshot(disk, written->file.path));
}

/// The workload of the crash tests: one snapshot is there, the next is written, then the first
/// removed.
struct Progress {
  bool is_written = false;
  bool is_pruned = false;
};
Progress write_second_and_prune(SimDisk& disk, const std::string& dir) {
  Progress progress;
  progress.is_written = write_snapshot(disk, dir, Zxid{2}, few_chunks).has_value();
  if (progress.is_written) progress.is_pruned = remove_surplus_snapshots(disk, dir, 1).has_value();
  return progress;
}

TEST(R17, ASnapshotIsWholeOrAbsentAfterACrashAtAnyPoint) {
  using Survive = SimDisk::Survive;
  std::uint64_t before = 0, after = 0;
  {
    SimDisk disk;
    const std::string dir = dir_with(disk);
    ASSERT_TRUE(write_snapshot(disk, dir, Zxid{1}, {{.node_count = 5}}));
    before = disk.changes();
    ASSERT_TRUE(write_second_and_prune(disk, dir).is_pruned);
    after = disk.changes();
  }
  ASSERT_GE(after - before, 8u) << "open, two writes, sync, rename, sync, remove, sync";
  int only_first = 0, both = 0, only_second = 0;
  for (std::uint64_t point = before; point <= after; ++point) {
    for (int round = 0; round < 19; ++round) {
      SimDisk disk;
      const std::string dir = dir_with(disk);
      ASSERT_TRUE(write_snapshot(disk, dir, Zxid{1}, {{.node_count = 5}}));
      ASSERT_EQ(before, disk.changes());
      disk.power_off_after(point);
      const Progress progress = write_second_and_prune(disk, dir);
      while (disk.in_flight() != 0) disk.wait();
      if (!disk.is_off()) disk.power_off();
      disk.power_on(round == 0   ? Survive::nothing
                    : round == 1 ? Survive::everything
                    : round == 2 ? Survive::page_cache
                                 : Survive::coin,
                    static_cast<std::uint64_t>(round));

      const auto found = find_snapshots(disk, dir);
      ASSERT_TRUE(found);
      EXPECT_TRUE(found->damaged.empty()) << "crash point " << point << " round " << round;
      ASSERT_FALSE(found->complete.empty()) << "crash point " << point << " round " << round;
      for (const SnapshotFile& file : found->complete) {
        const auto read = read_snapshot(disk, file.path);
        ASSERT_TRUE(read) << "crash point " << point << ": " << read.error().reason;
        EXPECT_EQ(file.zxid.value == 1 ? 5u : 404u, read->nodes.size());
      }
      const bool has_second = found->complete[0].zxid == Zxid{2};
      const bool has_first = found->complete.back().zxid == Zxid{1};
      EXPECT_TRUE(has_second || !progress.is_written) << "crash point " << point;
      EXPECT_TRUE(!has_first || !progress.is_pruned) << "crash point " << point;
      (has_first && has_second ? both : has_first ? only_first : only_second) += 1;

      ASSERT_TRUE(remove_unfinished_snapshots(disk, dir));
      EXPECT_EQ(found->complete.size(), disk.names(dir).size()) << "crash point " << point;
    }
  }
  EXPECT_GT(only_first, 0);
  EXPECT_GT(both, 0);
  EXPECT_GT(only_second, 0);
}

}  // namespace
}  // namespace paddock::wal
