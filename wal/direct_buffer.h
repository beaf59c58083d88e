#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace paddock::wal {

/// What direct reads and writes want of offsets, lengths and memory.
constexpr std::size_t direct_block_bytes = 4096;

/// Memory for direct reads and writes, unset, of a fixed size that is a multiple of
/// direct_block_bytes. Threads: loop-local.
class DirectBuffer {
 public:
  DirectBuffer() = default;
  explicit DirectBuffer(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t(direct_block_bytes)))),
        size_(bytes) {}

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> first(std::size_t bytes) const { return {data_.get(), bytes}; }

 private:
  struct Free {
    void operator()(std::byte* data) const {
      ::operator delete(data, std::align_val_t(direct_block_bytes));
    }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace paddock::wal
