#pragma once

#include <chrono>
#include <compare>
#include <stop_token>

/// How long to wait and how to stop waiting: every call of the client and of the recipes that waits
/// takes both.
namespace paddock::client {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// The moment until which a caller waits, on the monotonic clock. Made once at the start of a piece
/// of work and handed on, it bounds the whole of it, however many steps there are.
class Deadline {
 public:
  constexpr Deadline(TimePoint at) : at_(at) {}
  /// That much from now; zero or less has passed already (the wait only looks), and what does not
  /// fit into the clock is never.
  template <class Rep, class Period>
  Deadline(std::chrono::duration<Rep, Period> from_now) : at_(after(Clock::now(), from_now)) {}

  /// No bound. Only with a CancelToken that somebody holds the source of.
  static constexpr Deadline never() { return Deadline(TimePoint::max()); }

  constexpr TimePoint at() const { return at_; }
  constexpr bool is_never() const { return at_ == TimePoint::max(); }
  bool has_passed(TimePoint now = Clock::now()) const { return at_ <= now; }
  /// Zero when it has passed.
  Clock::duration left(TimePoint now = Clock::now()) const {
    return has_passed(now) ? Clock::duration::zero() : at_ - now;
  }
  friend constexpr auto operator<=>(const Deadline&, const Deadline&) = default;

 private:
  template <class Rep, class Period>
  static TimePoint after(TimePoint now, std::chrono::duration<Rep, Period> from_now) {
    using Seconds = std::chrono::duration<double>;
    if (Seconds(from_now) >= Seconds(TimePoint::max() - now)) return TimePoint::max();
    if (from_now <= from_now.zero()) return now;
    return now + std::chrono::ceil<Clock::duration>(from_now);
  }

  TimePoint at_;
};

/// The standard's: CancelSource::request_stop() ends the waits that were given its token, with
/// Error::cancelled. A default-constructed token never stops anything. Threads: any.
using CancelToken = std::stop_token;
using CancelSource = std::stop_source;

}  // namespace paddock::client
