#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace paddock::tools {

/// Tells on standard error how far long work has come: nothing when it takes less than two seconds,
/// then a line every two. Threads: loop-local.
class Progress {
 public:
  /// `doing`: "verifying"; `offset`: bytes into `file`.
  void at(std::string_view doing, const std::string& file, std::uint64_t offset);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds interval{2};
  Clock::time_point next_ = Clock::now() + interval;
};

}  // namespace paddock::tools
