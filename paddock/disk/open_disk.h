#pragma once

#include <memory>

#include "core/base/result.h"
#include "net/loop.h"
#include "wal/disk.h"

namespace paddock {

/// The disk that this build serves from: io_uring, or with the meson option `lossy` the disk that
/// forgets what was not synced (lossy_files.h).

/// On a reactor's loop, which outlives it; completions run in poll().
std::unique_ptr<wal::Disk> open_shared_disk(net::Loop& loop);

/// With a loop of its own: for recovery and the snapshot thread.
Result<std::unique_ptr<wal::Disk>, net::LoopError> open_own_disk();

}  // namespace paddock
