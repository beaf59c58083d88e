#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/check.h"

namespace paddock::reactor {

/// Objects by a 32-bit index, in blocks that never move, so that growing costs one allocation and
/// never a copy of everything, and a reference between objects takes 4 bytes. Freed places are used
/// again first. Objects are plain data: whoever frees one has cleaned it up.
///
/// Threads: loop-local.
template <class T>
class Slab {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  /// A default-constructed object.
  std::uint32_t allocate() {
    if (free_.empty()) {
      if (used_ == blocks_.size() * block_count) blocks_.push_back(std::make_unique<Block>());
      CHECK(used_ != none);
      return used_++;
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    (*this)[index] = T{};
    return index;
  }
  void free(std::uint32_t index) {
    (*this)[index] = T{};
    free_.push_back(index);
  }

  T& operator[](std::uint32_t index) {
    DCHECK(index < used_);
    return blocks_[index / block_count]->items[index % block_count];
  }
  const T& operator[](std::uint32_t index) const { return const_cast<Slab&>(*this)[index]; }

  std::size_t size() const { return used_ - free_.size(); }
  std::size_t memory_bytes() const {
    return blocks_.size() * sizeof(Block) + free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t block_count = 1024;
  struct Block {
    T items[block_count];
  };

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;  ///< places ever given out
};

}  // namespace paddock::reactor
