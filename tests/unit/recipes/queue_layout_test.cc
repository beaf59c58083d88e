#include "recipes/queue_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace paddock::recipes {
namespace {

using namespace std::string_literals;

TEST(QueueLayout, KazoosNames) {
  const QueueLayout layout = QueueLayout::kazoo("/q");
  EXPECT_EQ(layout.entries(), "/q/entries");
  EXPECT_EQ(layout.taken(), "/q/taken");
  EXPECT_EQ(layout.name_prefix(std::nullopt), "entry-100-");
  EXPECT_EQ(layout.name_prefix(7), "entry-007-");
  EXPECT_EQ(layout.name_prefix(999), "entry-999-");
  EXPECT_EQ(layout.name_prefix(1000), std::nullopt);
  EXPECT_EQ(layout.name_prefix(-1), std::nullopt);
  EXPECT_TRUE(layout.is_entry("entry-100-0000000001"));
  EXPECT_FALSE(layout.is_entry("other"));
  EXPECT_EQ(layout.encode("x"), "x");
  EXPECT_EQ(layout.decode(layout.encode("x")), std::vector<std::string>{"x"});
}

TEST(QueueLayout, CuratorsNamesSortByPriority) {
  const QueueLayout layout = QueueLayout::curator("/q", "/locks");
  EXPECT_EQ(layout.entries(), "/q");
  EXPECT_EQ(layout.taken(), "/locks");
  EXPECT_EQ(layout.name_prefix(std::nullopt), "queue-");
  EXPECT_EQ(layout.name_prefix(1), "queue-100000001");
  EXPECT_EQ(layout.name_prefix(-1), "queue-0FFFFFFFF");
  std::vector<std::string> names;
  for (const int priority :
       {std::numeric_limits<int>::min(), -2, -1, 0, 1, 255, 256, std::numeric_limits<int>::max()}) {
    names.push_back(*layout.name_prefix(priority));
  }
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(QueueLayout, CuratorsFrame) {
  const QueueLayout layout = QueueLayout::curator("/q", "/locks");
  EXPECT_EQ(layout.encode("ab"), "\0\1\0\1\1\0\0\0\2ab\2"s);
  EXPECT_EQ(layout.decode("\0\1\0\1\1\0\0\0\2ab\1\0\0\0\0\1\0\0\0\1c\2"s),
            (std::vector<std::string>{"ab", "", "c"}));
  EXPECT_TRUE(layout.decode("\0\1\0\1\2"s).empty());
}

TEST(QueueLayout, WhatIsNoFrameIsOneMessage) {
  const QueueLayout layout = QueueLayout::curator("/q", "/locks");
  const std::string frame = layout.encode("abc");
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const std::string torn = frame.substr(0, size);
    EXPECT_EQ(layout.decode(torn), std::vector<std::string>{torn}) << size;
  }
  const std::string long_item = "\0\1\0\1\1\xff\xff\xff\xff x\2"s;
  EXPECT_EQ(layout.decode(long_item), std::vector<std::string>{long_item});
}

}  // namespace
}  // namespace paddock::recipes
