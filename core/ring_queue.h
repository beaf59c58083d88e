#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace paddock::core {

/// A first-in first-out queue in one array that doubles when full and is kept: no allocation after
/// warm-up, unlike std::deque. For small trivially movable values. Threads: loop-local.
template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& front() {
    DCHECK(size_ != 0);
    return items_[head_];
  }
  T& back() {
    DCHECK(size_ != 0);
    return items_[(head_ + size_ - 1) & (capacity_ - 1)];
  }
  /// The `index`-th from the front.
  T& at(std::size_t index) {
    DCHECK(index < size_);
    return items_[(head_ + index) & (capacity_ - 1)];
  }
  std::size_t memory_bytes() const { return capacity_ * sizeof(T); }
  void push_back(T value) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    items_[(head_ + size_) & (capacity_ - 1)] = std::move(value);
    ++size_;
  }
  void pop_front() {
    DCHECK(size_ != 0);
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
  }

 private:
  void grow() {
    const std::size_t wider = capacity_ == 0 ? 64 : 2 * capacity_;
    auto items = std::make_unique<T[]>(wider);
    for (std::size_t i = 0; i < size_; ++i) items[i] = std::move(at(i));
    items_ = std::move(items);
    capacity_ = wider;
    head_ = 0;
  }

  std::unique_ptr<T[]> items_;
  std::size_t capacity_ = 0;  // 0 or a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace paddock::core
