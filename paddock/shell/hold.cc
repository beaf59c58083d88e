#include "paddock/shell/hold.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "paddock/shell/child.h"
#include "paddock/shell/events.h"
#include "paddock/shell/reaper.h"
#include "paddock/shell/signals.h"

namespace paddock::shell {
namespace {

using client::Clock;
using client::Milliseconds;
using client::TimePoint;

constexpr Milliseconds release_wait{2000};

int timeout_ms(TimePoint at) {
  if (at == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(at - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT32_MAX));
}

}  // namespace

int run_holding(Call& call, recipes::Hold hold, const HeldCommand& command) {
  // Whoever ignores it hands that on to us; the kernel would then keep no child's exit status.
  std::signal(SIGCHLD, SIG_DFL);
  SignalQueue children({SIGCHLD});
  SignalQueue signals({SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2});
  // Wakes the loop; what it says is asked of the hold.
  const auto changes = std::make_shared<EventQueue>();
  hold.on_change([changes](recipes::HoldState state) {
    if (state == recipes::HoldState::lost) changes->push(client::SessionState::lost);
  });
  hold.on_revoke([] {});  // for its watch: a node that an operator deletes is lost at once
  Reaper reaper(hold.valid_until() - Clock::now(), command.grace);
  Result<Child, int> child = Child::start(
      command.words, {fmt::format("PADDOCK_FENCING_TOKEN={}", hold.fencing_token().value),
                      "PADDOCK_HELD_NODE=" + hold.node()});
  if (!child) {
    hold.release().wait(release_wait);
    call.out.failed(fmt::format("{}: {}", command.words.front(), std::strerror(child.error())));
    return child.error() == ENOENT ? status_no_command : status_cannot_run;
  }
  std::optional<int> status;
  while (!(status = child->exit_status())) {
    const TimePoint valid_until = hold.valid_until();
    if (const std::optional<int> signal = reaper.due(Clock::now(), valid_until)) {
      call.out.note(fmt::format("{} {} lost: {} for {}", call.word(0),
                                *signal == SIGKILL ? "is" : "is about to be",
                                *signal == SIGKILL ? "SIGKILL" : "SIGTERM", command.words.front()));
      child->end(*signal);
      continue;
    }
    pollfd fds[] = {
        {children.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {changes->fd(), POLLIN, 0}};
    ::poll(fds, 3, timeout_ms(reaper.next(valid_until)));
    while (children.pop()) {
    }
    while (const std::optional<signalfd_siginfo> info = signals.pop())
      child->signal(static_cast<int>(info->ssi_signo));
    while (changes->pop()) {
    }
  }
  // Not for ever: without a connection the session takes the node with it.
  hold.release().wait(release_wait);
  return reaper.has_begun() ? status_lost : *status;
}

}  // namespace paddock::shell
