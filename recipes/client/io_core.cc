#include "recipes/client/io_core.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>

namespace paddock::client {
namespace {

/// Rounds of tasks in one turn: a chain of callbacks that start requests goes on without asking the
/// kernel in between, but not for ever.
constexpr int task_rounds_max = 8;
/// epoll_event data of the event and timer descriptors.
constexpr std::uint64_t no_handler = 0;

/// The loop whose callbacks run on this thread.
thread_local const IoLoop::Core* current_core = nullptr;

/// Alive for as long as the thread that asks.
std::weak_ptr<const void> life_of_this_thread() {
  thread_local const auto life = std::make_shared<char>();
  return life;
}

class CurrentScope {
 public:
  explicit CurrentScope(const IoLoop::Core* core) : before_(std::exchange(current_core, core)) {}
  ~CurrentScope() { current_core = before_; }
  CurrentScope(const CurrentScope&) = delete;
  CurrentScope& operator=(const CurrentScope&) = delete;

 private:
  const IoLoop::Core* before_;
};

bool watch(int epoll, int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

void OwnedFd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::shared_ptr<IoLoop::Core> IoLoop::Core::open(Kind kind, std::function<TimePoint()> now) {
  auto core = std::make_shared<Core>(kind, std::move(now));
  core->epoll_ = OwnedFd(epoll_create1(EPOLL_CLOEXEC));
  core->event_ = OwnedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!core->epoll_ || !core->event_) return nullptr;
  if (!watch(core->epoll_.get(), core->event_.get(), EPOLLIN | EPOLLET, no_handler)) return nullptr;
  if (kind == Kind::threaded) return core;
  core->timer_ = OwnedFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!core->timer_) return nullptr;
  if (!watch(core->epoll_.get(), core->timer_.get(), EPOLLIN | EPOLLET, no_handler)) return nullptr;
  core->note_driver();
  return core;
}

bool IoLoop::Core::is_current() const { return current_core == this; }
bool IoLoop::Core::is_any_current() { return current_core != nullptr; }
bool IoLoop::Core::is_idle_driver() const {
  if (kind_ != Kind::embedded || is_current()) return false;
  std::lock_guard lock(mutex_);
  return driver_ == std::this_thread::get_id() || driver_life_.expired();
}

void IoLoop::Core::post(UniqueFunction<void()> task) {
  bool must_ring = false;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;  // the task is dropped, and with it who waits for it is let go
    tasks_.push_back(std::move(task));
    must_ring = std::exchange(asleep_, false);
  }
  if (must_ring) ring();
}

IoLoop::TimerId IoLoop::Core::call_at(TimePoint at, UniqueFunction<void()> task) {
  bool must_ring = false;
  TimerId id = 0;
  {
    std::lock_guard lock(mutex_);
    id = ++last_timer_;
    if (ended_) return id;
    timers_.emplace(std::pair(at, id), std::move(task));
    timer_times_.emplace(id, at);
    if (timers_.begin()->first.second == id) must_ring = std::exchange(asleep_, false);
  }
  if (must_ring) ring();
  return id;
}

void IoLoop::Core::cancel_timer(TimerId timer) {
  UniqueFunction<void()> task;  // destroyed outside the lock: it may own a great deal
  std::lock_guard lock(mutex_);
  const auto at = timer_times_.find(timer);
  if (at == timer_times_.end()) return;
  const auto entry = timers_.find(std::pair(at->second, timer));
  task = std::move(entry->second);
  timers_.erase(entry);
  timer_times_.erase(at);
}

void IoLoop::Core::await_callbacks() {
  if (is_current()) return;
  // Not run_ready(): this may be the end of the program, where the thread's life is over.
  if (is_idle_driver()) return drive();
  // A task behind all that was posted: when it runs, the callbacks of before are over.
  struct Barrier {
    std::mutex mutex;
    std::condition_variable changed;
    bool passed = false;
    void pass() {
      std::lock_guard lock(mutex);
      passed = true;
      changed.notify_all();
    }
  };
  // Passed by the task's end as well: a loop that ends drops its tasks.
  struct Passage {
    explicit Passage(std::shared_ptr<Barrier> b) : barrier(std::move(b)) {}
    Passage(Passage&&) = default;
    ~Passage() {
      if (barrier) barrier->pass();
    }
    std::shared_ptr<Barrier> barrier;
  };
  auto barrier = std::make_shared<Barrier>();
  post([passage = Passage(barrier)] {});
  std::unique_lock lock(barrier->mutex);
  barrier->changed.wait(lock, [&] { return barrier->passed; });
}

