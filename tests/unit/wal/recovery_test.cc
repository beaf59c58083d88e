#include "wal/recovery.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/wal/log_files.h"
#include "tests/unit/wal/log_harness.h"
#include "wal/recovery_table.h"

// R6 and R7: every row of the two tables in recovery_table.h by its name. Each row has scenarios:
// files as the crash, or whatever else, would have left them, and what recovery must make of them.

namespace paddock::wal {
namespace {

constexpr Zxid z(std::int64_t value) { return Zxid{value}; }
const std::uint32_t wrong_chain = 0xdeadbeef;

struct Scenario {
  const char* row;
  const char* what;
  std::function<void(LogFiles&)> arrange;
  // Unless the row's decision is to stop:
  std::vector<std::string> payloads;
  std::uint64_t end_block = 0;  ///< where the log goes on in its last segment
  bool torn = false;            ///< something is cut off
  std::size_t discarded = 0;    ///< segments behind the end
  bool clean_stop = false;
  // If it is:
  std::uint64_t damage_block = 0;
  Zxid damage_segment{1};
};

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {.row = "batch",
       .what = "batches of one and of several blocks",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch(std::string(9000, 'b'), 5).batch("c");
           },
       .payloads = {"a", std::string(9000, 'b'), "c"},
       .end_block = 5},
      {.row = "roll",
       .what = "into two successors",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").mark().segment(z(2)).batch("b", 2).mark();
             f.segment(z(4)).batch("c");
           },
       .payloads = {"a", "b", "c"},
       .end_block = 1},
      {.row = "clean_stop",
       .what = "an end record and zeros",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").end(); },
       .payloads = {"a"},
       .end_block = 1,
       .clean_stop = true},
      {.row = "clean_stop",
       .what = "an end record in an empty segment",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").mark().segment(z(2)).end(); },
       .payloads = {"a"},
       .end_block = 0,
       .clean_stop = true},
      {.row = "roll_behind_clean_stop",
       .what = "the successor of the next zxid",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").end().segment(z(2)); },
       .payloads = {"a"},
       .end_block = 1,
       .discarded = 1},
      {.row = "roll_behind_clean_stop",
       .what = "a batch went over the end record and was lost",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").end().segment(z(3)); },
       .payloads = {"a"},
       .end_block = 1,
       .discarded = 1},
      {.row = "torn_behind_clean_stop",
       .what = "the second block of the first batch behind it",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").end().garbage(); },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "end_of_log",
       .what = "zeros",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").batch("b"); },
       .payloads = {"a", "b"},
       .end_block = 2},
      {.row = "end_of_log",
       .what = "a first segment with nothing in it",
       .arrange = [](LogFiles& f) { f.segment(z(1)); },
       .payloads = {},
       .end_block = 0},
      {.row = "roll_begun",
       .what = "no mark and an empty successor",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").segment(z(2)); },
       .payloads = {"a"},
       .end_block = 1,
       .discarded = 1},
      {.row = "roll_begun_batch_lost",
       .what = "no mark, no last batch and an empty successor",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").segment(z(4)); },
       .payloads = {"a"},
       .end_block = 1,
       .discarded = 1},
      {.row = "lost_start",
       .what = "all of the batch but its first sector",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").garbage(512); },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "lost_start",
       .what = "the second of two batches in flight",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a");
             f.move(1).batch("c", 1, {.first = z(3), .durable = z(1)});
           },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "torn_batch",
       .what = "a header that does not fit its checksum",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").batch("b").flip_back(1, 20); },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "torn_batch",
       .what = "a payload whose second block is missing",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch(std::string(5000, 'b')).flip_back(1, 17);
           },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "torn_batch",
       .what = "a batch that the file is too short for",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1), 2).batch("a").batch(std::string(9000, 'b')).move(-2).cut();
           },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "torn_batch",
       .what = "with an empty successor",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch("b").flip_back(1, 64).segment(z(3));
           },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true,
       .discarded = 1},
      {.row = "stranger",
       .what = "another chain",
       .arrange =
           [](LogFiles& f) { f.segment(z(1)).batch("a").batch("b", 1, {.chain = wrong_chain}); },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "stranger",
       .what = "a batch of earlier zxids, from a former life of the file",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a", 3).batch("b", 1, {.first = z(2), .durable = z(1)});
           },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "file_cut_short",
       .what = "at a block",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").cut(); },
       .payloads = {"a"},
       .end_block = 1,
       .torn = true},
      {.row = "damage",
       .what = "end: a batch behind the end record knows the first missing one durable",
       .arrange =
           [](LogFiles& f) { f.segment(z(1)).batch("a").end().batch("c", 1, {.durable = z(2)}); },
       .damage_block = 1},
      {.row = "damage",
       .what = "blank: a durable batch was zeroed",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").move(1).batch("c", 1, {.first = z(3), .durable = z(2)});
           },
       .damage_block = 1},
      {.row = "damage",
       .what = "torn: the end record shows that the batch was durable",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").batch("b").end().flip_back(2, 64); },
       .damage_block = 1},
      {.row = "damage",
       .what = "torn: a batch two segments on knows it durable",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch("b").flip_back(1, 0).segment(z(3));
             f.segment(z(5)).batch("x", 1, {.first = z(5), .durable = z(2)});
           },
       .damage_block = 1},
      {.row = "damage",
       .what = "torn: the successor of just that name has been written to, so the mark was durable",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").mark().flip_back(1, 3);
             f.segment(z(2)).batch("b", 1, {.durable = z(0)});
           },
       .damage_block = 1},
      {.row = "damage",
       .what = "stranger: with proof behind it",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch("b", 1, {.chain = wrong_chain}).batch("c");
           },
       .damage_block = 1},
      {.row = "damage",
       .what = "full: a file that was cut, and its successor",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").cut().segment(z(2)).batch("b"); },
       .damage_block = 1},
      {.row = "continued_without_successor",
       .what = "a mark and no file",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").mark(); },
       .damage_block = 1},
      {.row = "gap_behind_mark",
       .what = "a mark and a later file",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").mark().segment(z(3)); },
       .damage_block = 1},
      {.row = "foreign",
       .what = "a batch of another log",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a").batch("b", 1, {.log_id = 42}); },
       .damage_block = 1},
      {.row = "foreign",
       .what = "a record of a newer version",
       .arrange =
           [](LogFiles& f) {
             f.segment(z(1)).batch("a").batch("b", 1, {.version = format_version + 1});
           },
       .damage_block = 1},
      {.row = "overlapping_segments",
       .what = "a successor named by a zxid that was had",
       .arrange = [](LogFiles& f) { f.segment(z(1)).batch("a", 3).segment(z(2)); },
       .damage_block = 1},
  };
  return all;
}

