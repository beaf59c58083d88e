// Makes a data directory as a daemon leaves it, for tests of `paddock wal`:
//
//   make_wal DATA_DIR LOG_DIR STEP...
//
// Both directories exist. The first transaction opens a session. Steps, in their order:
//   batches=N    N batches with two transactions each; the data is 100 bytes
//   wide=BYTES   one batch with one transaction of so much data
//   kinds        one batch with a step of each kind
//   snapshot     a snapshot of what is there
//   purge=ZXID   purges the log below it, as if the oldest snapshot kept were of it
//   stop         a clean stop; without it the log ends as after kill -9
// Segments have 64 KiB.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/trie.h"
#include "paddock/disk/file_disk.h"
#include "paddock/ordering/txn_record.h"
#include "tests/unit/core/world.h"
#include "wal/log.h"
#include "wal/log_end.h"
#include "wal/snapshot_writer.h"

namespace paddock {
namespace {

[[noreturn]] void die(const std::string& reason) {
  std::fprintf(stderr, "make_wal: %s\n", reason.c_str());
  std::exit(1);
}

class Maker final : public wal::Log::Owner {
 public:
  Maker(std::string data_dir, std::string log_dir)
      : data_dir_(std::move(data_dir)),
        log_(wal::Log::start(disk_,
                             {.dir = std::move(log_dir),
                              .segment_bytes = 64 << 10,
                              .new_log_id = 0x1122334455667788},
                             wal::LogEnd{}, *this)) {}

  void run(std::string_view step) {
    const std::size_t equals = step.find('=');
    const std::string_view verb = step.substr(0, equals);
    const long number = equals == std::string_view::npos
                            ? 0
                            : std::strtol(std::string(step.substr(equals + 1)).c_str(), nullptr, 0);
    if (verb == "batches") {
      for (long i = 0; i < number; ++i) write(2, 100);
    } else if (verb == "wide") {
      write(1, static_cast<std::size_t>(number));
    } else if (verb == "kinds") {
      do_all_kinds();
      append_batch();
    } else if (verb == "snapshot") {
      write_snapshot();
    } else if (verb == "purge") {
      log_->purge(Zxid{number});
    } else if (verb == "stop") {
      bool closed = false;
      log_->close([&] { closed = true; });
      while (!closed) disk_.wait();
    } else {
      die("no such step: " + std::string(step));
    }
  }

  void durable_advanced(Zxid) override {}
  void failed(const std::string& reason) override { die(reason); }
  void space_changed() override {}

 private:
  /// Batches are written one at a time, so that the files are the same in every run.
  void write(int txn_count, std::size_t data_bytes) {
    for (int i = 0; i < txn_count; ++i) {
      const std::string path = "/node-" + std::to_string(next_node_++);
      if (world_.create(path, std::string(data_bytes, 'x')) != proto::ErrorCode::ok)
        die("cannot create " + path);
    }
    append_batch();
  }

  void do_all_kinds() {
    using core::test::MultiBody;
    const core::test::AclText acl{{proto::perm_all, "world", "anyone"},
                                  {proto::perm_read, "ip", "127.0.0.1"}};
    const SessionId other{0x200};
    const proto::ErrorCode results[] = {
        world_.create("/kinds", "text"),
        world_.set("/kinds", "other text"),
        world_.set("/kinds", std::nullopt),
        world_.set_acl("/kinds", acl),
        world_.create("/kinds/null", std::nullopt),
        world_.create("/kinds/empty", ""),
        world_.create("/kinds/bytes", std::string_view("\0\x1b\xff\"\n", 5)),
        world_.create("/kinds/sequence-", "", 2),
        world_.create("/kinds/ephemeral", "", 1),
        world_.write(proto::OpCode::create_container,
                     core::test::create_request("/kinds/container", "", 4)),
        world_.write(proto::OpCode::create_ttl, core::test::create_ttl_request("/kinds/ttl", 5000)),
        world_.write(proto::OpCode::multi, MultiBody()
                                               .create("/kinds/multi")
                                               .set("/kinds/multi", "m")
                                               .create("/kinds/n")
                                               .finish()),
        world_.remove("/kinds/n"),
        world_.open_session(other, 4000),
        world_.close_session(other),
    };
    for (proto::ErrorCode result : results)
      if (result != proto::ErrorCode::ok) die("a step of `kinds` was refused");
  }

  /// Of what the world has done since the last one.
  void append_batch() {
    ordering::BatchBuilder builder;
    const Zxid first = world_.log[logged_]->txn.zxid;
    for (; logged_ < world_.log.size(); ++logged_) builder.add(world_.log[logged_]->txn);
    const std::uint32_t count = builder.count();
    const Bytes payload = builder.finish(world_.state.digest());
    while (!log_->can_append() || log_->space_for(payload.size()) != wal::Log::Space::ready)
      disk_.wait();
    const Zxid last = world_.state.newest();
    log_->append({first, last, count}, payload);
    while (log_->durable() < last) disk_.wait();
  }

  void write_snapshot() {
    core::State& state = world_.state;
    const Zxid zxid = state.trie().pins().pin(0);
    wal::SnapshotWriter writer(disk_, data_dir_);
    if (auto begun = writer.begin(zxid, world_.now_ms); !begun) die(begun.error().message);
    ordering::ChunkBuilder chunk;
    core::SnapshotCursor cursor(state.trie(), zxid, 0);
    const auto add = [&](const core::Znode& node, const core::Version& v) {
      std::string path;
      node.append_path(path);
      chunk.add(core::value_of(path, v));
    };
    while (cursor.visit_shard(add)) {
    }
    state.visit_sessions(zxid, [&](const core::SessionValue& session) { chunk.add(session); });
    if (auto added = writer.add_chunk(chunk.finish()); !added) die(added.error().message);
    const auto written =
        writer.finish({.digest = state.digest(), .log_chain = log_->durable_chain()});
    if (!written) die(written.error().message);
    state.trie().pins().unpin(0);
  }

  FileDisk disk_;
  core::test::World world_;
  const std::string data_dir_;
  std::unique_ptr<wal::Log> log_;
  std::size_t logged_ = 0;  // of world_.log
  int next_node_ = 0;
};

}  // namespace
}  // namespace paddock

int main(int argc, char** argv) {
  if (argc < 3) paddock::die("make_wal DATA_DIR LOG_DIR STEP...");
  paddock::Maker maker(argv[1], argv[2]);
  for (int i = 3; i < argc; ++i) maker.run(argv[i]);
  return 0;
}
