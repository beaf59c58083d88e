#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "core/state.h"
#include "paddock/words/server_view.h"
#include "wal/disk.h"
#include "wal/log_end.h"

namespace paddock::recovery {

struct Options {
  std::string snapshot_dir;  ///< both exist; often the same
  std::string log_dir;
  core::State::Options state;
};

/// What a start begins with.
struct RecoveredState {
  std::unique_ptr<core::State> state;  ///< sealed and committed at `zxid`; no reader yet
  wal::LogEnd log_end;                 ///< for Log::start()
  Zxid zxid{};                         ///< of the last transaction; {0} = an empty tree
  Zxid durable{};           ///< last zxid that the log itself says is durable (R9); <= zxid
  bool clean_stop = false;  ///< the last run ended in order

  Zxid snapshot{};         ///< the snapshot that was loaded; {0} if there is none
  Zxid newest_snapshot{};  ///< by name, readable or not
  Zxid oldest_snapshot{};  ///< by name: the log may be purged below it (R7); {0}: not at all
  /// What the log holds behind `snapshot`: for the decision when the next one is due.
  std::uint64_t log_payload_bytes = 0;

  /// What an operator should know (a torn tail cut off, a snapshot passed over); logged already.
  std::vector<std::string> notes;
  words::StartView start;  ///< `txns_loaded` are those behind `snapshot`
};

/// Rebuilds the state from what an earlier run left: the newest snapshot that is whole, and the log
/// behind it; an empty tree when there is neither. Tells the log every few seconds how far it is.
///
/// Damage stops the start (R6): the error is for the operator and names file, offset, reason and
/// what to do. Every batch's digest is compared with the state that its transactions made, the
/// snapshot's likewise, and the snapshot's place in the log's chain. A newest snapshot that is
/// damaged is passed over for the next older one if the log goes on from there, but the log must
/// reach its zxid all the same (R7).
///
/// Changes nothing on disk, but that unfinished snapshots are removed at the end of a successful
/// recovery; what must be put right in the log is in `log_end`. Blocks in Disk::wait().
Result<RecoveredState, std::string> recover_state(wal::Disk& disk, const Options& options);

}  // namespace paddock::recovery
