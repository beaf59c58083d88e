#pragma once

#include <sys/epoll.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "recipes/client/io_loop.h"

namespace paddock::client {

/// A descriptor that closes itself. Threads: one at a time.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() { reset(); }
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// What is behind an IoLoop: epoll, timers, tasks. One turn = what epoll found, then the timers
/// that are due, then the tasks.
///
/// Threads: mailbox. post, call_at, cancel_timer, await_callbacks and stop may be called by any
/// thread (mutex_); the rest belongs to the I/O thread.
class IoLoop::Core : public std::enable_shared_from_this<IoLoop::Core> {
 public:
  enum class Kind { threaded, embedded };

  /// Null when the system refuses a descriptor.
  static std::shared_ptr<Core> open(Kind kind, std::function<TimePoint()> now);
  Core(Kind kind, std::function<TimePoint()> now) : kind_(kind), now_(std::move(now)) {}

  Kind kind() const { return kind_; }
  TimePoint now() const { return now_(); }
  int epoll_fd() const { return epoll_.get(); }
  bool is_current() const;
  static bool is_any_current();
  /// An embedded loop, outside its callbacks, on the thread that drives it, or when that thread has
  /// ended: nobody else will run what is waited for.
  bool is_idle_driver() const;

  void post(UniqueFunction<void()> task);
  TimerId call_at(TimePoint at, UniqueFunction<void()> task);
  void cancel_timer(TimerId timer);
  void await_callbacks();

  /// Who still has something to finish after stop().
  void add_user();
  void remove_user();

  /// Threaded: turns until stop() was called and no user is left.
  void run();
  /// One turn without waiting.
  void run_ready();
  /// Lets run() end; an embedded loop ends at once. What is posted to a loop that has ended is
  /// dropped.
  void stop();

  using FdHandler = std::function<void(std::uint32_t events)>;
  using FdId = std::uint64_t;  ///< never reused, unlike descriptors: stale events find nobody
  /// Level-triggered. The handler may add and remove any, itself included.
  FdId add_fd(int fd, std::uint32_t events, FdHandler handler);
  void set_fd_events(FdId id, std::uint32_t events);
  /// Before the descriptor is closed.
  void remove_fd(FdId id);

  /// A buffer for whoever reads in this turn.
  std::span<std::byte> scratch() { return scratch_; }

 private:
  struct Watched {
    int fd;
    std::shared_ptr<FdHandler> handler;  ///< shared, to survive its own removal
  };

  void note_driver();
  void drive();
  void turn(int timeout_ms);
  void dispatch(int count);
  void run_timers();
  void run_tasks();
  /// Milliseconds for epoll_wait, and marks the loop as asleep if it would wait.
  int prepare_wait();
  void ring();
  void drop_all();
  void arm_timerfd();

  const Kind kind_;
  const std::function<TimePoint()> now_;
  OwnedFd epoll_;
  OwnedFd event_;  ///< edge-triggered, so it is never read
  OwnedFd timer_;  ///< embedded only

  mutable std::mutex mutex_;
  std::thread::id driver_{};               ///< embedded only: who ran it last
  std::weak_ptr<const void> driver_life_;  ///< expired when that thread has ended
  std::vector<UniqueFunction<void()>> tasks_;
  std::map<std::pair<TimePoint, TimerId>, UniqueFunction<void()>> timers_;
  std::unordered_map<TimerId, TimePoint> timer_times_;
  TimerId last_timer_ = 0;
  std::size_t users_ = 0;
  bool asleep_ = true;  ///< waiting, or about to: who posts must ring, once
  bool stopping_ = false;
  bool ended_ = false;  ///< no turn will come any more

  // The I/O thread's.
  std::unordered_map<FdId, Watched> fds_;
  FdId last_fd_ = 0;
  TimePoint timerfd_at_ = TimePoint::max();
  std::vector<std::byte> scratch_ = std::vector<std::byte>(64 * 1024);
  epoll_event events_[64];
};

}  // namespace paddock::client
