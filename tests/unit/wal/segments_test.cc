#include "wal/segments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_disk.h"
#include "wal/format.h"
#include "wal/names.h"

namespace paddock::wal {
namespace {

using Kind = sim::SimDisk::Kind;
using Survive = sim::SimDisk::Survive;
using Spare = Segments::Spare;
constexpr std::uint64_t segment_bytes = 64 << 10;

struct World : Segments::Owner {
  explicit World(const sim::SimDisk::Options& options = {}) : disk(options) {
    disk.put("log/unrelated", {});
    make();
  }
  ~World() {
    for (Disk::File file : taken) disk.close(file);
  }
  void make() { segments = std::make_unique<Segments>(disk, "log", segment_bytes, *this); }

  void drain() {
    while (disk.in_flight() > 0) disk.poll();
  }
  void prepare() {
    segments->prepare_spare();
    drain();
  }
  /// Takes the spare as a segment.
  void take(Zxid first) {
    ASSERT_EQ(Spare::ready, segments->spare_for(1));
    segments->take_spare(first, [this](Disk::File file) { taken.push_back(file); });
    drain();
  }
  void fill(int count) {
    for (int i = 1; i <= count; ++i) {
      prepare();
      take(Zxid{i * 10});
    }
  }
  std::vector<std::string> names(std::string_view suffix) const {
    std::vector<std::string> found;
    for (const std::string& name : disk.names("log"))
      if (name.ends_with(suffix)) found.push_back(name);
    return found;
  }
  bool is_zero(const std::string& name) const {
    const auto& bytes = disk.contents("log/" + name);
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
  }
  void spare_changed() override { ++changes; }
  void segments_failed(const std::string& reason) override { failure = reason; }

