#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "recipes/client/deadline.h"
#include "recipes/client/errors.h"
#include "recipes/client/function.h"

namespace paddock::client {

/// Where clients do their I/O and call back: one thread, for one client or shared by many, or none
/// at all when the program has an event loop of its own that drives this one. Plain epoll, since
/// containers often forbid io_uring.
///
/// "The I/O thread" of a client is the thread started here, or whichever thread is inside
/// run_ready().
///
/// Threads: any, but for fd() and run_ready().
class IoLoop {
 public:
  /// A loop with a thread of its own, which ends with the loop.
  static Expected<std::shared_ptr<IoLoop>> start();

  struct EmbeddedOptions {
    /// Tests put their own clock here; deadlines of Pending::wait do not follow it.
    std::function<TimePoint()> now = Clock::now;
  };
  /// A loop without a thread: the caller watches fd() for reading and calls run_ready() when it is,
  /// from one thread at a time. Blocking waits on its clients are for other threads only.
  static Expected<std::shared_ptr<IoLoop>> embed(EmbeddedOptions options);
  static Expected<std::shared_ptr<IoLoop>> embed() { return embed({}); }

  /// Clients hold their loop. On its own I/O thread this does not wait for the thread to end.
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Of an embedded loop: readable while run_ready() has something to do, timers that are due
  /// included; can be nested in epoll, poll, select and io_uring. Owned by the loop.
  int fd() const;
  /// Does what can be done without waiting; never blocks.
  void run_ready();

  /// Whether the caller is on this loop's I/O thread, that is, in a callback.
  bool is_current() const;
  /// Whether the caller is on any loop's I/O thread, where Pending::wait is refused.
  static bool is_any_current();

  TimePoint now() const;
  /// Runs `task` on the I/O thread, in the order of the calls; never inside this call. Tasks still
  /// there when the loop ends are dropped.
  void post(UniqueFunction<void()> task);

  using TimerId = std::uint64_t;
  /// Runs `task` on the I/O thread once `at` has come, unless it is cancelled before.
  TimerId call_at(TimePoint at, UniqueFunction<void()> task);
  /// Nothing happens if it has run. It may be running, see await_callbacks().
  void cancel_timer(TimerId timer);

  /// Returns when the I/O thread has come to what was asked of it before and its callbacks have
  /// returned: what was cancelled or removed before is not running and never will. At once on the
  /// I/O thread; on the thread that drives an embedded loop, or when that thread has ended, it runs
  /// what is ready. Never call it with a lock held that a callback takes.
  void await_callbacks();

  class Core;  ///< private to the library
  const std::shared_ptr<Core>& core() const { return core_; }

 private:
  IoLoop(std::shared_ptr<Core> core, std::thread thread);

  std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace paddock::client
