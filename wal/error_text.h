#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace paddock::wal {

/// "Input/output error" for the Disk result -EIO. Threads: any.
inline std::string error_text(std::int64_t result) {
  char text[128] = "";
  // The GNU strerror_r, which may answer with a constant of its own instead of filling `text`.
  return ::strerror_r(static_cast<int>(-result), text, sizeof text);
}

}  // namespace paddock::wal