class R6 : public testing::TestWithParam<RecoveryCase> {};

/// What the files hold, to compare.
std::vector<std::vector<std::byte>> bytes_of(const LogHarness& log) {
  std::vector<std::vector<std::byte>> all;
  for (const std::string& name : log.segments())
    all.push_back(log.disk.contents(path_in(LogHarness::dir, name)));
  return all;
}

void expect_end(LogHarness& log, const Scenario& scenario, const Recovered& recovered) {
  EXPECT_EQ(scenario.payloads, log.payloads());
  EXPECT_EQ(log.found.empty() ? z(0) : log.found.back().last, recovered.last);
  EXPECT_EQ(recovered.last, log.end.last);
  EXPECT_EQ(scenario.clean_stop, recovered.clean_stop);
  EXPECT_EQ(scenario.torn, log.end.rest_is_dirty);
  EXPECT_EQ(scenario.end_block * block_bytes, log.end.offset);
  EXPECT_EQ(scenario.discarded, log.end.discarded.size());
  const bool is_ordinary = !scenario.torn && scenario.discarded == 0;
  ASSERT_EQ(is_ordinary, recovered.notes.empty());
  if (!is_ordinary) {
    const std::string prefix = std::string(scenario.row) + ": ";
    EXPECT_EQ(prefix, recovered.notes.front().substr(0, prefix.size()));
  }
}

/// The log goes on where it was said to end, and a power cut then leaves just that.
void expect_goes_on(LogHarness& log, const Scenario& scenario) {
  ASSERT_TRUE(log.open()) << log.failure;
  log.put("and on");
  log.crash(sim::SimDisk::Survive::nothing);
  const auto again = log.recover_only();
  ASSERT_TRUE(again) << again.error().reason;
  std::vector<std::string> expected = scenario.payloads;
  expected.push_back("and on");
  EXPECT_EQ(expected, log.payloads());
  EXPECT_TRUE(again->notes.empty());
}

