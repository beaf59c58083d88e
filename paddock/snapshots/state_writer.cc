#include "paddock/snapshots/state_writer.h"

#include <sched.h>

#include <cerrno>
#include <string>
#include <utility>

#include "core/digest.h"
#include "core/transaction.h"
#include "paddock/ordering/txn_record.h"

namespace paddock::snapshots {
namespace {

/// Then whoever else wants this core comes first (some 100 us), who would wait for a tick of the
/// scheduler otherwise: up to 10 ms.
constexpr std::uint64_t nodes_at_a_time = 256;

class StateWriter {
 public:
  StateWriter(wal::SnapshotWriter& writer, const StateAt& at, const std::atomic<bool>& cancelled)
      : writer_(writer), at_(at), cancelled_(cancelled) {}

  Result<void, wal::DiskFailure> write_sessions();
  Result<void, wal::DiskFailure> write_nodes(core::Trie& trie, std::uint32_t reader);
  std::uint64_t digest() const { return digest_; }

 private:
  Result<void, wal::DiskFailure> write_node(const core::Znode& node, const core::Version& version);
  Result<void, wal::DiskFailure> write_chunk_if(bool is_large_enough);

  wal::SnapshotWriter& writer_;
  const StateAt& at_;
  const std::atomic<bool>& cancelled_;
  ordering::ChunkBuilder chunk_;
  std::uint64_t digest_ = 0;  // of what has been written so far
  std::uint64_t node_count_ = 0;
  std::string path_;
};

Result<void, wal::DiskFailure> StateWriter::write_sessions() {
  for (const SessionCopy& session : at_.sessions) {
    chunk_.add(core::SessionValue{session.id, session.timeout_ms, session.password});
    digest_ += core::digest_of_session(session.id, session.timeout_ms, session.password);
    if (auto written = write_chunk_if(false); !written) return written;
  }
  return write_chunk_if(!chunk_.empty());
}

/// The epoch covers the collecting of a shard's pointers, and no more: nodes and versions that are
/// visible stay as long as the pin.
Result<void, wal::DiskFailure> StateWriter::write_nodes(core::Trie& trie, std::uint32_t reader) {
  core::SnapshotCursor cursor(trie, at_.zxid, reader);
  std::vector<std::pair<const core::Znode*, const core::Version*>> shard;
  while (cursor.visit_shard([&](const core::Znode& node, const core::Version& version) {
    shard.emplace_back(&node, &version);
  })) {
    for (const auto& found : shard)
      if (auto written = write_node(*found.first, *found.second); !written) return written;
    shard.clear();
  }
  return write_chunk_if(!chunk_.empty());
}

Result<void, wal::DiskFailure> StateWriter::write_node(const core::Znode& node,
                                                       const core::Version& version) {
  path_.clear();
  node.append_path(path_);
  chunk_.add(core::value_of(path_, version));
  digest_ += core::digest_term(node, version);
  if (++node_count_ % nodes_at_a_time == 0) sched_yield();
  return write_chunk_if(false);
}

Result<void, wal::DiskFailure> StateWriter::write_chunk_if(bool is_large_enough) {
  // relaxed: only to end soon.
  if (cancelled_.load(std::memory_order_relaxed))
    return fail(wal::DiskFailure{ECANCELED, "given up"});
  if (!is_large_enough && chunk_.payload_bytes() < wal::SnapshotWriter::snapshot_write_bytes)
    return {};
  auto added = writer_.add_chunk(chunk_.finish());
  chunk_.clear();
  return added;
}

}  // namespace

Result<wal::SnapshotWriter::Written, wal::DiskFailure> write_state(
    wal::SnapshotWriter& writer, core::Trie& trie, std::uint32_t reader, const StateAt& at,
    std::int64_t time_ms, const std::atomic<bool>& cancelled) {
  if (auto begun = writer.begin(at.zxid, time_ms); !begun) return fail(std::move(begun.error()));
  StateWriter content(writer, at, cancelled);
  auto step = content.write_sessions();
  if (step) step = content.write_nodes(trie, reader);
  if (step && content.digest() != at.digest)
    step = fail(wal::DiskFailure{EBADMSG,
                                 "what was read from the tree does not have the digest of the "
                                 "state that it should be: this is a bug"});
  if (!step) {
    writer.abort();
    return fail(std::move(step.error()));
  }
  return writer.finish({.digest = at.digest, .log_chain = at.log_chain});
}

}  // namespace paddock::snapshots
