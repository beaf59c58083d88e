#include "tests/unit/recovery/saved_world.h"

#include <gtest/gtest.h>

#include <utility>

#include "paddock/ordering/txn_record.h"
#include "wal/disk_failure.h"
#include "wal/names.h"
#include "wal/snapshot_dir.h"
#include "wal/snapshot_writer.h"

namespace paddock {

using core::test::Text;
using proto::ErrorCode;

SavedWorld::SavedWorld(const sim::SimDisk::Options& options) : disk(options) {
  wal::wait_for(disk, [&](auto done) { disk.make_dir(dir, std::move(done)); });
  wal::wait_for(disk, [&](auto done) { disk.sync_dir("/", std::move(done)); });
  world.commits = false;
}

void SavedWorld::start() {
  wal::Log::Options options;
  options.dir = dir;
  options.segment_bytes = 64 << 10;
  options.new_log_id = log_id;
  log = wal::Log::start(disk, options, wal::LogEnd{}, *this);
}

void SavedWorld::log_batch(std::uint64_t digest_error, std::uint32_t count_error) {
  if (!is_alive() || logged_ == world.log.size()) return;
  ordering::BatchBuilder builder;
  const Zxid first = world.log[logged_]->txn.zxid;
  for (; logged_ < world.log.size(); ++logged_) builder.add(world.log[logged_]->txn);
  Zxid last = world.state.newest();
  for (std::uint32_t i = 0; i < count_error; ++i) last = next_zxid(last);
  const std::uint32_t count = builder.count() + count_error;
  const Bytes payload = builder.finish(world.state.digest() + digest_error);
  batch_ends.push_back(last);
  history[last] = contents();
  append({first, last, count}, payload);
  if (acknowledged == last && count_error == 0) world.commit_all();
}

void SavedWorld::log_made_up(const core::Step& step) {
  const Zxid zxid = next_zxid(world.state.newest());
  ordering::BatchBuilder builder;
  builder.add({.zxid = zxid, .time_ms = 1, .session = {}, .steps = {&step, 1}});
  append({zxid, zxid, 1}, builder.finish(0));
}

void SavedWorld::append(const wal::BatchSpan& batch, Bytes payload) {
  const auto is_ready = [&] {
    return log->can_append() && log->space_for(payload.size()) == wal::Log::Space::ready;
  };
  while (is_alive() && !is_ready() && disk.in_flight() > 0) disk.poll();
  if (!is_alive()) return;
  ASSERT_TRUE(is_ready());
  log->append(batch, payload);
  drain();
}

void SavedWorld::change_and_log(int round) {
  const std::string name = "/n" + std::to_string(round);
  const SessionId session{0x1000 + round};
  EXPECT_EQ(world.open_session(session, 4000 + round), ErrorCode::ok);
  EXPECT_EQ(world.create(name, round % 3 == 0 ? Text{} : Text{""}), ErrorCode::ok);
  EXPECT_EQ(world.create(name + "/child", std::string(round % 2 == 0 ? 5000 : 10, 'x')),
            ErrorCode::ok);
  EXPECT_EQ(world.create(name + "/sequence-", "", 2), ErrorCode::ok);
  const SessionId asking = std::exchange(world.session, session);
  EXPECT_EQ(world.create(name + "/ephemeral", "mine", 1), ErrorCode::ok);
  world.session = asking;
  EXPECT_EQ(world.set(name, "round " + std::to_string(round)), ErrorCode::ok);
  EXPECT_EQ(world.set_acl(name, {{1, "world", "anyone"}, {31, "ip", "127.0.0.1"}}), ErrorCode::ok);
  if (round > 0) {
    const std::string before = "/n" + std::to_string(round - 1);
    EXPECT_EQ(world.remove(before + "/child"), ErrorCode::ok);
    if (round % 2 == 0) {
      EXPECT_EQ(world.close_session(SessionId{session.value - 1}), ErrorCode::ok);
    }
  }
  log_batch();
}

snapshots::StateAt SavedWorld::state_at_committed() {
  snapshots::StateAt at;
  at.zxid = world.state.committed();
  at.digest = world.state.digest();
  at.log_chain = log->durable_chain();
  world.state.visit_sessions(at.zxid, [&](const core::SessionValue& session) {
    snapshots::SessionCopy& copy = at.sessions.emplace_back();
    copy.id = session.id;
    copy.timeout_ms = session.timeout_ms;
    std::copy(session.password.begin(), session.password.end(), copy.password.begin());
  });
  return at;
}

void SavedWorld::snapshot(const snapshots::StateAt& at) {
  core::Trie& trie = world.state.trie();
  ASSERT_EQ(trie.pins().pin(snapshot_reader), at.zxid);
  wal::SnapshotWriter writer(disk, dir);
  const std::atomic<bool> cancelled{false};
  auto written = snapshots::write_state(writer, trie, snapshot_reader, at, 1, cancelled);
  trie.pins().unpin(snapshot_reader);
  ASSERT_TRUE(written) << written.error().message;
}

void SavedWorld::stop() {
  bool closed = false;
  log->close([&] { closed = true; });
  drain();
  EXPECT_TRUE(closed);
  log.reset();
}

void SavedWorld::crash(sim::SimDisk::Survive how, std::uint64_t seed) {
  disk.power_off();
  log.reset();
  drain();
  disk.power_on(how, seed);
}

Result<recovery::RecoveredState, std::string> SavedWorld::recover() {
  return recovery::recover_state(disk, {.snapshot_dir = dir, .log_dir = dir, .state = {}});
}

SavedWorld::Contents SavedWorld::contents_of(core::State& state) {
  Contents contents;
  contents.nodes = core::test::dump(state);
  state.visit_sessions(state.newest(), [&](const core::SessionValue& session) {
    contents.sessions[session.id.value] =
        std::to_string(session.timeout_ms) + " " + std::string(as_text(session.password));
  });
  contents.digest = state.digest();
  EXPECT_EQ(contents.digest, core::test::digest_from_scratch(state));
  contents.zxid = state.newest();
  return contents;
}

std::string SavedWorld::snapshot_path(Zxid zxid) { return path(wal::snapshot_name(zxid)); }

std::vector<std::string> SavedWorld::segments() const {
  std::vector<std::string> found;
  for (const std::string& name : disk.names(dir))
    if (wal::segment_first(name)) found.push_back(path(name));
  return found;
}

std::map<std::string, std::vector<std::byte>> SavedWorld::copy_of_log() const {
  std::map<std::string, std::vector<std::byte>> files;
  for (const std::string& segment : segments()) files[segment] = disk.contents(segment);
  return files;
}

void SavedWorld::replace_log(const std::map<std::string, std::vector<std::byte>>& files) {
  for (const std::string& segment : segments()) disk.drop(segment);
  for (const auto& [segment, bytes] : files) disk.put(segment, bytes);
}

}  // namespace paddock