void run_scenario(const Scenario& scenario, Decision decision) {
  SCOPED_TRACE(std::string(scenario.row) + ": " + scenario.what);
  LogHarness log;
  LogFiles files(log.disk);
  scenario.arrange(files);
  const auto before = bytes_of(log);
  const auto recovered = log.recover_only();
  EXPECT_EQ(before, bytes_of(log)) << "recovery itself changes nothing";
  ASSERT_EQ(decision != Decision::stop, recovered.has_value());
  if (decision == Decision::stop) {
    const Damage& damage = recovered.error();
    const std::string prefix = std::string(scenario.row) + ": ";
    EXPECT_EQ(prefix, damage.reason.substr(0, prefix.size())) << damage.reason;
    EXPECT_EQ(LogHarness::path(scenario.damage_segment), damage.file);
    EXPECT_EQ(scenario.damage_block * block_bytes, damage.offset);
    return;
  }
  expect_end(log, scenario, *recovered);
  expect_goes_on(log, scenario);
}

TEST_P(R6, Recovery) {
  int count = 0;
  for (const Scenario& scenario : scenarios()) {
    if (std::string(scenario.row) != GetParam().name) continue;
    run_scenario(scenario, GetParam().decision);
    ++count;
  }
  EXPECT_GT(count, 0) << "the row has no scenario";
}

INSTANTIATE_TEST_SUITE_P(Row, R6, testing::ValuesIn(recovery_cases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(R6Table, EveryScenarioNamesARow) {
  for (const Scenario& scenario : scenarios()) {
    bool found = false;
    for (const RecoveryCase& row : recovery_cases) found |= std::string(row.name) == scenario.row;
    EXPECT_TRUE(found) << scenario.row;
  }
}

TEST(R6Table, DamageIsShownForEachThingThatMayStandThere) {
  // Five kinds of Here lead to the row; its scenarios say which they are.
  for (const char* here : {"end:", "blank:", "torn:", "stranger:", "full:"}) {
    bool found = false;
    for (const Scenario& scenario : scenarios())
      found |= std::string(scenario.what).rfind(here, 0) == 0;
    EXPECT_TRUE(found) << here;
  }
}

// --- The boundaries

struct BoundaryScenario {
  const char* row;
  std::function<void(LogFiles&)> arrange;
  Zxid snapshot{};
};

const BoundaryScenario boundary_scenarios[] = {
    {"fresh_log", [](LogFiles&) {}, z(0)},
    {"no_segment_beside_snapshot", [](LogFiles&) {}, z(5)},
    {"log_begins_behind_snapshot",
     [](LogFiles& f) { f.segment(z(7)).batch("a", 1, {.first = z(7)}); }, z(5)},
    {"log_ends_before_snapshot", [](LogFiles& f) { f.segment(z(1)).batch("a", 3); }, z(5)},
    {"log_ends_before_snapshot", [](LogFiles& f) { f.segment(z(1)).batch("a", 3).end(); }, z(5)},
    {"batch_straddles_snapshot", [](LogFiles& f) { f.segment(z(1)).batch("a", 9); }, z(5)},
};

class R7 : public testing::TestWithParam<BoundaryCase> {};

TEST_P(R7, Boundary) {
  int count = 0;
  for (const BoundaryScenario& scenario : boundary_scenarios) {
    const std::string name = GetParam().name;
    if (name != scenario.row) continue;
    ++count;
    LogHarness log;
    LogFiles files(log.disk);
    scenario.arrange(files);
    const auto recovered = log.recover_only(scenario.snapshot);
    ASSERT_EQ(GetParam().decision != Decision::stop, recovered.has_value());
    if (recovered) {
      EXPECT_EQ(z(0), recovered->last);
      EXPECT_TRUE(log.found.empty());
      EXPECT_TRUE(log.end.segments.empty());
    } else {
      EXPECT_EQ(name + ": ", recovered.error().reason.substr(0, name.size() + 2));
      EXPECT_FALSE(recovered.error().file.empty());
    }
  }
  EXPECT_GT(count, 0) << "the row has no scenario";
}

INSTANTIATE_TEST_SUITE_P(Row, R7, testing::ValuesIn(boundary_cases),
                         [](const auto& param) { return std::string(param.param.name); });

// --- What no row says

TEST(Recovery, AnEpochThatIsUsedUpGoesOnInTheNext) {
  LogHarness log;
  LogFiles files(log.disk);
  const Zxid before = make_zxid(3, 0xfffffffe);
  files.segment(before).batch("a", 4, {.first = before, .durable = z(1), .chain = 7u}).batch("b");
  const auto recovered = log.recover_only(z(before.value - 1));
  ASSERT_TRUE(recovered) << recovered.error().reason;
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), log.payloads());
  EXPECT_EQ(make_zxid(4, 3), recovered->last);
}

