#include "paddock/shell/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace paddock::shell {
namespace {

/// Without those that are ignored, as nohup wants it: a blocked signal is queued all the same.
sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    struct sigaction action {};
    const bool is_ignored =
        ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    if (!is_ignored) sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

BlockedSignals BlockedSignals::all() {
  sigset_t set;
  sigfillset(&set);
  return BlockedSignals(set);
}

BlockedSignals::BlockedSignals(const sigset_t& signals) {
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

SignalQueue::SignalQueue(std::initializer_list<int> signals) : blocked_(set_of(signals)) {
  const sigset_t set = set_of(signals);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalQueue::~SignalQueue() {
  // What has not been looked at is not to strike when the mask goes.
  while (pop()) {
  }
  if (fd_ >= 0) ::close(fd_);
}

std::optional<signalfd_siginfo> SignalQueue::pop() {
  signalfd_siginfo info{};
  if (::read(fd_, &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  return info;
}

CancelOnSignal::CancelOnSignal(const SignalQueue& signals) : wake_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (wake_fd_ < 0) return;  // out of descriptors: then nothing is cancelled
  thread_ = std::thread([this, &signals] {
    pollfd fds[] = {{signals.fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    while (::poll(fds, 2, -1) < 0) {
    }
    if (fds[0].revents & POLLIN) source_.request_stop();
  });
}

CancelOnSignal::~CancelOnSignal() {
  if (wake_fd_ < 0) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
  thread_.join();
  ::close(wake_fd_);
}

}  // namespace paddock::shell
