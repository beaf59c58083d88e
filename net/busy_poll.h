#pragma once

#include <bit>
#include <cstdint>

namespace paddock::net {

/// Whether a wait is to begin by spinning. That spares the kernel's way of waking a thread, which
/// takes longer than answering a request does, and costs processor time that others may want. So it
/// is done only while waits tend to be short, which they are under a load that waits for each
/// answer, and never for longer than `spin_ns_max` each; a loop with little to do sleeps.
///
/// Threads: loop-local.
class BusyPoll {
 public:
  /// `spin_ns_max`: 0 = never spin.
  explicit BusyPoll(std::int64_t spin_ns_max) : spin_ns_max_(spin_ns_max) {}

  std::int64_t spin_ns_max() const { return spin_ns_max_; }
  bool is_worth_it() const { return std::popcount(short_waits_) > waits_seen / 2; }
  /// After each wait: how long it took for something to come.
  void waited(std::int64_t ns) {
    short_waits_ = static_cast<std::uint16_t>(short_waits_ << 1 | (ns < spin_ns_max_ ? 1 : 0));
  }
  /// Somebody else wants this core: sleep until waits have been short for a while.
  void disturbs() { short_waits_ = 0; }

 private:
  static constexpr int waits_seen = 16;

  const std::int64_t spin_ns_max_;
  std::uint16_t short_waits_ = 0;  ///< a bit for each of the last waits, set for short ones
};

}  // namespace paddock::net