TEST(Recovery, BatchesUpToTheSnapshotAreReadAndNotHandedOn) {
  LogHarness log;
  LogFiles(log.disk).segment(z(1)).batch("a", 2).batch("b", 3).batch("c");
  for (const auto& [snapshot, count] : {std::pair{0, 3u}, {2, 2u}, {5, 1u}, {6, 0u}}) {
    const auto recovered = log.recover_only(z(snapshot));
    ASSERT_TRUE(recovered) << recovered.error().reason;
    EXPECT_EQ(count, log.found.size()) << snapshot;
    EXPECT_EQ(z(6), recovered->last);
  }
}

TEST(Recovery, DamageBelowTheSnapshotInAnEarlierSegmentIsNotLookedAt) {
  LogHarness log;
  LogFiles files(log.disk);
  files.segment(z(1)).batch("a").flip_back(1, 64).batch("b").mark();
  files.segment(z(3)).batch("c").batch("d");
  EXPECT_FALSE(log.recover_only());
  EXPECT_FALSE(log.recover_only(z(2))) << "the chain of batch 3 is looked for in the first segment";
  const auto recovered = log.recover_only(z(3));
  ASSERT_TRUE(recovered) << recovered.error().reason;
  EXPECT_EQ(std::vector<std::string>{"d"}, log.payloads());
}

TEST(Recovery, ABatchThatItsReaderRefusesIsDamageWithFileAndOffset) {
  LogHarness log;
  LogFiles(log.disk).segment(z(1)).batch("a").batch("b");
  log.visitor_error = "not a batch of mine";
  const auto recovered = log.recover_only(z(1));
  ASSERT_FALSE(recovered);
  EXPECT_EQ(LogHarness::path(z(1)), recovered.error().file);
  EXPECT_EQ(block_bytes, recovered.error().offset);
  EXPECT_NE(std::string::npos, recovered.error().reason.find("not a batch of mine"));
}

TEST(Recovery, AReadErrorIsDamageAndNotTheEndOfTheLog) {
  using Kind = sim::SimDisk::Kind;
  for (Kind kind : {Kind::open, Kind::size, Kind::read, Kind::list}) {
    LogHarness log;
    LogFiles(log.disk).segment(z(1)).batch("a").batch("b");
    log.disk.inject({.kind = kind, .error = EIO});
    const auto recovered = log.recover_only();
    ASSERT_FALSE(recovered) << static_cast<int>(kind);
    EXPECT_NE(std::string::npos, recovered.error().reason.find("Input/output error"));
  }
}

TEST(R9, DurableIsWhatTheLogSaysAndNotWhereItEnds) {
  LogHarness log;
  LogFiles(log.disk).segment(z(1)).batch("a").batch("b", 2, {.durable = z(0)});
  auto recovered = log.recover_only();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(z(3), recovered->last);
  EXPECT_EQ(z(0), recovered->durable);
  LogFiles(log.disk).segment(z(1)).batch("a").batch("b", 2).end();
  recovered = log.recover_only();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(z(3), recovered->durable) << "the end record knows";
}

TEST(R6, BytesOfAClientThatLookLikeAHeaderAreNoProof) {
  LogHarness log;
  LogFiles files(log.disk);
  // A torn batch whose second block, the client's, is a header of another log.
  files.segment(z(1)).batch("a").garbage().batch("x", 1, {.durable = z(100), .log_id = 99});
  const auto recovered = log.recover_only();
  ASSERT_TRUE(recovered) << recovered.error().reason;
  EXPECT_EQ(std::vector<std::string>{"a"}, log.payloads());
}

}  // namespace
}  // namespace paddock::wal
