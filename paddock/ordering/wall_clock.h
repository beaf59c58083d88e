#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace paddock::ordering {

/// Tells time that has passed from steps of the wall clock, by the session clock
/// (session_clock.h), which nobody can set. A gap that the session clock leaves out is a step as
/// well: TTL nodes do not age while nobody could have renewed them, just as sessions do not.
/// Threads: loop-local.
class WallClock {
 public:
  /// Steps of up to a tick are not told at once: this thread may have stood still between its looks
  /// at the two clocks, and the session clock leaves out nothing as short. They add up.
  explicit WallClock(std::int64_t tick_ms) : small_ms_max_(std::max<std::int64_t>(1000, tick_ms)) {}

  /// Once per turn. What the wall clock has moved by, forward or back, beside the time that has
  /// passed since the last step; or 0.
  std::int64_t advance(std::int64_t session_now_ms, std::int64_t now_ms) {
    const std::int64_t ahead_ms = now_ms - session_now_ms;
    const std::int64_t step_ms = ahead_ms - ahead_ms_.value_or(ahead_ms);
    if (ahead_ms_ && -small_ms_max_ <= step_ms && step_ms <= small_ms_max_) return 0;
    ahead_ms_ = ahead_ms;
    return step_ms;
  }

 private:
  const std::int64_t small_ms_max_;
  std::optional<std::int64_t> ahead_ms_;  ///< of the session clock, at the last step
};

}  // namespace paddock::ordering
