#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace paddock::core {

/// Memory of small blocks that are freed and wanted all the time, kept by size and given out again,
/// the last one first. The allocator would put each back where its neighbours are, and look there
/// for the next one: in a large tree that is all over the memory, some misses of cache and TLB for
/// each version that replaces another.
///
/// In debug and sanitizer builds nothing is kept, so that a sanitizer sees who uses a freed block.
///
/// Threads: loop-local.
class BlockCache {
 public:
  BlockCache() = default;
  ~BlockCache() {
    for (Kept& kept : kept_) {
      while (kept.first != nullptr) ::operator delete(pop(kept));
    }
  }
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  void* allocate(std::size_t bytes) {
    if (bytes > bytes_max || count_max == 0) return ::operator new(bytes);
    Kept& kept = kept_[size_of(bytes)];
    if (kept.first != nullptr) return pop(kept);
    const std::size_t rounded = size_of(bytes) * step;
    return ::operator new(rounded);
  }
  /// `bytes` as they were asked for.
  void free(void* block, std::size_t bytes) {
    if (bytes > bytes_max || kept_[size_of(bytes)].count == count_max)
      return ::operator delete(block);
    Kept& kept = kept_[size_of(bytes)];
    kept.first = new (block) Block{kept.first};
    ++kept.count;
  }
  std::size_t kept_bytes() const {
    std::size_t bytes = 0;
    for (std::size_t size = 0; size < kept_.size(); ++size)
      bytes += kept_[size].count * size * step;
    return bytes;
  }

#if defined(PADDOCK_DEBUG_CHECKS)
  static constexpr std::size_t count_max = 0;
#else
  static constexpr std::size_t count_max = 4096;  ///< of each size: 1 MiB of the largest
#endif

 private:
  struct Block {
    Block* next;
  };
  struct Kept {
    Block* first = nullptr;
    std::size_t count = 0;
  };
  static constexpr std::size_t step = 16;
  static constexpr std::size_t bytes_max = 256;
  static std::size_t size_of(std::size_t bytes) { return (bytes + step - 1) / step; }
  static void* pop(Kept& kept) {
    Block* block = kept.first;
    kept.first = block->next;
    --kept.count;
    return block;
  }

  std::array<Kept, bytes_max / step + 1> kept_;
};

}  // namespace paddock::core
