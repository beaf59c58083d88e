#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace paddock::net {

/// How a loop goes to sleep without missing what another thread publishes for it (R5).
///
///   sleeper                                   waker
///   S1  sleeping = 1          (seq_cst)       W1  publish              (seq_cst store)
///   S2  recheck all sources   (seq_cst loads) W2  sleeping seen as 1?  (seq_cst load, exchange 0)
///   S3  Loop::wait()                          W3  Loop::wake(), at once
///
/// All four accesses are seq_cst, so they have one order. If S2 misses W1, then S1 < S2 < W1 < W2,
/// and W2 sees the 1: somebody wakes. If W2 sees 0, then W2 < S1 and S2 sees W1: nobody sleeps. The
/// exchange lets one waker of several through, so a sleep costs one message. Operations instead of
/// fences: ThreadSanitizer does not know fences.
///
/// Threads: any. The owner calls announce() and awake(), everybody else claim_wake().
class Sleeper {
 public:
  /// S1 [M1], pairs with claim_wake(). The owner then rechecks every source it could be woken for
  /// and calls awake() instead of sleeping if one has something.
  void announce() { sleeping_.store(1, std::memory_order_seq_cst); }
  /// The owner is up; wakers need not bother. Relaxed: a waker that still sees 1 wakes in vain.
  void awake() { sleeping_.store(0, std::memory_order_relaxed); }
  /// W2, after publishing with a seq_cst store: true for the one caller that must call
  /// Loop::wake().
  bool claim_wake() {
    return sleeping_.load(std::memory_order_seq_cst) != 0 &&  // pairs with [M1]
           sleeping_.exchange(0, std::memory_order_seq_cst) != 0;
  }

 private:
  alignas(64) std::atomic<std::uint32_t> sleeping_{0};
};

/// A bounded queue from one thread to one other. A full mailbox is a false return, never a wait:
/// the sender keeps the message where it came from and stops that source (R4).
///
/// `tail_` is advanced by the sender, `head_` by the receiver; each keeps a stale copy of the
/// other's index and looks at the real one only when the copy says full or empty, so in a steady
/// flow they rarely touch each other's cache line.
///
/// Threads: mailbox. One sending thread, one receiving thread.
template <class T>
class Mailbox {
 public:
  /// `capacity` is a power of two.
  explicit Mailbox(std::size_t capacity) : mask_(capacity - 1), slots_(new T[capacity]) {
    CHECK(capacity != 0);
    CHECK((capacity & mask_) == 0);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// The sender: false, and `message` untouched, if it is full. Published when it returns; then
  /// `if (receiver.claim_wake()) Loop::wake(...)`.
  bool push(T&& message) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_copy_ > mask_) {
      head_copy_ = head_.load(std::memory_order_acquire);  // pairs with [M3]: the slot is free
      if (tail - head_copy_ > mask_) return false;
    }
    slots_[tail & mask_] = std::move(message);
    tail_.store(tail + 1, std::memory_order_seq_cst);  // [M2] pairs with front() and empty(); W1
    return true;
  }

  /// The receiver: the oldest message, or null. Valid until pop().
  T* front() {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_copy_) {
      tail_copy_ = tail_.load(std::memory_order_acquire);  // pairs with [M2]: the slot is filled
      if (head == tail_copy_) return nullptr;
    }
    return &slots_[head & mask_];
  }
  /// The receiver, after front(). What the message owns is given up now, not when its slot is
  /// reused.
  void pop() {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    DCHECK(head != tail_copy_);
    slots_[head & mask_] = T{};
    head_.store(head + 1, std::memory_order_release);  // [M3] pairs with push()
  }

  /// The receiver's recheck (S2).
  bool empty() const {
    return head_.load(std::memory_order_relaxed) ==
           tail_.load(std::memory_order_seq_cst);  // pairs with [M2]
  }
  std::size_t capacity() const { return mask_ + 1; }

 private:
  const std::uint64_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<std::uint64_t> tail_{0};  ///< messages ever pushed
  std::uint64_t head_copy_ = 0;                     ///< the sender's; <= head_
  alignas(64) std::atomic<std::uint64_t> head_{0};  ///< messages ever popped; <= tail_
  std::uint64_t tail_copy_ = 0;                     ///< the receiver's; <= tail_
};

}  // namespace paddock::net
