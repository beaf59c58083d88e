#include "core/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

namespace paddock::core {
namespace {

TEST(BlockCache, GivesOutBlocksOfAnySizeThatAreApart) {
  BlockCache cache;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t bytes = 1; bytes <= 600; ++bytes) {
      auto* block = static_cast<unsigned char*>(cache.allocate(bytes));
      std::memset(block, static_cast<int>(bytes % 251), bytes);
      blocks.emplace_back(block, bytes);
    }
    for (const auto& [block, bytes] : blocks) {
      for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(block[i], bytes % 251) << bytes;
      cache.free(block, bytes);
    }
  }
}

TEST(BlockCache, KeepsNoMoreThanItMay) {
  BlockCache cache;
  std::vector<void*> blocks;
  for (int i = 0; i < 20'000; ++i) blocks.push_back(cache.allocate(100));
  for (void* block : blocks) cache.free(block, 100);
  EXPECT_LE(cache.kept_bytes(), std::size_t{1} << 20);
}

TEST(BlockCache, TheBlockThatWasFreedLastIsTheNext) {
  const bool keeps = BlockCache::count_max != 0;
  BlockCache cache;
  void* first = cache.allocate(100);
  void* second = cache.allocate(112);
  cache.free(first, 100);
  cache.free(second, 112);
  EXPECT_EQ(cache.kept_bytes(), keeps ? 2 * 112 : 0);
  void* other_size = cache.allocate(96);
  EXPECT_EQ(cache.kept_bytes(), keeps ? 2 * 112 : 0);
  void* third = cache.allocate(97);
  EXPECT_EQ(third == second, keeps);
  void* fourth = cache.allocate(100);
  EXPECT_EQ(fourth == first, keeps);
  EXPECT_EQ(cache.kept_bytes(), 0u);
  cache.free(other_size, 96);
  cache.free(third, 97);
  cache.free(fourth, 100);
}

}  // namespace
}  // namespace paddock::core
