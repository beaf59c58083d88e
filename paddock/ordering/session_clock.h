#pragma once

#include <cstdint>

namespace paddock::ordering {

/// The clock by which sessions expire: monotonic milliseconds without the gaps in which this thread
/// did not run. A gap between two turns longer than a tick (SIGSTOP, a suspended machine, a stalled
/// sync) extends every deadline by the gap, because the clients' pings of that time are still
/// unread (R15). Threads: loop-local.
class SessionClock {
 public:
  explicit SessionClock(std::int64_t tick_ms) : tick_ms_(tick_ms) {}

  /// Once per turn, with the monotonic time in ms behind the wait. `was_due_ms`: the time the turn
  /// was to sleep until at most; only what lies beyond it is a gap. Returns the length of the gap,
  /// or 0.
  std::int64_t advance(std::int64_t monotonic_ms, std::int64_t was_due_ms) {
    std::int64_t gap = 0;
    const std::int64_t late = monotonic_ms - was_due_ms;
    if (late > tick_ms_) gap = late;
    skipped_ms_ += gap;
    now_ms_ = monotonic_ms - skipped_ms_;
    return gap;
  }
  std::int64_t now_ms() const { return now_ms_; }

 private:
  const std::int64_t tick_ms_;
  std::int64_t skipped_ms_ = 0;
  std::int64_t now_ms_ = 0;
};

}  // namespace paddock::ordering
