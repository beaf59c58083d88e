#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/wal/log_harness.h"
#include "tests/unit/wal/snapshot_fixture.h"
#include "wal/snapshot_dir.h"

// Log and snapshots on one disk, as a daemon uses them: write, roll, snapshot, removal of the
// surplus one, purge, recycle, a segment of its own for a large batch, a short write, stop and
// start. The power goes off behind each single operation that changes the disk; what is in flight
// happens partly. log_crash_test.cc does the same for the log alone and in more runs.

namespace paddock::wal {
namespace {

using Kind = sim::SimDisk::Kind;
using Survive = sim::SimDisk::Survive;

constexpr struct {
  Survive how;
  std::uint64_t seed;
} outcomes[] = {{Survive::nothing, 0}, {Survive::everything, 0}, {Survive::page_cache, 0},
                {Survive::coin, 1},    {Survive::coin, 2},       {Survive::coin, 3}};

class Daemon : public LogHarness {
 public:
  explicit Daemon(std::uint64_t seed) : LogHarness({.seed = seed}) {
    disk.put("snapshots/unrelated", {});
  }

  bool alive() const { return failure.empty() && !disk.is_off(); }

  void append_some(int count, std::size_t bytes = 100) {
    for (int i = 0; i < count && alive() && wait_for_room(bytes); ++i) {
      append(std::string(bytes, static_cast<char>('a' + appended.size() % 26)));
      disk.poll();
    }
    drain();
  }
  /// As the snapshot thread does: what is durable, then the surplus goes, then the log below.
  void snapshot_and_purge() {
    if (!alive()) return;
    const auto written = write_snapshot(disk, "snapshots", acknowledged, {{.node_count = 2}},
                                        {.digest = 1, .log_chain = log->durable_chain()});
    if (!written || !alive()) return;
    const auto oldest = remove_surplus_snapshots(disk, "snapshots", 2);
    if (!oldest || !alive()) return;
    log->purge(*oldest);
    drain();
  }
  void run() {
    disk.inject({.kind = Kind::write, .short_bytes = 4096, .skip = 12});
    if (!open()) return;
    append_some(2);
    snapshot_and_purge();
    append_some(1, 70000);  // its segment is purged alone, so it is recycled and cut to size
    snapshot_and_purge();
    for (int round = 0; round < 4; ++round) {
      append_some(16);
      append_some(1, 9000);
      snapshot_and_purge();
    }
    if (!alive()) return;
    bool closed = false;
    log->close([&] { closed = true; });
    drain();
    if (!closed) return;
    log.reset();
    if (open(newest_snapshot())) append_some(3);
  }
  Zxid newest_snapshot() {
    const auto snapshots = find_snapshots(disk, "snapshots");
    return snapshots && !snapshots->complete.empty() ? snapshots->complete.front().zxid : Zxid{0};
  }

  /// The start behind a crash: it loads the newest snapshot, and would fall back to any other.
  void check(const std::string& where) {
    const auto snapshots = find_snapshots(disk, "snapshots");
    ASSERT_TRUE(snapshots);
    ASSERT_TRUE(snapshots->damaged.empty()) << where;
    std::vector<Zxid> bases;
    for (const SnapshotFile& file : snapshots->complete) bases.push_back(file.zxid);
    if (bases.empty()) bases.push_back(Zxid{0});
    for (Zxid base : bases) {
      const auto result = recover_only(base);
      ASSERT_TRUE(result) << where << ", from " << base.value << ": " << result.error().reason;
      ASSERT_GE(result->last, acknowledged) << where << ": an acknowledged batch is lost";
      auto expected = std::find_if(appended.begin(), appended.end(),
                                   [&](const Batch& batch) { return batch.first > base; });
      for (const Batch& batch : found) {
        ASSERT_NE(expected, appended.end()) << where << ": a batch out of nowhere";
        ASSERT_EQ(*expected++, batch) << where;
      }
    }
    // And it starts: what recovery found is put right, and goes on.
    ASSERT_TRUE(open(bases.front())) << where << ": " << failure;
    const Zxid before = recovered.last;
    ASSERT_TRUE(wait_for_room()) << where;
    append("and on");
    drain();
    ASSERT_GT(acknowledged, before) << where;
  }
};

TEST(LogCrashPoints, LogAndSnapshotsSurviveACrashAtAnyPointTogether) {
  Daemon whole(1);
  whole.run();
  ASSERT_TRUE(whole.alive());
  for (Kind kind : {Kind::open, Kind::write, Kind::sync, Kind::allocate, Kind::truncate,
                    Kind::rename, Kind::remove, Kind::sync_dir})
    ASSERT_GT(whole.disk.count(kind), 0u) << "the workload never does " << static_cast<int>(kind);
  const std::uint64_t points = whole.disk.changes();
  for (std::uint64_t point = 0; point <= points; ++point) {
    for (const auto& outcome : outcomes) {
      Daemon daemon(1);
      daemon.disk.power_off_after(point);
      daemon.run();
      daemon.crash(outcome.how, outcome.seed);
      daemon.check("crash behind operation " + std::to_string(point) + ", outcome " +
                   std::to_string(static_cast<int>(outcome.how)) + "/" +
                   std::to_string(outcome.seed));
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace paddock::wal