  sim::SimDisk disk;
  std::unique_ptr<Segments> segments;
  std::vector<Disk::File> taken;
  int changes = 0;
  std::string failure;
};

TEST(Segments, ASpareIsZeroFilledAndDurableBeforeItIsReady) {
  World w;
  EXPECT_EQ(Spare::preparing, w.segments->spare_for(1));
  w.drain();
  EXPECT_EQ(1, w.changes);
  EXPECT_EQ(Spare::ready, w.segments->spare_for(segment_bytes));
  EXPECT_EQ(segment_bytes, w.segments->spare_bytes());
  w.disk.power_off();
  w.segments.reset();
  w.disk.power_on(Survive::nothing);
  ASSERT_EQ(std::vector<std::string>{"1.spare"}, w.names(".spare"));
  EXPECT_EQ(segment_bytes, w.disk.contents("log/1.spare").size());
  EXPECT_TRUE(w.is_zero("1.spare"));
}

TEST(R7, ASegmentIsHandedOutWhenItsNameIsDurable) {
  World w;
  w.prepare();
  bool named = false;
  w.segments->take_spare(Zxid{7}, [&](Disk::File file) {
    named = true;
    w.disk.close(file);
    w.disk.power_off();
  });
  w.drain();
  ASSERT_TRUE(named);
  w.segments.reset();
  w.disk.power_on(Survive::nothing);
  EXPECT_EQ(std::vector<std::string>{segment_name(Zxid{7})}, w.names(".log"));
}

TEST(Segments, ALargerSpareTakesThePlaceOfASmallOne) {
  World w;
  w.prepare();
  EXPECT_EQ(Spare::preparing, w.segments->spare_for(segment_bytes + block_bytes));
  EXPECT_EQ(Spare::ready, w.segments->spare_for(1)) << "the small one stays meanwhile";
  w.drain();
  EXPECT_EQ(Spare::ready, w.segments->spare_for(segment_bytes + block_bytes));
  w.take(Zxid{1});
  w.prepare();
  EXPECT_EQ(segment_bytes, w.segments->spare_bytes()) << "the next one is an ordinary one again";
}

TEST(Segments, SparesOfAnEarlierRunAreMadeReadyAgain) {
  World w;
  w.disk.put("log/5.spare", std::vector<std::byte>(3 * segment_bytes, std::byte{0xaa}));
  w.segments->adopt({}, {"5.spare"});
  w.prepare();
  w.take(Zxid{1});
  EXPECT_TRUE(w.names(".spare").empty());
  EXPECT_TRUE(w.is_zero(segment_name(Zxid{1})));
  EXPECT_EQ(segment_bytes, w.disk.contents("log/" + segment_name(Zxid{1})).size());
  w.prepare();
  EXPECT_EQ(std::vector<std::string>{"6.spare"}, w.names(".spare")) << "no name is given twice";
}

TEST(R7, PurgeKeepsWhateverHoldsAZxidAboveTheSnapshot) {
  World w;
  w.fill(4);  // 10, 20, 30, 40
  w.segments->purge(Zxid{18}, false);
  w.drain();
  EXPECT_EQ(4u, w.names(".log").size());
  w.segments->purge(Zxid{19}, false);
  w.drain();
  EXPECT_EQ(segment_name(Zxid{20}), w.names(".log").front());
  w.segments->purge(Zxid{1000}, true);
  w.drain();
  EXPECT_EQ((std::vector<std::string>{segment_name(Zxid{30}), segment_name(Zxid{40})}),
            w.names(".log"))
      << "the one in use is empty: the chain is known from the one before it only";
  w.segments->purge(Zxid{1000}, false);
  w.drain();
  EXPECT_EQ(std::vector<std::string>{segment_name(Zxid{40})}, w.names(".log"));
}

TEST(R7, OneOfThePurgedIsRecycledAndZeroedTheOthersAreRemoved) {
  World w;
  w.fill(4);
  for (const std::string& name : w.names(".log"))
    w.disk.put("log/" + name, std::vector<std::byte>(segment_bytes, std::byte{0xbb}));
  w.segments->purge(Zxid{1000}, false);
  w.drain();
  w.prepare();
  EXPECT_EQ(1u, w.names(".log").size());
  EXPECT_EQ(1u, w.names(".spare").size());
  w.disk.power_off();
  w.segments.reset();
  for (Disk::File file : w.taken) w.disk.close(file);
  w.taken.clear();
  w.disk.power_on(Survive::nothing);
  ASSERT_EQ(1u, w.names(".spare").size());
  EXPECT_TRUE(w.is_zero(w.names(".spare").front()));
}

/// It did: with one sync behind all removals an older segment could come back in a power cut while
/// one behind it stayed away. A start that looks for the batch before its snapshot reads the older
/// one, finds its mark and no successor, and is refused.
TEST(R7, APurgeThatIsCutOffLeavesNoGap) {
  World whole;
  whole.fill(5);
  std::uint64_t points = whole.disk.changes();
  whole.segments->purge(Zxid{1000}, false);
  whole.drain();
  points = whole.disk.changes() - points;
  bool some_gone = false;
  for (std::uint64_t point = 0; point <= points; ++point) {
    for (std::uint64_t coin = 0; coin < 40; ++coin) {
      World w;
      w.fill(5);
      const std::vector<std::string> before = w.names(".log");
      const std::uint64_t from = w.disk.changes();
      w.disk.power_off_after(from + point);
      w.segments->purge(Zxid{1000}, false);
      w.drain();
      for (Disk::File file : w.taken) w.disk.close(file);
      w.taken.clear();
      if (!w.disk.is_off()) w.disk.power_off();
      w.segments.reset();
      w.disk.power_on(Survive::coin, coin);
      const std::vector<std::string> after = w.names(".log");
      ASSERT_TRUE(std::equal(after.rbegin(), after.rend(), before.rbegin())) << point;
      some_gone |= after.size() > 1 && after.size() < before.size();
    }
  }
  EXPECT_TRUE(some_gone);
}

TEST(R20, AFullDiskIsAnAnswerAndLeavesNothingBehind) {
  for (std::uint64_t room : {0u, 4096u, 40000u, 65535u}) {
    World w({.capacity_bytes = room});
    w.prepare();
    EXPECT_EQ("", w.failure);
    EXPECT_EQ(1, w.changes) << room;
    EXPECT_EQ(Spare::none, w.segments->spare_for(1));
    EXPECT_TRUE(w.names(".spare").empty());
    EXPECT_EQ(0u, w.disk.used_bytes());
    w.disk.set_capacity(UINT64_MAX);
    EXPECT_EQ(Spare::none, w.segments->spare_for(1)) << "asking alone makes no attempt";
    w.segments->retry();
    w.drain();
    EXPECT_EQ(Spare::ready, w.segments->spare_for(1));
    EXPECT_EQ(2, w.changes);
  }
}

TEST(R20, EveryPlaceWhereAFullDiskShowsIsAnAnswer) {
  for (Kind kind : {Kind::open, Kind::allocate, Kind::write, Kind::sync}) {
    for (int error : {ENOSPC, EDQUOT}) {
      World w;
      w.disk.inject({.kind = kind, .error = error, .path_part = ".spare"});
      w.prepare();
      EXPECT_EQ("", w.failure) << static_cast<int>(kind);
      EXPECT_EQ(Spare::none, w.segments->spare_for(1));
      w.segments->retry();
      w.drain();
      EXPECT_EQ(Spare::ready, w.segments->spare_for(1));
    }
  }
}

/// Clients may have taken the last one; the file to be recycled waits like any other.
TEST(R20, WithoutDescriptorsASpareIsRefusedAsOnAFullDisk) {
  for (int error : {EMFILE, ENFILE}) {
    for (const bool recycle : {false, true}) {
      World w;
      if (recycle) w.disk.put("log/7.spare", std::vector<std::byte>(segment_bytes));
      w.segments->adopt({},
                        recycle ? std::vector<std::string>{"7.spare"} : std::vector<std::string>{});
      w.disk.inject({.kind = Kind::open, .error = error, .path_part = ".spare"});
      w.prepare();
      EXPECT_EQ("", w.failure);
      EXPECT_EQ(Spare::none, w.segments->spare_for(1));
      w.segments->retry();
      w.drain();
      EXPECT_EQ("", w.failure);
      EXPECT_EQ(Spare::ready, w.segments->spare_for(1));
      EXPECT_EQ(std::vector<std::string>{recycle ? "7.spare" : "2.spare"}, w.names(".spare"));
    }
  }
}

TEST(Segments, AnyOtherErrorIsFinal) {
  for (Kind kind :
       {Kind::open, Kind::size, Kind::allocate, Kind::write, Kind::sync, Kind::sync_dir}) {
    World w;
    w.disk.inject({.kind = kind, .error = EIO});
    w.prepare();
    EXPECT_NE("", w.failure) << static_cast<int>(kind);
    EXPECT_EQ(Spare::none, w.segments->spare_for(1));
  }
  World w;
  w.prepare();
  w.disk.inject({.kind = Kind::rename, .error = EIO});
  w.segments->take_spare(Zxid{1}, [&](Disk::File) { FAIL(); });
  w.drain();
  EXPECT_NE("", w.failure);
}

TEST(Segments, AFileSystemWithoutAllocationIsFilledAllTheSame) {
  for (int error : {EOPNOTSUPP, ENOSYS, EINVAL}) {
    World w;
    w.disk.inject({.kind = Kind::allocate, .error = error});
    w.prepare();
    EXPECT_EQ("", w.failure);
    EXPECT_EQ(Spare::ready, w.segments->spare_for(segment_bytes));
    EXPECT_EQ(segment_bytes, w.disk.contents("log/1.spare").size());
  }
}

TEST(Segments, DestroyingThemWaitsForWhatIsInFlight) {
  World w;
  w.segments->prepare_spare();
  w.disk.poll();
  w.segments.reset();
  EXPECT_EQ(0u, w.disk.in_flight());
}

}  // namespace
}  // namespace paddock::wal
