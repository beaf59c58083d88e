#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <string>

#include "tests/sim/crash_outcomes.h"
#include "tests/unit/wal/log_harness.h"

// Every crash point of a small workload, enumerated: the power goes off behind each single
// operation that changes the disk, with several outcomes for what was not synced. What is in flight
// at that moment happens partly. The rules that every case is checked against stand in check().

namespace paddock::wal {
namespace {

using Survive = sim::SimDisk::Survive;

using Outcome = sim::CrashOutcome;
using sim::crash_outcomes;

std::string payload_of(int i) {
  // One block, or three, so that rolls come at different fillings.
  const std::size_t bytes = i % 4 == 3 ? 9000 : 100;
  return "batch " + std::to_string(i) + std::string(bytes, static_cast<char>('a' + i % 26));
}

/// A run of the daemon as far as the log sees it; ends where the power goes off.
class CrashingLog : public LogHarness {
 public:
  explicit CrashingLog(std::uint64_t seed) : LogHarness({.seed = seed}) {}

  bool alive() const { return failure.empty() && !disk.is_off(); }

  /// Two batches in flight, rolls in between, a purge on the way.
  void append_some(int from, int to) {
    for (int i = from; i < to && alive(); ++i) {
      const std::string payload = payload_of(i);
      if (!wait_for_room(payload.size())) break;
      append(payload, i % 3 == 0 ? 2 : 1);
      disk.poll();
    }
    drain();
  }
  /// Start, fill several segments, snapshot and purge, go on (into recycled ones), stop, start
  /// again over the end record, go on.
  void run() {
    if (!open(snapshot)) return;
    append_some(0, 22);
    if (!alive()) return;
    snapshot = log->durable();
    log->purge(snapshot);
    append_some(22, 50);
    if (!alive()) return;
    bool closed = false;
    log->close([&] { closed = true; });
    drain();
    if (!closed) return;
    log.reset();
    if (!open(snapshot)) return;
    append_some(50, 54);
  }
  /// A daemon after a crash: recovers, goes on a little.
  void run_again() {
    if (open(snapshot)) append_some(60, 63);
  }

  /// After a crash: nothing acknowledged is lost, nothing comes out of nowhere, the order is kept.
  void check(const std::string& where) {
    auto result = recover_only(snapshot);
    ASSERT_TRUE(result) << where << ": " << result.error().file << " " << result.error().offset
                        << " " << result.error().reason;
    EXPECT_GE(result->last, acknowledged) << where << ": an acknowledged batch is lost";
    // The tail of `appended` that a former crash has taken is replaced by what came after it.
    std::vector<Batch> expected;
    for (const Batch& batch : appended) {
      while (!expected.empty() && expected.back().first >= batch.first) expected.pop_back();
      expected.push_back(batch);
    }
    std::erase_if(expected, [&](const Batch& batch) { return batch.last <= snapshot; });
    ASSERT_LE(found.size(), expected.size()) << where << ": a batch out of nowhere";
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(expected[i].first, found[i].first) << where;
      ASSERT_EQ(expected[i].payload, found[i].payload)
          << where << ": a batch that was never appended";
    }
    EXPECT_EQ(found.empty() ? snapshot : found.back().last, result->last) << where;
    EXPECT_LE(result->durable, result->last) << where;
  }

  Zxid snapshot{};  // durable elsewhere, before it is used for a purge
};

std::uint64_t changes_of_a_whole_run(std::uint64_t seed) {
  CrashingLog log(seed);
  log.run();
  EXPECT_TRUE(log.alive());
  EXPECT_GE(log.disk.count(sim::SimDisk::Kind::rename), 5u) << "rolls and a recycled segment";
  EXPECT_GE(log.disk.count(sim::SimDisk::Kind::remove), 1u);
  return log.disk.changes();
}

std::string name_of(std::uint64_t point, const Outcome& outcome) {
  return "crash behind operation " + std::to_string(point) + ", outcome " +
         std::to_string(static_cast<int>(outcome.how)) + "/" + std::to_string(outcome.seed);
}

TEST(LogCrashPoints, NothingAcknowledgedIsLostAtAnyPoint) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const std::uint64_t points = changes_of_a_whole_run(seed);
    ASSERT_GT(points, 100u);
    for (std::uint64_t point = 0; point <= points; ++point) {
      for (const Outcome& outcome : crash_outcomes) {
        CrashingLog log(seed);
        log.disk.power_off_after(point);
        log.run();
        log.crash(outcome.how, outcome.seed);
        log.check(name_of(point, outcome));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

/// The second process recovers, starts and appends, and the machine crashes as well, at every point
/// of that; what it had acknowledged is there for the third.
TEST(LogCrashPoints, ASecondCrashAtAnyPointOfTheNextRunIsSurvivedToo) {
  const std::uint64_t seed = 3;
  const std::uint64_t points = changes_of_a_whole_run(seed);
  std::uint64_t second_points = 0, cuts = 0;
  for (std::uint64_t point = 0; point <= points; ++point) {
    const Outcome first = crash_outcomes[point % std::size(crash_outcomes)];
    for (std::uint64_t second = 0;; ++second) {
      const Outcome outcome = crash_outcomes[(point + second) % 5];
      CrashingLog log(seed);
      log.disk.power_off_after(point);
      log.run();
      log.crash(first.how, first.seed);
      log.disk.power_off_after(log.disk.changes() + second);
      log.run_again();
      cuts += log.recovered.torn_bytes > 0;
      const bool was_whole_run = !log.disk.is_off();
      log.crash(outcome.how, outcome.seed);
      const std::string where = name_of(point, first) + "; then " + name_of(second, outcome);
      log.check(where);
      if (testing::Test::HasFailure()) return;
      ++second_points;
      if (was_whole_run) break;
    }
  }
  EXPECT_GT(second_points, points * 10);
  EXPECT_GT(cuts, points) << "a cut is zeroed and synced, and crashed in";
}

/// What a killed process had in the page cache is read by the next one and served; from then on it
/// must not get lost in a power cut.
TEST(LogCrashPoints, ABatchReadFromThePageCacheIsDurableOnceTheLogHasStarted) {
  const std::uint64_t seed = 4;
  const std::uint64_t points = changes_of_a_whole_run(seed);
  bool saw_unacknowledged = false;
  for (std::uint64_t point = 0; point <= points; ++point) {
    CrashingLog log(seed);
    log.disk.power_off_after(point);
    log.run();
    log.crash(Survive::page_cache);
    ASSERT_TRUE(log.open(log.snapshot)) << log.damage.reason << log.failure;
    saw_unacknowledged |= log.recovered.last > log.acknowledged;
    log.acknowledged = log.recovered.last;
    log.crash(Survive::nothing);
    log.check("killed behind operation " + std::to_string(point));
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_TRUE(saw_unacknowledged) << "the workload does not show what this test is about";
}

}  // namespace
}  // namespace paddock::wal
