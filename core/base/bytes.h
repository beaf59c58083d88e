#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "core/base/check.h"

namespace paddock {

/// Borrowed bytes; the lender's contract says how long they live.
using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void store_be32(std::byte* to, std::uint32_t v) {
  v = __builtin_bswap32(v);
  std::memcpy(to, &v, 4);
}
inline void store_be64(std::byte* to, std::uint64_t v) {
  v = __builtin_bswap64(v);
  std::memcpy(to, &v, 8);
}
inline std::uint32_t load_be32(const std::byte* from) {
  std::uint32_t v;
  std::memcpy(&v, from, 4);
  return __builtin_bswap32(v);
}
inline std::uint64_t load_be64(const std::byte* from) {
  std::uint64_t v;
  std::memcpy(&v, from, 8);
  return __builtin_bswap64(v);
}

/// A growable run of bytes that is never zero-filled and keeps its memory over clear(): replies,
/// notifications and log payloads are encoded straight into one. Pointers into it live until the
/// next call that grows it. Threads: loop-local.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  Bytes bytes() const { return {data_.get(), size_}; }

  /// Adds `count` unset bytes at the end and returns where they start.
  std::byte* grow(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]]
      reserve(size_ + count);
    std::byte* at = data_.get() + size_;
    size_ += count;
    return at;
  }
  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
  }
  /// Makes room for at least `capacity` bytes in all; at least doubles.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    if (capacity < 2 * capacity_) capacity = 2 * capacity_;
    if (capacity < 256) capacity = 256;
    std::unique_ptr<std::byte[]> wider(new std::byte[capacity]);
    if (size_ != 0) std::memcpy(wider.get(), data_.get(), size_);
    data_ = std::move(wider);
    capacity_ = capacity;
  }
  /// Cuts back to `size` bytes, which must not exceed size().
  void truncate(std::size_t size) {
    CHECK(size <= size_);
    size_ = size;
  }
  void clear() { size_ = 0; }
  /// Gives the memory back as well.
  void release() {
    data_.reset();
    size_ = capacity_ = 0;
  }
  void swap(ByteBuffer& other) noexcept {
    data_.swap(other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace paddock
