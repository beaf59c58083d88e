#pragma once

#include <flatbuffers/flatbuffers.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/state.h"
#include "core/txn.h"
#include "wal/schema_generated.h"

/// Between the core's values and the log's and snapshots' FlatBuffers (wal/schema.fbs): the one
/// place where both are known.
namespace paddock::ordering {

/// Collects the transactions of the open batch. Memory is kept from batch to batch.
/// Threads: loop-local.
class BatchBuilder {
 public:
  void add(const core::Txn& txn);
  std::uint32_t count() const { return static_cast<std::uint32_t>(txns_.size()); }
  /// Bytes that finish() would give, within 64.
  std::size_t payload_bytes() const { return builder_.GetSize() + 4 * txns_.size() + 64; }
  /// Ends the batch; the bytes live until clear().
  Bytes finish(std::uint64_t digest);
  void clear();

 private:
  flatbuffers::FlatBufferBuilder builder_{16 * 1024};
  std::vector<flatbuffers::Offset<wal::fbs::Txn>> txns_;
  std::vector<flatbuffers::Offset<wal::fbs::Step>> steps_;
  std::int64_t time_ms_ = 0;  ///< of the first transaction
};

/// Calls `visit` for each transaction of a verified batch, zxids from `first` on. The Txn lives for
/// the call. Content that cannot be a transaction is an error text, never a CHECK.
using TxnVisitor = std::function<Result<void, std::string>(const core::Txn&)>;
Result<void, std::string> visit_txns(const wal::fbs::Batch& batch, Zxid first,
                                     const TxnVisitor& visit);

/// Fills one snapshot chunk. Threads: loop-local (the snapshot thread's).
class ChunkBuilder {
 public:
  void add(const core::NodeValue& node);
  void add(const core::SessionValue& session);
  bool empty() const { return nodes_.empty() && sessions_.empty(); }
  std::size_t payload_bytes() const { return builder_.GetSize() + 4 * nodes_.size() + 64; }
  Bytes finish();
  void clear();

 private:
  std::uint32_t acl_index(std::span<const core::AclEntry> acl);

  flatbuffers::FlatBufferBuilder builder_{320 * 1024};
  std::vector<flatbuffers::Offset<wal::fbs::Node>> nodes_;
  std::vector<flatbuffers::Offset<wal::fbs::Session>> sessions_;
  std::vector<flatbuffers::Offset<wal::fbs::AclList>> acls_;
  /// The last few ACL lists of the chunk, by the address of their entries (interned in the core).
  std::vector<std::pair<const core::AclEntry*, std::uint32_t>> acl_of_;
};

/// Loads a verified snapshot chunk into `state`.
Result<void, std::string> load_chunk(const wal::fbs::SnapshotChunk& chunk, core::State& state);

}  // namespace paddock::ordering
