#pragma once

#include <liburing.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"

namespace paddock::net {

/// One thing waiting for an io_uring completion; embedded in the object that waits, so nothing is
/// allocated per operation. It must live until its last completion has been dispatched.
/// A multishot operation calls `done` once per completion; IORING_CQE_F_MORE in `flags` says that
/// more will come.
struct Completion {
  using Done = void (*)(Completion& self, std::int32_t result, std::uint32_t flags);
  Done done = nullptr;
};

struct LoopError {
  int error = 0;        ///< errno
  std::string message;  ///< a sentence for the operator, with what would allow io_uring
};

/// One io_uring and the thread that owns it. It knows completions and time, not what bytes mean.
/// SINGLE_ISSUER | DEFER_TASKRUN: completions are only delivered inside wait().
///
/// Threads: loop-local, wake() excepted. The thread that first calls wait() or get_sqe() owns it.
class Loop {
 public:
  struct Options {
    std::uint32_t sq_entries = 1024;
    std::uint32_t cq_entries = 16384;
    std::uint32_t recv_buffer_count = 1024;       ///< provided buffers for receives; a power of two
    std::uint32_t recv_buffer_bytes = 16 * 1024;  ///< 0 buffers: a loop for files only
  };

  static Result<std::unique_ptr<Loop>, LoopError> open(const Options& options);
  ~Loop();

  /// A submission entry with `completion` as its target (null: the completion is ignored). Never
  /// fails: a full queue is submitted first.
  io_uring_sqe* get_sqe(Completion* completion);

  /// Submits what is queued, sleeps until a completion is there or `deadline_ns` (monotonic,
  /// CLOCK_MONOTONIC ns; 0 = do not sleep) has passed, and dispatches all completions that are there.
  /// Returns how many were dispatched.
  std::size_t wait(std::int64_t deadline_ns);

  /// Submits what is queued without waiting.
  void submit();

  /// Makes another thread's sleeping loop return from wait(): MSG_RING from `from`'s ring. Queued and
  /// submitted at once (R5). Threads: the owner of `from`.
  static void wake(Loop& from, Loop& to);

  io_uring& ring();
  /// The provided-buffer group of the receives; see connection.cc.
  std::uint16_t recv_group() const;
  std::byte* recv_buffer(std::uint16_t id);
  void recycle_recv_buffer(std::uint16_t id);
  std::uint32_t recv_buffer_bytes() const;

 private:
  Loop();
  struct State;
  std::unique_ptr<State> state_;
};

std::int64_t monotonic_ns();

}  // namespace paddock::net
