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
  /// was to sleep until at most. A turn that is late by more than a tick is a gap from the last
  /// turn on, the planned sleep included, as nobody knows when in it the thread stood still: that
  /// sleep is to be no longer than a tick for a gap to be seen, and to last no longer than it did.
  /// Returns the length of the gap, or 0.
  std::int64_t advance(std::int64_t monotonic_ms, std::int64_t was_due_ms) {
    std::int64_t gap_ms = 0;
    if (monotonic_ms - was_due_ms > tick_ms_) gap_ms = monotonic_ms - last_turn_ms_;
    last_turn_ms_ = monotonic_ms;
    skipped_ms_ += gap_ms;
    now_ms_ = monotonic_ms - skipped_ms_;
    return gap_ms;
  }
  std::int64_t now_ms() const { return now_ms_; }

 private:
  const std::int64_t tick_ms_;
  std::int64_t last_turn_ms_ = 0;  ///< monotonic
  std::int64_t skipped_ms_ = 0;
  std::int64_t now_ms_ = 0;
};

}  // namespace paddock::ordering
