#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace paddock::core {

/// Memory for bytes that all die together. clear() keeps it for the next round, up to a bound, so
/// that a request that is like the one before allocates nothing. What was handed out never moves.
///
/// Threads: loop-local.
class Arena {
 public:
  /// `count` unset bytes.
  char* take(std::size_t count) {
    if (chunk_ == chunks_.size() || chunks_[chunk_].size - used_ < count) [[unlikely]]
      next_chunk(count);
    char* at = chunks_[chunk_].bytes.get() + used_;
    used_ += count;
    return at;
  }
  std::string_view keep(std::string_view text) {
    char* at = take(text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  Bytes keep(Bytes bytes) { return as_bytes(keep(as_text(bytes))); }

  /// Everything handed out is dead. Memory beyond kept_bytes_max goes back.
  void clear() {
    chunk_ = used_ = 0;
    if (bytes_ <= kept_bytes_max) return;
    chunks_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t chunk_bytes_min = 4096;
  static constexpr std::size_t kept_bytes_max = 256 * 1024;

  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  /// Moves on to a chunk with room for `count`; smaller ones on the way stay unused this round.
  void next_chunk(std::size_t count) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < count) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ < chunks_.size()) return;
    const std::size_t size = count > chunk_bytes_min ? count : chunk_bytes_min;
    chunks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    bytes_ += size;
  }

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  ///< the one being filled; chunks_.size() = none yet
  std::size_t used_ = 0;   ///< bytes of it
  std::size_t bytes_ = 0;  ///< of all chunks
};

}  // namespace paddock::core
