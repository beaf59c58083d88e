#include "paddock/ordering/reaper.h"

#include <algorithm>

#include "core/base/check.h"

namespace paddock::ordering {
namespace {

constexpr std::int64_t us_per_minute = 60'000'000;

}  // namespace

Reaper::Reaper(const Options& options)
    : options_(options),
      removal_interval_us_((us_per_minute + options.per_minute_max - 1) / options.per_minute_max) {
  CHECK(options.check_interval_ms >= 1);
  CHECK(options.per_minute_max >= 1);
}

void Reaper::start(std::int64_t session_now_ms) {
  due_ms_ = session_now_ms + options_.check_interval_ms;
}

void Reaper::turn(const core::State& state, std::int64_t session_now_ms, std::int64_t now_ms,
                  const Remove& remove) {
  if (session_now_ms < due_ms_) return;
  if (round_.is_over()) {
    round_ = {};
    round_begin_ms_ = session_now_ms;
  }
  due_ms_ = session_now_ms;  // with looks_per_turn used up there is more to do at once
  const core::State::RemovableWhen when{.now_ms = now_ms,
                                        .never_used_ms_max = options_.never_used_ms_max};
  state.visit_removable(round_, when, looks_per_turn, [&](std::string_view path) {
    // A clock of milliseconds stands for all of the millisecond: that makes paces above one removal
    // a millisecond possible.
    if (next_removal_us_ >= (session_now_ms + 1) * 1000) {
      due_ms_ = next_removal_us_ / 1000;
      return false;
    }
    if (!remove(path)) {
      due_ms_ = session_now_ms + retry_ms;
      return false;
    }
    next_removal_us_ = std::max(next_removal_us_, session_now_ms * 1000) + removal_interval_us_;
    return true;
  });
  if (round_.is_over()) due_ms_ = round_begin_ms_ + options_.check_interval_ms;
}

}  // namespace paddock::ordering