void IoLoop::Core::ring() {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, which takes 2^64 wake-ups.
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

int IoLoop::Core::prepare_wait() {
  std::lock_guard lock(mutex_);
  if (!tasks_.empty()) return 0;
  if (stopping_ && users_ == 0) return 0;
  int timeout_ms = -1;
  if (!timers_.empty()) {
    const TimePoint now = now_();
    const TimePoint at = timers_.begin()->first.first;
    if (at <= now) return 0;
    // Rounded up, or the loop would turn for nothing until the millisecond is over.
    const auto left = std::min<Clock::duration>(at - now, std::chrono::hours(1));
    timeout_ms = static_cast<int>(std::chrono::ceil<Milliseconds>(left).count());
  }
  asleep_ = true;
  return timeout_ms;
}

void IoLoop::Core::add_user() {
  std::lock_guard lock(mutex_);
  ++users_;
}

void IoLoop::Core::remove_user() {
  std::lock_guard lock(mutex_);
  --users_;
}

void IoLoop::Core::run() {
  const CurrentScope scope(this);
  for (;;) {
    turn(prepare_wait());
    {
      std::lock_guard lock(mutex_);
      if (!stopping_ || users_ != 0 || !tasks_.empty()) continue;
      ended_ = true;
    }
    return drop_all();
  }
}

void IoLoop::Core::run_ready() {
  note_driver();
  drive();
}

void IoLoop::Core::note_driver() {
  const std::thread::id self = std::this_thread::get_id();
  std::lock_guard lock(mutex_);
  // Ids are given to new threads when the old ones have ended.
  if (driver_ == self && !driver_life_.expired()) return;
  driver_ = self;
  driver_life_ = life_of_this_thread();
}

void IoLoop::Core::drive() {
  {
    const CurrentScope scope(this);
    turn(0);
  }
  {
    std::lock_guard lock(mutex_);
    asleep_ = tasks_.empty();
    if (!asleep_) ring();
  }
  arm_timerfd();
}

void IoLoop::Core::turn(int timeout_ms) {
  const int count =
      epoll_wait(epoll_.get(), events_, static_cast<int>(std::size(events_)), timeout_ms);
  {
    std::lock_guard lock(mutex_);
    asleep_ = false;
  }
  dispatch(count);
  run_timers();
  run_tasks();
}

void IoLoop::Core::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    if (events_[i].data.u64 == no_handler) continue;
    const auto at = fds_.find(events_[i].data.u64);
    if (at == fds_.end()) continue;
    const std::shared_ptr<FdHandler> handler = at->second.handler;
    (*handler)(events_[i].events);
  }
}

void IoLoop::Core::run_timers() {
  const TimePoint now = now_();
  // No more than there are: one that arms itself for the past waits for the next turn.
  std::size_t left = 0;
  {
    std::lock_guard lock(mutex_);
    left = timers_.size();
  }
  for (; left > 0; --left) {
    UniqueFunction<void()> task;
    {
      std::lock_guard lock(mutex_);
      if (timers_.empty() || timers_.begin()->first.first > now) return;
      const auto first = timers_.begin();
      task = std::move(first->second);
      timer_times_.erase(first->first.second);
      timers_.erase(first);
    }
    task();
  }
}

void IoLoop::Core::run_tasks() {
  std::vector<UniqueFunction<void()>> tasks;
  for (int round = 0; round < task_rounds_max; ++round) {
    {
      std::lock_guard lock(mutex_);
      if (tasks_.empty()) return;
      tasks.swap(tasks_);
    }
    for (UniqueFunction<void()>& task : tasks) std::exchange(task, {})();
    tasks.clear();
  }
}

void IoLoop::Core::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    ended_ = kind_ == Kind::embedded;
  }
  if (kind_ == Kind::embedded) return drop_all();
  ring();
}

void IoLoop::Core::drop_all() {
  // Destroyed outside the lock: they may own clients, whose ends post.
  std::vector<UniqueFunction<void()>> tasks;
  decltype(timers_) timers;
  decltype(fds_) fds;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    timers.swap(timers_);
    timer_times_.clear();
  }
  fds.swap(fds_);
}

IoLoop::Core::FdId IoLoop::Core::add_fd(int fd, std::uint32_t events, FdHandler handler) {
  const FdId id = ++last_fd_;
  fds_.emplace(id, Watched{fd, std::make_shared<FdHandler>(std::move(handler))});
  // ENOMEM and ENOSPC (max_user_watches): the deadlines of connecting and reading still hold.
  watch(epoll_.get(), fd, events, id);
  return id;
}

void IoLoop::Core::set_fd_events(FdId id, std::uint32_t events) {
  const auto at = fds_.find(id);
  if (at == fds_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, at->second.fd, &event);
}

void IoLoop::Core::remove_fd(FdId id) {
  const auto at = fds_.find(id);
  if (at == fds_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, at->second.fd, nullptr);
  fds_.erase(at);
}

void IoLoop::Core::arm_timerfd() {
  TimePoint at = TimePoint::max();
  {
    std::lock_guard lock(mutex_);
    if (!timers_.empty()) at = timers_.begin()->first.first;
  }
  // Firing once is enough only if the loop then ran, so what is due now is armed again, too.
  if (at == timerfd_at_ && at > now_()) return;
  timerfd_at_ = at;
  itimerspec spec{};  // all zero disarms
  if (at != TimePoint::max()) {
    const auto ns = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
    spec.it_value.tv_sec = ns / 1'000'000'000;
    spec.it_value.tv_nsec = ns % 1'000'000'000;
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace paddock::client
