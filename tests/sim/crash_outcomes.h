#pragma once

#include <cstdint>

#include "tests/sim/sim_disk.h"

namespace paddock::sim {

/// What a power cut does to what was not synced.
struct CrashOutcome {
  SimDisk::Survive how;
  std::uint64_t seed;
};
/// Those that a test with all crash points tries at each of them.
inline constexpr CrashOutcome crash_outcomes[] = {
    {SimDisk::Survive::nothing, 0}, {SimDisk::Survive::everything, 0},
    {SimDisk::Survive::coin, 1},    {SimDisk::Survive::coin, 2},
    {SimDisk::Survive::coin, 3},    {SimDisk::Survive::page_cache, 0}};

}  // namespace paddock::sim
