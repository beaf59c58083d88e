#pragma once

#include <cstdint>

namespace paddock::load {

/// What the server has used, from /proc. Zeros without a pid and when the process is gone.
struct ServerUsage {
  double cpu_seconds = 0;      ///< user and system, of all threads, in ticks of 10 ms
  std::int64_t rss_bytes = 0;  ///< resident memory
};

ServerUsage server_usage(std::int32_t pid);

}  // namespace paddock::load
