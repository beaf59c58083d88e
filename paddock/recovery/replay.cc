#include "paddock/recovery/replay.h"

#include <fmt/format.h>

#include "paddock/ordering/txn_record.h"
#include "wal/record.h"
#include "wal/snapshot_reader.h"

namespace paddock::recovery {

Result<wal::SnapshotFooter, wal::Damage> load_snapshot(wal::Disk& disk,
                                                       const wal::SnapshotFile& file,
                                                       core::State& state,
                                                       const ChunkLoaded& loaded) {
  auto reader = wal::SnapshotReader::open(disk, file.path);
  if (!reader) return fail(std::move(reader.error()));
  const wal::SnapshotFooter footer = (*reader)->footer();
  while (true) {
    const auto chunk = (*reader)->next();
    if (!chunk) return fail(chunk.error());
    if (*chunk == nullptr) break;
    const std::uint64_t offset = (*reader)->chunk_offset();
    if (auto in = ordering::load_chunk(**chunk, state); !in)
      return fail(wal::Damage{file.path, offset,
                              "the chunk has a valid checksum and cannot be used: " + in.error()});
    loaded(offset, footer.file_bytes);
  }
  if (auto finished = state.finish_load(file.zxid); !finished)
    return fail(wal::Damage{file.path, 0, std::move(finished.error())});
  if (state.digest() != footer.digest)
    return fail(wal::Damage{file.path, footer.file_bytes - sizeof footer,
                            fmt::format("the state in it has the digest {:016x} and should have "
                                        "{:016x}",
                                        state.digest(), footer.digest)});
  return footer;
}

Result<void, std::string> replay_batch(const wal::RecoveredBatch& batch, core::State& state) {
  const auto verified = wal::verify_batch(batch.payload);
  if (!verified) return fail(verified.error());
  const wal::fbs::Batch& content = **verified;
  if (content.txns()->size() != batch.count)
    return fail(fmt::format("it holds {} transactions and its header says {}",
                            content.txns()->size(), batch.count));
  auto replayed = ordering::visit_txns(content, batch.first,
                                       [&](const core::Txn& txn) { return state.replay(txn); });
  if (!replayed) return replayed;
  if (state.digest() != content.digest())
    return fail(fmt::format("the state behind it has the digest {:016x} and should have {:016x}",
                            state.digest(), content.digest()));
  // Sealed and committed, so that replaced versions can be reclaimed on the way.
  state.seal();
  state.commit(batch.last);
  return {};
}

}  // namespace paddock::recovery
