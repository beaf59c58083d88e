#pragma once

#include <sys/signalfd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "recipes/client/deadline.h"

namespace paddock::shell {

/// Blocks signals in the calling thread, and so in threads that it starts, for its lifetime.
class BlockedSignals {
 public:
  static BlockedSignals all();
  explicit BlockedSignals(const sigset_t& signals);
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

/// Signals as something to read rather than something that interrupts. For its lifetime they are
/// blocked in the calling thread; other threads must have them blocked already. Signals that the
/// process ignores (nohup) stay ignored.
class SignalQueue {
 public:
  explicit SignalQueue(std::initializer_list<int> signals);
  ~SignalQueue();

  /// Readable while a signal waits; -1 if the system gave none.
  int fd() const { return fd_; }
  std::optional<signalfd_siginfo> pop();

 private:
  BlockedSignals blocked_;
  int fd_;
};

/// Ends waits when a signal of the queue arrives, from a thread of its own. The signal stays in the
/// queue, which must outlive this.
class CancelOnSignal {
 public:
  explicit CancelOnSignal(const SignalQueue& signals);
  /// Waits for the thread.
  ~CancelOnSignal();
  CancelOnSignal(const CancelOnSignal&) = delete;
  CancelOnSignal& operator=(const CancelOnSignal&) = delete;

  client::CancelToken token() const { return source_.get_token(); }

 private:
  client::CancelSource source_;
  int wake_fd_;
  std::thread thread_;
};

}  // namespace paddock::shell
