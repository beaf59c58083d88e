#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "paddock/ordering/txn_record.h"
#include "paddock/snapshots/snapshots.h"
#include "tests/sim/sim_disk.h"
#include "tests/torture/duration.h"
#include "tests/unit/core/world.h"
#include "wal/disk_failure.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_reader.h"

namespace paddock::snapshots {
namespace {

using proto::ErrorCode;

constexpr std::uint32_t snapshot_reader = 15;
constexpr const char* dir = "/d";

/// What a snapshot must hold, noted when it is begun.
struct Expected {
  std::uint64_t digest = 0;
  std::set<std::int64_t> sessions;
};

/// Two nodes that are always changed together.
constexpr const char* left = "/left";
constexpr const char* right = "/right";

/// A reactor: reads at a pin of its own, while the snapshot thread walks.
void read(core::Trie& trie, std::uint32_t reader, const std::atomic<bool>& stop,
          std::uint64_t& reads) {
  // relaxed: only to stop.
  while (!stop.load(std::memory_order_relaxed)) {
    const core::Epoch::Guard inside(trie.epoch(), reader);
    const Zxid at = trie.pins().pin(reader);
    const core::Version* a = trie.find_visible(left, at);
    const core::Version* b = trie.find_visible(right, at);
    CHECK((a == nullptr) == (b == nullptr));
    if (a != nullptr) CHECK(as_text(*a->data()) == as_text(*b->data()));
    trie.pins().unpin(reader);
    ++reads;
  }
}

/// The ordering core: some random transactions, then the end of a batch.
class Writer {
 public:
  explicit Writer(std::uint32_t seed) : random_(seed) {
    world.commits = false;
    // So much that a snapshot takes many batches' time.
    for (int i = 0; i < node_count; ++i) world.create("/n" + std::to_string(i));
    batch();
  }

  void batch() {
    for (std::uint64_t i = 0, count = 1 + random_() % 8; i < count; ++i) transaction();
    world.commit_all();
    txns_ += world.log.size();
    world.log.clear();
  }
  std::uint64_t txns() const { return txns_; }
  Expected expected() {
    Expected now;
    now.digest = world.state.digest();
    world.state.visit_sessions(world.state.committed(), [&](const core::SessionValue& session) {
      now.sessions.insert(session.id.value);
    });
    return now;
  }

  core::test::World world;

 private:
  static constexpr int node_count = 5000;

  std::string some_path() { return "/n" + std::to_string(random_() % node_count); }
  void transaction() {
    const std::string path = some_path();
    switch (random_() % 7) {
      case 0:
      case 1:
        world.create(path, std::string(random_() % 400, 'd'));
        break;
      case 2:
        world.set(path, std::string(random_() % 400, 's'));
        break;
      case 3:
        world.remove(path);
        break;
      case 4:
        set_both();
        break;
      case 5:
        open_session(path);
        break;
      default:
        if (!open_.empty() && open_.size() > random_() % 3000) close_session();
        break;
    }
  }
  void set_both() {
    const std::string value = std::to_string(txns_) + std::string(random_() % 200, 'v');
    core::test::MultiBody body;
    if (has_both_)
      body.set(left, value).set(right, value);
    else
      body.create(left).create(right);
    has_both_ = true;
    CHECK(world.write(proto::OpCode::multi, body.finish()) == ErrorCode::ok);
  }
  void open_session(const std::string& path) {
    const SessionId asking = std::exchange(world.session, SessionId{next_session_++});
    CHECK(world.open_session(world.session) == ErrorCode::ok);
    open_.push_back(world.session);
    world.create(path + "-ephemeral", "mine", 1);
    world.session = asking;
  }
  void close_session() {
    const std::size_t victim = random_() % open_.size();
    CHECK(world.close_session(open_[victim]) == ErrorCode::ok);
    open_[victim] = open_.back();
    open_.pop_back();
  }

