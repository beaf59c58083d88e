#pragma once

#include <string>

#include "core/base/result.h"
#include "wal/disk.h"
#include "wal/log_end.h"

namespace paddock::wal {

/// Makes the disk what recovery said the log is, before the first append: afterwards a power cut
/// leaves exactly the batches that recovery has handed on. Every step may be cut off by a crash,
/// and recovery then comes to the same end of the log. Uses up `discarded`, `rest_is_dirty`,
/// `unsynced`, and all of `spares` but one. Blocks in Disk::wait(). The error is for the operator.
Result<void, std::string> repair_log(Disk& disk, const std::string& dir, LogEnd& end);

}  // namespace paddock::wal
