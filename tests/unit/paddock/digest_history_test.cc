#include "paddock/words/digest_history.h"

#include <gtest/gtest.h>

#include <vector>

namespace paddock::words {
namespace {

TEST(DigestHistory, HasAnEntryAtTheFirstBatchEndAtOrBehindEach128thTransaction) {
  DigestHistory history;
  std::vector<std::int64_t> zxids;
  for (const std::int64_t end : {3, 127, 130, 200, 256, 257, 600, 601}) history.note(Zxid{end}, 7);
  for (const DigestView& entry : history.entries()) zxids.push_back(entry.zxid.value);
  EXPECT_EQ(zxids, (std::vector<std::int64_t>{130, 256, 600}));
}

TEST(DigestHistory, KeepsTheLast1024) {
  DigestHistory history;
  for (std::int64_t i = 0; i <= 1100; ++i)
    history.note(Zxid{i * 128}, static_cast<std::uint64_t>(i));
  ASSERT_EQ(history.entries().size(), DigestHistory::entries_max);
  EXPECT_EQ(history.entries().back().digest, 1100u);
  EXPECT_EQ(history.entries().front().digest, 1100u - 1023);
}

}  // namespace
}  // namespace paddock::words
