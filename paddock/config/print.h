#pragma once

#include <string>

#include "paddock/config/config.h"

namespace paddock::config {

/// `--print-config`: a line for each value with its unit, range and source, in columns. Secrets are
/// shown as "(set)". Threads: any (a pure function).
std::string to_table(const Config& config);

}  // namespace paddock::config