  std::mt19937 random_;
  std::uint64_t txns_ = 0;
  bool has_both_ = false;
  std::int64_t next_session_ = 0x1000;
  std::vector<SessionId> open_;
};

void check_file(sim::SimDisk& disk, const wal::SnapshotFile& file, const Expected& expected) {
  core::State state({});
  std::set<std::int64_t> sessions;
  auto reader = wal::SnapshotReader::open(disk, file.path);
  ASSERT_TRUE(reader) << reader.error().reason;
  while (true) {
    auto chunk = (*reader)->next();
    ASSERT_TRUE(chunk) << chunk.error().reason;
    if (*chunk == nullptr) break;
    const auto loaded = ordering::load_chunk(**chunk, state);
    ASSERT_TRUE(loaded) << loaded.error();
  }
  const auto finished = state.finish_load(file.zxid);
  ASSERT_TRUE(finished) << finished.error();
  state.visit_sessions(
      file.zxid, [&](const core::SessionValue& session) { sessions.insert(session.id.value); });
  EXPECT_EQ(state.digest(), expected.digest);
  EXPECT_EQ(sessions, expected.sessions);
}

// R17: the thread writes what was committed when the snapshot began, while the core prepares,
// commits and reclaims, and reactors read.
TEST(SnapshotTorture, R17_SnapshotsAreExactWhileTheTreeAndTheSessionsChange) {
  const Deadline deadline(0.5);
  sim::SimDisk disk;
  wal::wait_for(disk, [&](auto done) { disk.make_dir(dir, std::move(done)); });
  Writer writer(2026);
  std::map<Zxid, Expected> expected;
  Snapshots::Options options;
  options.dir = dir;
  options.reader = snapshot_reader;
  options.txns_max = 2000;
  options.keep = 20;
  Snapshots snapshots(writer.world.state, options,
                      [&]() -> Result<std::shared_ptr<wal::Disk>, std::string> {
                        return std::shared_ptr<wal::Disk>(std::shared_ptr<void>(), &disk);
                      },
                      {});

  std::atomic<bool> stop{false};
  std::vector<std::uint64_t> reads(2);
  std::vector<std::thread> threads;
  for (std::uint32_t reader = 0; reader < reads.size(); ++reader)
    threads.emplace_back(
        [&, reader] { read(writer.world.state.trie(), reader, stop, reads[reader]); });

  std::mt19937 random(7);
  // To the end of the last one, and of one at least, however slow the machine is.
  const auto goes_on = [&] { return !deadline.is_over() || snapshots.view().count == 0; };
  while (goes_on() || snapshots.is_running()) {
    writer.batch();
    const Snapshots::LogTotals totals{.txns = writer.txns(), .payload_bytes = 0};
    if (snapshots.is_due(totals) && goes_on()) {
      const Zxid at = writer.world.state.committed();
      expected[at] = writer.expected();
      snapshots.consider({.zxid = at, .digest = writer.world.state.digest()}, totals);
    }
    if (random() % 2000 == 0 && !deadline.is_over()) snapshots.free_space();
    snapshots.turn();
  }
  snapshots.stop();
  stop.store(true, std::memory_order_relaxed);  // relaxed: only to stop
  for (std::thread& thread : threads) thread.join();

  for (const std::uint64_t count : reads) EXPECT_GT(count, 0u);
  const auto files = wal::list_snapshots(disk, dir);
  ASSERT_TRUE(files);
  EXPECT_FALSE(files->empty());
  for (const wal::SnapshotFile& file : *files) {
    ASSERT_TRUE(expected.contains(file.zxid));
    check_file(disk, file, expected[file.zxid]);
  }
  for (int i = 0; i < 10'000 && writer.world.state.trie().nodes_waiting() != 0; ++i)
    writer.world.state.reclaim();
  EXPECT_EQ(writer.world.state.trie().nodes_waiting(), 0u) << "the hold was dropped";
  std::printf("transactions %lu, snapshots %ld, given up %ld, files compared %zu\n", writer.txns(),
              snapshots.view().count, snapshots.view().failed, files->size());
}

}  // namespace
}  // namespace paddock::snapshots
