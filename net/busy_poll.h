#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace paddock::net {

/// How long a wait is to begin by spinning. That spares the kernel's way of waking a thread, which
/// takes longer than answering a request does, and costs processor time that others may want.
/// Without being told to, a wait spins only while waits tend to be short, which they are under a
/// load that waits for each answer; a loop with little to do sleeps.
///
/// Threads: loop-local.
class BusyPoll {
 public:
  /// `always_ns`: each wait spins so long (busyPollUs). `adaptive_ns`: it spins so long if most of
  /// the last waits were shorter than that (adaptivePollUs). 0: never.
  BusyPoll(std::int64_t always_ns, std::int64_t adaptive_ns)
      : always_ns_(always_ns), adaptive_ns_(adaptive_ns) {}

  /// For the next wait; 0: sleep at once.
  std::int64_t spin_ns() const {
    const bool is_short = pause_ns_ <= 0 && std::popcount(short_waits_) > waits_seen / 2;
    return is_short ? std::max(always_ns_, adaptive_ns_) : always_ns_;
  }
  /// After each wait: how long it took for something to come.
  void waited(std::int64_t ns) {
    short_waits_ = static_cast<std::uint16_t>(short_waits_ << 1 | (ns < adaptive_ns_ ? 1 : 0));
    if (pause_ns_ > 0) {
      pause_ns_ -= ns;
    } else if (undisturbed_ns_ < pause_ns_max) {
      undisturbed_ns_ += ns;
    } else {
      next_pause_ns_ = pause_ns_min;
    }
  }
  /// Another thread has taken the core meanwhile: no adaptive spinning for some time of waits, the
  /// longer the more often it happens. A thread that sleeps gets the core when it is woken; one
  /// that spins has no claim to it, and each try may cost a slice of the scheduler's: milliseconds.
  void disturbs() {
    pause_ns_ = next_pause_ns_;
    next_pause_ns_ = std::min(2 * next_pause_ns_, pause_ns_max);
    undisturbed_ns_ = 0;
  }

 private:
  static constexpr int waits_seen = 16;
  static constexpr std::int64_t pause_ns_min = 10'000'000;
  static constexpr std::int64_t pause_ns_max = 1'000'000'000;

  const std::int64_t always_ns_;
  const std::int64_t adaptive_ns_;
  std::int64_t pause_ns_ = 0;                  ///< of waits to come
  std::int64_t next_pause_ns_ = pause_ns_min;  ///< after the next disturbance
  std::int64_t undisturbed_ns_ = 0;            ///< of waits since the last pause
  std::uint16_t short_waits_ = 0;  ///< a bit for each of the last waits, set for short ones
};

}  // namespace paddock::net
