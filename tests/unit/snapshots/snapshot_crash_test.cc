#include <gtest/gtest.h>

#include <string>

#include "tests/sim/crash_outcomes.h"
#include "tests/unit/snapshots/snapshot_world.h"

// Every crash point of a run that takes snapshots, removes surplus ones and purges the log below:
// the power goes off behind each single operation that changes the disk, with several outcomes for
// what was not synced. The next start must find all that was acknowledged.

namespace paddock::snapshots {
namespace {

using Outcome = sim::CrashOutcome;
using sim::crash_outcomes;

class CrashingWorld : public SnapshotWorld {
 public:
  explicit CrashingWorld(std::uint64_t seed) : SnapshotWorld({.seed = seed}) { options.keep = 2; }

  void run() {
    start();
    begin();
    for (int round = 0; round < 16 && is_alive(); ++round) {
      change_and_log(round);
      if (round % 3 != 2 || !is_alive()) continue;
      if (const Zxid oldest = take_snapshot(); oldest.value != 0) log->purge(oldest);
      drain();
    }
    if (is_alive()) stop_all();
  }
  void crash_now(const Outcome& outcome) {
    snapshots.reset();
    crash(outcome.how, outcome.seed);
  }
  void check(const std::string& where) {
    const auto recovered = recover();
    ASSERT_TRUE(recovered) << where << ": " << recovered.error();
    EXPECT_GE(recovered->zxid, acknowledged) << where << ": an acknowledged batch is lost";
    if (recovered->zxid == Zxid{0}) return;
    ASSERT_TRUE(history.contains(recovered->zxid)) << where << ": not at a batch end";
    EXPECT_EQ(contents_of(*recovered->state), history.at(recovered->zxid)) << where;
    for (const std::string& name : disk.names(dir))
      EXPECT_FALSE(name.ends_with(".tmp")) << where << ": " << name;
  }

 private:
  void stop_all() {
    snapshots->stop();
    stop();
  }
};

TEST(SnapshotCrashPoints, AnyPointLeavesADirectoryThatAStartCanUse) {
  const std::uint64_t seed = 1;
  CrashingWorld whole(seed);
  whole.run();
  ASSERT_TRUE(whole.is_alive());
  EXPECT_EQ(whole.snapshots->view().count, 5);
  EXPECT_GE(whole.disk.count(sim::SimDisk::Kind::remove), 3u) << "surplus went";
  whole.check("no crash");
  const std::uint64_t points = whole.disk.changes();
  ASSERT_GT(points, 80u);
  for (std::uint64_t point = 0; point <= points; ++point) {
    for (const Outcome& outcome : crash_outcomes) {
      CrashingWorld crashing(seed);
      crashing.disk.power_off_after(point);
      crashing.run();
      crashing.crash_now(outcome);
      crashing.check("crash behind operation " + std::to_string(point) + ", outcome " +
                     std::to_string(static_cast<int>(outcome.how)) + "/" +
                     std::to_string(outcome.seed));
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace paddock::snapshots
