#pragma once

#include <liburing.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "core/base/check.h"
#include "core/base/result.h"
#include "net/buffer_pool.h"
#include "net/busy_poll.h"
#include "net/timer.h"

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

std::int64_t monotonic_ns();

/// One io_uring and the thread that owns it. It knows completions and time, not what bytes mean.
///
/// A turn of the owner is one io_uring_enter: wait() submits everything queued by the turn before,
/// sleeps, and dispatches what has come. The ring is SINGLE_ISSUER | DEFER_TASKRUN where the kernel
/// has it (6.1): completions are only delivered inside wait(), so nothing runs behind the owner's
/// back; older kernels fall back to COOP_TASKRUN or to neither.
///
/// Threads: loop-local, wake() and open() excepted. The thread that first calls wait(), submit() or
/// get_sqe() owns it from then on; destroy it there, or after that thread has ended.
class Loop {
 public:
  struct Options {
    std::uint32_t sq_entries = 1024;
    std::uint32_t cq_entries = 16384;
    std::uint32_t recv_buffer_count = 1024;  ///< provided buffers for receives; a power of two,
                                             ///< 0: a loop for files only
    std::uint32_t recv_buffer_bytes = 16 * 1024;  ///< size of each
    std::uint32_t busy_poll_us = 0;      ///< so long wait() spins before it sleeps (BusyPoll)
    std::uint32_t adaptive_poll_us = 0;  ///< the same, while most waits are shorter than that
  };

  /// What the owner reports to its operator. Written by the owner only, read anywhere.
  struct Counters {
    std::atomic<std::uint64_t> enter_count{0};        ///< io_uring_enter calls
    std::atomic<std::uint64_t> completion_count{0};   ///< completions dispatched
    std::atomic<std::uint64_t> cq_overflow_count{0};  ///< turns that found the CQ ring overflown
    std::atomic<std::uint64_t> no_buffer_count{0};    ///< receives that found no provided buffer
  };

  static Result<std::unique_ptr<Loop>, LoopError> open(const Options& options);
  /// The ring is torn down by the kernel behind this, and when the process is killed.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// A submission entry with `completion` as its target (null: the completion is ignored). Never
  /// fails: a full queue is submitted first.
  io_uring_sqe* get_sqe(Completion* completion);
  /// As two get_sqe() calls of which the first may be linked to the second: both are in the same
  /// submission. REQUIRES: room for `count` entries in one queue.
  void make_room(std::uint32_t count);

  /// Submits what is queued, sleeps until a completion is there, `deadline_ns` (monotonic; 0 = do
  /// not sleep, never_ns = no limit) has passed or a timer of timers() is due; dispatches all
  /// completions that are there, then fires the due timers. A signal ends the sleep.
  /// Returns how many completions were dispatched.
  std::size_t wait(std::int64_t deadline_ns);

  /// Submits what is queued without waiting. Nothing is dispatched.
  void submit();

  /// Keeps what these descriptors refer to open until nothing of this ring is under way in the
  /// kernel, which may be a moment later than the end of the process: a lock on such a file keeps a
  /// successor away from writes that have not landed yet. False: the kernel refused. Call it once,
  /// before the first turn.
  bool hold_open(std::span<const int> descriptors);

  /// Makes another thread's sleeping loop return from wait(): MSG_RING from `from`'s ring. Queued
  /// and submitted at once (R5). Threads: the owner of `from`; `to` must outlive the call.
  static void wake(Loop& from, Loop& to);

  /// The clock as it was when wait() woke up: one clock read a turn. Before the first wait(), the
  /// time of open().
  std::int64_t now_ns() const { return now_ns_; }
  Timers& timers() { return timers_; }
  BufferPool& buffers() { return buffers_; }
  const Counters& counters() const { return counters_; }
  io_uring& ring() { return ring_; }
  /// True: completions arrive only inside wait() (DEFER_TASKRUN).
  bool is_deferred() const { return (ring_.flags & IORING_SETUP_DEFER_TASKRUN) != 0; }

  /// The provided buffers of the receives. The kernel is lent few of them at first, because it goes
  /// round all that it has and a small ring stays in the cache; recv_starved() lends it more.
  std::uint16_t recv_group() const { return 0; }
  const std::byte* recv_buffer(std::uint16_t id) const;
  void recycle_recv_buffer(std::uint16_t id);
  std::uint32_t recv_buffer_bytes() const { return recv_buffer_bytes_; }
  /// A receive ended with -ENOBUFS: at the end of the turn the kernel is lent twice as many, up to
  /// recv_buffer_count.
  void recv_starved() {
    counters_.no_buffer_count.fetch_add(1, std::memory_order_relaxed);
    is_starved_ = true;
  }
  /// Buffers that came with a completion and have not been recycled; 0 between turns.
  std::uint32_t recv_buffers_held() const { return recv_held_count_; }
  std::uint32_t recv_buffers_lent() const { return recv_lent_total_; }
  /// Whether the kernel knows multishot receive and accept; a refused one (-EINVAL) clears it.
  bool has_multishot() const { return has_multishot_; }
  void multishot_refused() { has_multishot_ = false; }

 private:
  explicit Loop(const Options& options)
      : busy_poll_(std::int64_t{options.busy_poll_us} * 1000,
                   std::int64_t{options.adaptive_poll_us} * 1000) {}
  int set_up_ring(const Options& options);
  int set_up_buffers(const Options& options);
  void lend_recv_buffers(std::uint32_t count);
  void lend_more();
  void claim();
  void own() {
    if (!is_claimed_) [[unlikely]]
      claim();
    DCHECK(owner_ == std::this_thread::get_id());
  }
  std::optional<std::int64_t> enter(std::int64_t deadline_ns);
  void sleep(std::int64_t deadline_ns);
  bool spin(std::int64_t now_ns, std::int64_t until_ns);
  bool has_completion() const;
  std::size_t dispatch();

  io_uring ring_{};
  bool is_open_ = false;
  bool is_claimed_ = false;  ///< the ring is enabled and belongs to owner_
  bool has_multishot_ = true;
  bool is_starved_ = false;
  std::thread::id owner_;
  std::int64_t now_ns_ = 0;
  BusyPoll busy_poll_;

  io_uring_buf_ring* recv_ring_ = nullptr;
  std::byte* recv_memory_ = nullptr;
  std::size_t recv_memory_bytes_ = 0;
  std::uint32_t recv_buffer_bytes_ = 0;
  std::uint32_t recv_count_ = 0;       ///< buffers that exist
  std::uint32_t recv_lent_total_ = 0;  ///< ids below this one have been lent; <= recv_count_
  std::uint32_t recv_held_count_ = 0;

  Timers timers_;
  BufferPool buffers_;
  Counters counters_;
};

}  // namespace paddock::net
