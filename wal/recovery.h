#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "wal/disk.h"

namespace paddock::wal {

/// Why a start is refused: for the operator, and for `paddock wal verify`.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;  ///< bytes into `file`
  std::string reason;        ///< what is wrong and what to do
};

/// One valid batch, in log order. The payload lives until the visitor returns.
struct RecoveredBatch {
  Zxid first{};
  Zxid last{};
  std::uint32_t count = 0;
  std::uint32_t chain = 0;  ///< CRC of the batch before this one, as this one says; 0 = the first
  Bytes payload;            ///< CRC-checked, not yet verified as a FlatBuffer
  std::string file;
  std::uint64_t offset = 0;
};

/// Where the log ends, for the writer. Filled by recover().
struct LogEnd;  // wal/log_end.h

struct Recovered {
  Zxid last{};              ///< of the last batch; the snapshot's zxid when there is none above it
  bool clean_stop = false;  ///< an end record was found
  Zxid durable{};           ///< last zxid known durable when the last batch was written (R9)
  std::uint64_t torn_bytes = 0;    ///< cut off behind the last valid batch
  std::vector<std::string> notes;  ///< one log line each: what was cut, recycled, ignored
};

/// Reads the log in `dir` from the batch behind `snapshot` to its end and calls `visit` for each
/// batch above `snapshot`; a batch straddling it is impossible (snapshots are exact at a batch
/// end). Decides every case by the labelled table in recovery_table.h. `visit` returning a text is
/// damage as well. Blocks in disk.wait().
using BatchVisitor = std::function<Result<void, std::string>(const RecoveredBatch&)>;
Result<Recovered, Damage> recover(Disk& disk, const std::string& dir, Zxid snapshot,
                                  const BatchVisitor& visit, LogEnd& end);

}  // namespace paddock::wal
