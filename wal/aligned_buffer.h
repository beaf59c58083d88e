#pragma once

#include <cstddef>

#include "wal/direct_buffer.h"

namespace paddock::wal {

/// A DirectBuffer that grows and keeps its room when it is used again. Threads: loop-local.
class AlignedBuffer {
 public:
  std::byte* data() const { return buffer_.data(); }
  std::size_t capacity() const { return buffer_.size(); }

  /// Makes room for `bytes`; what was in it is lost when it grows.
  void reserve(std::size_t bytes) {
    if (bytes <= capacity()) return;
    std::size_t wider = direct_block_bytes;
    while (wider < bytes) wider *= 2;
    buffer_ = DirectBuffer(wider);
  }
  void release() { buffer_ = {}; }

 private:
  DirectBuffer buffer_;
};

}  // namespace paddock::wal
