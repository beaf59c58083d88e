#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/types.h"

namespace paddock::core {

/// The steps that the wall clock has made since the start: set forward or back, without that time
/// having passed. Times in Stats are the wall clock's as it stood; what has become of a node's age
/// is told by taking the later steps off again, so that setting a clock removes no TTL node (R22).
///
/// Nothing of it is kept over a restart, after which mtime is all there is.
///
/// Threads: loop-local, the ordering core's.
class ClockSteps {
 public:
  /// A step for each correction of a clock: more than a running machine ever sees. Beyond it the
  /// two oldest become one.
  static constexpr std::size_t count_max = 32;

  /// The wall clock has moved by `step_ms` beside the time that has passed; transactions up to
  /// `newest` were stamped before. REQUIRES: `newest` not below that of the step before.
  void add(Zxid newest, std::int64_t step_ms) {
    if (steps_.size() == count_max) {
      // What was stamped between the two is treated as if before both, unless that would age it.
      steps_[1].ms += std::max<std::int64_t>(0, steps_[0].ms);
      steps_.erase(steps_.begin());
    }
    steps_.push_back({newest.value, step_ms});
  }

  /// What a clock that had made none of the steps behind transaction `zxid` would show now.
  std::int64_t now_since(std::int64_t zxid, std::int64_t now_ms) const {
    for (std::size_t i = steps_.size(); i > 0 && zxid <= steps_[i - 1].newest; --i)
      now_ms -= steps_[i - 1].ms;
    return now_ms;
  }

 private:
  struct Step {
    std::int64_t newest = 0;
    std::int64_t ms = 0;
  };
  std::vector<Step> steps_;  ///< oldest first
};

}  // namespace paddock::core
