#include "paddock/tools/replayer.h"

#include <fmt/format.h>

#include "paddock/ordering/txn_record.h"
#include "wal/record.h"
#include "wal/snapshot_reader.h"

namespace paddock::tools {

Result<wal::SnapshotFooter, wal::Damage> load_snapshot(wal::Disk& disk,
                                                       const wal::SnapshotFile& file,
                                                       core::State& state, Progress& progress) {
  auto reader = wal::SnapshotReader::open(disk, file.path);
  if (!reader) return fail(reader.error());
  while (true) {
    const auto chunk = (*reader)->next();
    if (!chunk) return fail(chunk.error());
    if (*chunk == nullptr) break;
    const std::uint64_t offset = (*reader)->chunk_offset();
    if (auto loaded = ordering::load_chunk(**chunk, state); !loaded)
      return fail(wal::Damage{file.path, offset, loaded.error()});
    progress.at("loading", file.path, offset);
  }
  const wal::SnapshotFooter& footer = (*reader)->footer();
  if (auto finished = state.finish_load(file.zxid); !finished)
    return fail(wal::Damage{file.path, 0, finished.error()});
  if (state.digest() != footer.digest) {
    return fail(wal::Damage{file.path, footer.file_bytes - sizeof(wal::SnapshotFooter),
                            fmt::format("the state in it has the digest {:016x} and should have "
                                        "{:016x}",
                                        state.digest(), footer.digest)});
  }
  return footer;
}

Result<void, std::string> Replayer::apply(const wal::RecoveredBatch& batch) {
  const auto record = wal::verify_batch(batch.payload);
  if (!record) return fail(record.error());
  const auto& txns = *(*record)->txns();
  if (txns.size() != batch.count) {
    return fail(fmt::format("its header promises {} transactions and it holds {}", batch.count,
                            txns.size()));
  }
  auto replayed = ordering::visit_txns(**record, batch.first,
                                       [&](const core::Txn& txn) { return state_.replay(txn); });
  if (!replayed) return replayed;
  if (state_.digest() != (*record)->digest()) {
    return fail(fmt::format("the state behind it has the digest {:016x} and should have {:016x}",
                            state_.digest(), (*record)->digest()));
  }
  // Sealed and committed, so that replaced versions can be reclaimed on the way.
  state_.seal();
  state_.commit(batch.last);
  ++batch_count_;
  txn_count_ += batch.count;
  return {};
}

}  // namespace paddock::tools
