#include "net/timer.h"

#include <algorithm>

#include "core/base/check.h"

namespace paddock::net {

namespace {

constexpr std::size_t arity = 4;  // half the levels of a binary heap, siblings share a cache line

}  // namespace

Timer::~Timer() { CHECK(!is_armed()); }

void Timers::put(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timer->slot_ = static_cast<std::uint32_t>(index + 1);
}

void Timers::sift_up(std::size_t index, Entry entry) {
  while (index != 0) {
    const std::size_t parent = (index - 1) / arity;
    if (heap_[parent].key_ns <= entry.key_ns) break;
    put(index, heap_[parent]);
    index = parent;
  }
  put(index, entry);
}

void Timers::sift_down(std::size_t index, Entry entry) {
  for (;;) {
    const std::size_t first = index * arity + 1;
    if (first >= heap_.size()) break;
    const std::size_t last = std::min(first + arity, heap_.size());
    std::size_t least = first;
    for (std::size_t i = first + 1; i < last; ++i) {
      if (heap_[i].key_ns < heap_[least].key_ns) least = i;
    }
    if (entry.key_ns <= heap_[least].key_ns) break;
    put(index, heap_[least]);
    index = least;
  }
  put(index, entry);
}

void Timers::erase(std::size_t index) {
  heap_[index].timer->slot_ = 0;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index != 0 && last.key_ns < heap_[(index - 1) / arity].key_ns) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

void Timers::arm(Timer& timer, std::int64_t deadline_ns) {
  CHECK(timer.fire_ != nullptr);
  timer.deadline_ns_ = deadline_ns;
  if (timer.is_armed()) {
    const std::size_t index = timer.slot_ - 1;
    CHECK(heap_[index].timer == &timer);
    if (deadline_ns < heap_[index].key_ns) sift_up(index, Entry{deadline_ns, &timer});
    return;  // later: the key stays, run() corrects it
  }
  heap_.push_back(Entry{deadline_ns, &timer});
  sift_up(heap_.size() - 1, heap_.back());
}

void Timers::cancel(Timer& timer) {
  if (!timer.is_armed()) return;
  const std::size_t index = timer.slot_ - 1;
  CHECK(heap_[index].timer == &timer);
  erase(index);
}

std::size_t Timers::run(std::int64_t now_ns) {
  // A function that arms for the past would make this loop endless: as many turns as there were
  // timers at the start are enough for all that was due then. What is left over comes at once in
  // the next run(), because next_ns() is in the past.
  std::size_t turns = heap_.size();
  std::size_t fired = 0;
  for (; turns != 0 && !heap_.empty() && heap_.front().key_ns <= now_ns; --turns) {
    Timer& timer = *heap_.front().timer;
    if (timer.deadline_ns_ > now_ns) {
      sift_down(0, Entry{timer.deadline_ns_, &timer});
      continue;
    }
    erase(0);
    ++fired;
    timer.fire_(timer, now_ns);
  }
  return fired;
}

}  // namespace paddock::net
