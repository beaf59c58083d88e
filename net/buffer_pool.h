#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace paddock::net {

/// Buffers that connections borrow while they have something in them, so that an idle connection
/// holds none and a busy loop allocates none. Last in, first out: the next borrower gets memory
/// that is still in the cache. Threads: loop-local.
class BufferPool {
 public:
  static constexpr std::size_t first_bytes = 4096;  ///< capacity of a new buffer
  static constexpr std::size_t kept_bytes_max = 256u
                                                << 10;  ///< a wider one is given back to malloc
  static constexpr std::size_t kept_count_max = 1024;

  /// An empty buffer.
  ByteBuffer take() {
    ByteBuffer buffer;
    if (free_.empty()) {
      buffer.reserve(first_bytes);
    } else {
      buffer = std::move(free_.back());
      free_.pop_back();
    }
    ++lent_count_;
    return buffer;
  }

  /// Takes a buffer that came from take() back and leaves `buffer` without memory.
  void give(ByteBuffer& buffer) {
    --lent_count_;
    buffer.clear();
    if (buffer.capacity() <= kept_bytes_max && free_.size() < kept_count_max) {
      free_.push_back(std::move(buffer));
    }
    buffer.release();
  }

  /// Buffers out there: 0 when every connection is idle.
  std::size_t lent_count() const { return lent_count_; }

 private:
  std::vector<ByteBuffer> free_;
  std::size_t lent_count_ = 0;
};

}  // namespace paddock::net
