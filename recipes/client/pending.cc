#include "recipes/client/pending.h"

#include "recipes/client/io_loop.h"

namespace paddock::client {

bool PendingState::is_ready() const {
  std::lock_guard lock(mutex_);
  return ready_;
}

Error PendingState::wait(Deadline deadline, const CancelToken& cancel) {
  // Not by chance: whether a quick reply is there already must not decide what the caller gets.
  if (cancel.stop_requested()) return Error::cancelled;
  if (is_ready()) return Error::ok;
  if (IoLoop::is_any_current()) return Error::would_deadlock;
  // It takes the lock once, or the news could fall between the look at the token and the sleep. It
  // is destroyed after the lock below is released: a callback that is running is waited for.
  const std::stop_callback wake(cancel, [this] {
    { std::lock_guard hold(mutex_); }
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  while (!ready_) {
    if (cancel.stop_requested()) return Error::cancelled;
    if (deadline.is_never()) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, deadline.at()) == std::cv_status::timeout) {
      return ready_ ? Error::ok : Error::deadline_exceeded;
    }
  }
  return Error::ok;
}

void PendingState::cancel() {
  UniqueFunction<void()> hook;
  {
    std::lock_guard lock(mutex_);
    if (settled_) return;
    hook = std::exchange(cancel_hook_, {});
  }
  if (hook) hook();
}

}  // namespace paddock::client
