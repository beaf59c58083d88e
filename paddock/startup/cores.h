#pragma once

#include <optional>
#include <string_view>

namespace paddock::startup {

/// How many cores this process may really use: those of its affinity mask, or fewer where a control
/// group limits its CPU time (containers). At least 1. Threads: any.
int usable_cores();

/// Whole cores that a cgroup v2 `cpu.max` ("200000 100000", "max 100000") allows, rounded up;
/// nullopt: no limit, or not such a text.
std::optional<int> cores_of_cpu_max(std::string_view text);

}  // namespace paddock::startup
