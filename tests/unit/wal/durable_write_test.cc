#include "wal/durable_write.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "tests/sim/sim_disk.h"
#include "wal/aligned_buffer.h"
#include "wal/blocking.h"
#include "wal/format.h"

namespace paddock::wal {
namespace {

using Kind = sim::SimDisk::Kind;

/// A file with old content, one write of four blocks of new content into it.
struct World : DurableWrite::Owner {
  World() {
    disk.put("file", std::vector<std::byte>(8 * block_bytes, std::byte{'o'}));
    file = static_cast<Disk::File>(
        BlockingDisk(disk).open("file", {.writable = true, .direct = true}));
    buffer.reserve(bytes);
    std::memset(buffer.data(), 'n', bytes);
  }
  ~World() {
    if (file >= 0) disk.close(file);
  }

  void run(bool durable = true) {
    write.start(file, block_bytes, {buffer.data(), bytes}, durable);
    EXPECT_TRUE(write.is_in_flight());
    while (disk.in_flight() > 0) disk.poll();
    EXPECT_FALSE(write.is_in_flight());
  }
  void write_done(DurableWrite&) override { ++done; }
  void write_failed(DurableWrite&, const std::string& reason) override { failure = reason; }
  void power_cut() {
    disk.close(std::exchange(file, -1));
    disk.power_off();
    disk.power_on(sim::SimDisk::Survive::nothing);
  }
  bool is_new() const {
    const auto& content = disk.contents("file");
    for (std::size_t i = 0; i < content.size(); ++i) {
      const bool inside = i >= block_bytes && i < block_bytes + bytes;
      if (content[i] != std::byte(inside ? 'n' : 'o')) return false;
    }
    return true;
  }

  static constexpr std::size_t bytes = 4 * block_bytes;
  sim::SimDisk disk;
  Disk::File file = -1;
  AlignedBuffer buffer;
  DurableWrite write{disk, *this};
  int done = 0;
  std::string failure;
};

TEST(R8, AWholeWriteIsOneOperation) {
  World w;
  w.run();
  EXPECT_EQ(1, w.done);
  EXPECT_EQ(1u, w.disk.count(Kind::write));
  EXPECT_EQ(0u, w.disk.count(Kind::sync));
  w.power_cut();
  EXPECT_TRUE(w.is_new());
}

TEST(R8, AShortWriteIsFinishedAndSyncedAfresh) {
  for (std::uint64_t taken : {0, 1, 512, 4095, 4096, 4097, 12288, 16383}) {
    World w;
    w.disk.inject({.kind = Kind::write, .short_bytes = taken, .times = 2});
    w.run();
    EXPECT_EQ(1, w.done) << taken;
    EXPECT_EQ(1u, w.disk.count(Kind::sync)) << taken;
    w.power_cut();
    EXPECT_TRUE(w.is_new()) << taken;
  }
}

TEST(R8, ACancelledOrInterruptedOperationIsIssuedAgain) {
  for (int error : {ECANCELED, EINTR}) {
    World w;
    w.disk.inject({.kind = Kind::write, .error = error});
    w.disk.inject({.kind = Kind::sync, .error = error});
    w.run();
    EXPECT_EQ(1, w.done);
    EXPECT_EQ("", w.failure);
    w.power_cut();
    EXPECT_TRUE(w.is_new());
  }
}

TEST(R8, AnyOtherErrorIsFinal) {
  for (Kind kind : {Kind::write, Kind::sync}) {
    World w;
    if (kind == Kind::sync) w.disk.inject({.kind = Kind::write, .short_bytes = block_bytes});
    w.disk.inject({.kind = kind, .error = EIO});
    w.run();
    EXPECT_EQ(0, w.done);
    EXPECT_NE(std::string::npos, w.failure.find("Input/output error")) << w.failure;
    EXPECT_EQ(1u, w.disk.count(kind)) << "no second attempt";
  }
}

TEST(R8, ADiskThatTakesNothingIsGivenUp) {
  World w;
  w.disk.inject({.kind = Kind::write, .short_bytes = 100, .times = 1000});
  w.run();
  EXPECT_EQ(0, w.done);
  EXPECT_NE("", w.failure);
  EXPECT_LT(w.disk.count(Kind::write), 100u);
}

TEST(R8, AWriteThatNeedNotBeDurableIsNeverSynced) {
  World w;
  w.disk.inject({.kind = Kind::write, .short_bytes = block_bytes});
  w.run(false);
  EXPECT_EQ(1, w.done);
  EXPECT_EQ(0u, w.disk.count(Kind::sync));
  EXPECT_TRUE(w.is_new());
  w.power_cut();
  EXPECT_FALSE(w.is_new());
}

TEST(DurableWrite, CanBeUsedAgainAfterItIsDone) {
  World w;
  w.run();
  w.run();
  EXPECT_EQ(2, w.done);
}

}  // namespace
}  // namespace paddock::wal
