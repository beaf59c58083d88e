#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "recipes/client/deadline.h"

namespace paddock::shell {

/// Decides when a command must be ended so that it does not outlive the session under which it
/// runs: time in, signals out. Once it was asked to end it will be killed, even if the connection
/// comes back. Threads: one at a time.
class Reaper {
 public:
  /// `window` is how long the session is safe behind a reply: its timeout. `grace` between SIGTERM
  /// and SIGKILL: by default a quarter of that, 5 s at most; never more than half of it, since less
  /// than that may be left at any time without anything being wrong.
  Reaper(client::Clock::duration window, std::optional<client::Milliseconds> grace)
      : grace_(std::min<client::Clock::duration>(
            grace.value_or(std::min(std::chrono::duration_cast<client::Milliseconds>(window / 4),
                                    grace_default_max)),
            window / 2)),
        margin_(std::min<client::Clock::duration>(client::Milliseconds(100), window / 20)) {}

  /// The signal that is due, if any; each once.
  std::optional<int> due(client::TimePoint now, client::TimePoint valid_until) {
    if (now >= kill_at(valid_until) && stage_ != Stage::killed) {
      stage_ = Stage::killed;
      return SIGKILL;
    }
    if (now >= kill_at(valid_until) - grace_ && stage_ == Stage::running) {
      stage_ = Stage::asked;
      asked_at_ = now;
      return SIGTERM;
    }
    return std::nullopt;
  }

  /// When to ask again, if nothing else happens.
  client::TimePoint next(client::TimePoint valid_until) const {
    switch (stage_) {
      case Stage::running:
        return kill_at(valid_until) - grace_;
      case Stage::asked:
        return kill_at(valid_until);
      case Stage::killed:
        break;
    }
    return client::TimePoint::max();
  }

  bool has_begun() const { return stage_ != Stage::running; }

 private:
  static constexpr client::Milliseconds grace_default_max{5000};
  enum class Stage { running, asked, killed };

  /// Once asked to end, it ends: also if the connection comes back.
  client::TimePoint kill_at(client::TimePoint valid_until) const {
    const client::TimePoint last = valid_until - margin_;
    return stage_ == Stage::asked ? std::min(last, asked_at_ + grace_) : last;
  }

  client::Clock::duration grace_;
  client::Clock::duration margin_;
  Stage stage_ = Stage::running;
  client::TimePoint asked_at_{};
};

}  // namespace paddock::shell
