#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "paddock/recovery/recovery.h"
#include "paddock/snapshots/state_writer.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/core/world.h"
#include "wal/log.h"

namespace paddock {

/// A daemon as the disk sees it, without clients and loops: a world whose transactions go into a
/// log in batches, and snapshots of it, all on a simulated disk.
class SavedWorld : public wal::Log::Owner {
 public:
  static constexpr const char* dir = "/d";
  static constexpr std::uint32_t snapshot_reader = 15;
  static constexpr std::uint64_t log_id = 0x1122334455667788;

  explicit SavedWorld(const sim::SimDisk::Options& options = {});
  ~SavedWorld() { log.reset(); }

  // --- Verbs
  /// Begins the log of an empty directory.
  void start();
  /// Logs what has been prepared since the last call as one batch, and commits it when durable.
  /// `digest_error` is added to the digest that the batch tells; `count_error` to its header's
  /// count, with zxids that follow.
  void log_batch(std::uint64_t digest_error = 0, std::uint32_t count_error = 0);
  /// Logs a batch of one transaction that the world knows nothing of; nothing may be logged after.
  void log_made_up(const core::Step& step);
  /// A change of every kind to the tree and the sessions, and the batch of it.
  void change_and_log(int round);
  /// What a snapshot of the committed state says about itself.
  snapshots::StateAt state_at_committed();
  void snapshot() { snapshot(state_at_committed()); }
  /// May lie about the chain.
  void snapshot(const snapshots::StateAt& at);
  void stop();
  void crash(sim::SimDisk::Survive how, std::uint64_t seed = 0);
  void drain() {
    while (disk.in_flight() > 0) disk.poll();
  }

  // --- Looking
  Result<recovery::RecoveredState, std::string> recover();
  /// What makes a state: nodes, sessions, digest, zxid.
  struct Contents {
    std::map<std::string, std::string> nodes;
    std::map<std::int64_t, std::string> sessions;
    std::uint64_t digest = 0;
    Zxid zxid{};
    bool operator==(const Contents&) const = default;
  };
  static Contents contents_of(core::State& state);
  Contents contents() { return contents_of(world.state); }
  static std::string path(const std::string& name) { return std::string(dir) + "/" + name; }
  static std::string snapshot_path(Zxid zxid);
  std::vector<std::string> segments() const;  ///< paths, oldest first
  /// The log's files as they are now, to be put back later.
  std::map<std::string, std::vector<std::byte>> copy_of_log() const;
  void replace_log(const std::map<std::string, std::vector<std::byte>>& files);

  // --- wal::Log::Owner
  void durable_advanced(Zxid durable) override { acknowledged = durable; }
  void failed(const std::string& reason) override { failure = reason; }
  void space_changed() override {}

  bool is_alive() const { return failure.empty() && !disk.is_off(); }

  sim::SimDisk disk;
  core::test::World world;
  std::unique_ptr<wal::Log> log;
  Zxid acknowledged{};
  std::string failure;
  std::vector<Zxid> batch_ends;
  std::map<Zxid, Contents> history;  ///< at each batch end, also of batches that never got durable

 private:
  void append(const wal::BatchSpan& batch, Bytes payload);

  std::size_t logged_ = 0;  // transactions of world.log that are in the log
};

}  // namespace paddock
