#pragma once

#include "paddock/config/load.h"

namespace paddock {

/// Runs the daemon until a signal ends it; returns the exit status. Everything that goes wrong is
/// a line in the log that names the cause. On the main thread, before any other is started.
int serve(const config::Loaded& loaded);

}  // namespace paddock
