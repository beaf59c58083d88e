#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace paddock::net {

/// A deadline that nobody waits for.
inline constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

/// One deadline, embedded in the object that waits for it, so arming allocates nothing. It must not
/// be destroyed or moved while it is armed. Threads: loop-local.
class Timer {
 public:
  using Fire = void (*)(Timer& self, std::int64_t now_ns);

  Timer() = default;
  explicit Timer(Fire fire) : fire_(fire) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool is_armed() const { return slot_ != 0; }
  /// REQUIRES: is_armed(). Monotonic nanoseconds.
  std::int64_t deadline_ns() const { return deadline_ns_; }

 private:
  friend class Timers;
  Fire fire_ = nullptr;
  std::int64_t deadline_ns_ = 0;
  std::uint32_t slot_ = 0;  ///< 1 + the index in Timers::heap_; 0 = not armed
};

/// The deadlines of one loop: a 4-ary heap of the timers' keys. Moving a deadline *later*, which is
/// what every request does to its session, costs two stores: the heap keeps the older, smaller key
/// and puts the timer back when that key comes up. Threads: loop-local.
class Timers {
 public:
  /// Arms or re-arms. A deadline in the past fires at the next run().
  void arm(Timer& timer, std::int64_t deadline_ns);
  /// Nothing happens if it is not armed.
  void cancel(Timer& timer);

  /// No timer fires before this moment; never_ns if none is armed. It may be earlier than the
  /// earliest deadline (a key not moved yet), never later.
  std::int64_t next_ns() const { return heap_.empty() ? never_ns : heap_.front().key_ns; }

  /// Fires the timers whose deadline is at or before `now_ns`, earliest key first; each is disarmed
  /// before its function runs, which may arm, cancel and destroy any timer. It ends even if they
  /// arm for the past: it looks at no more timers than there were when it began. Returns how many
  /// fired.
  std::size_t run(std::int64_t now_ns);

  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    std::int64_t key_ns;  ///< <= timer->deadline_ns_
    Timer* timer;
  };

  void sift_up(std::size_t index, Entry entry);
  void sift_down(std::size_t index, Entry entry);
  void put(std::size_t index, Entry entry);
  void erase(std::size_t index);

  std::vector<Entry> heap_;
};

}  // namespace paddock::net
