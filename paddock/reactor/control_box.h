#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "net/loop.h"

namespace paddock::reactor {

/// What other threads may ask of a reactor now and then: accepted sockets, parts of four-letter
/// words' answers, the stop. Not for requests, which have mailboxes of their own without locks.
///
/// Threads: any may post (a mutex guards the list, an eventfd wakes the loop); the reactor's thread
/// calls start(), run() and stop().
class ControlBox {
 public:
  explicit ControlBox(net::Loop& loop);
  /// REQUIRES: stop() and then a Loop::wait() that has seen its completion, or never started.
  ~ControlBox();
  ControlBox(const ControlBox&) = delete;
  ControlBox& operator=(const ControlBox&) = delete;

  /// `task` runs on the reactor's thread in a later turn. Tasks of one thread run in their order.
  void post(std::function<void()> task);

  void start();
  /// Runs what has been posted; returns whether there was anything.
  bool run();
  bool is_empty() const { return !has_tasks_.load(std::memory_order_seq_cst); }
  /// Takes the read of the eventfd back from the kernel.
  void stop();
  bool is_stopped() const { return !op_.is_armed; }

 private:
  struct Op : net::Completion {
    ControlBox* box = nullptr;
    bool is_armed = false;
  };

  void arm();

  net::Loop& loop_;
  int event_ = -1;
  std::uint64_t event_value_ = 0;  ///< what the kernel reads into
  Op op_;
  bool is_stopping_ = false;
  std::atomic<bool> has_tasks_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;    // guarded by mutex_
  std::vector<std::function<void()>> running_;  // kept for its memory
};

}  // namespace paddock::reactor
