#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/state.h"

namespace paddock::ordering {

/// Finds the containers and TTL nodes that are due and has them removed, at a pace: a round over
/// all of them each `check_interval_ms`, worked off in slices, so that neither a million candidates
/// nor a million removals stop the core.
///
/// When rounds and removals come is told by the session clock; what is due, by the wall clock,
/// because a node's mtime is one. Setting it makes nothing due (R22, State::clock_stepped()).
///
/// Threads: loop-local, the ordering core's.
class Reaper {
 public:
  struct Options {
    std::int64_t check_interval_ms = 60'000;  ///< from one round's begin to the next; >= 1
    std::int64_t per_minute_max = 10'000;     ///< removals; >= 1
    std::int64_t never_used_ms_max =
        0;  ///< age of a container that never had a child; 0 = it stays
  };
  /// Prepares the removal of the node at `path`; false: there is no room for it now.
  using Remove = std::function<bool(std::string_view path)>;

  explicit Reaper(const Options& options);
  /// The first round comes after an interval.
  void start(std::int64_t session_now_ms);
  /// Goes on with the round, if it is time to. Not called while nothing may be removed (R20).
  void turn(const core::State& state, std::int64_t session_now_ms, std::int64_t now_ms,
            const Remove& remove);
  /// When turn() has something to do, on the session clock; may be in the past.
  std::int64_t next_due_ms() const { return due_ms_; }

 private:
  static constexpr std::size_t looks_per_turn = 1024;
  static constexpr std::int64_t retry_ms = 10;  ///< after a removal that found no room

  const Options options_;
  const std::int64_t removal_interval_us_;
  core::State::RemovableRound round_{.left = 0};
  std::int64_t round_begin_ms_ = 0;
  std::int64_t next_removal_us_ = 0;  ///< none before, on the session clock
  std::int64_t due_ms_ = 0;
};

}  // namespace paddock::ordering
