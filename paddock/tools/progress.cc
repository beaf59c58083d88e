#include "paddock/tools/progress.h"

#include <fmt/format.h>

#include <cstdio>

namespace paddock::tools {

void Progress::at(std::string_view doing, const std::string& file, std::uint64_t offset) {
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + interval;
  fmt::print(stderr, "paddock: {} {}, {} MiB\n", doing, file, offset >> 20);
}

}  // namespace paddock::tools
