#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/wal/log_files.h"
#include "tests/unit/wal/log_harness.h"
#include "wal/record.h"
#include "wal/recovery.h"

// A log of format version 1, written once by tests/program/make_wal.cc with the steps
// `batches=9 kinds wide=9000 batches=3 stop` and cut behind the last record of each segment. It
// must stay readable for ever: a change that turns this test red needs a new format version.

namespace paddock::wal {
namespace {

void put_golden(LogHarness& log, const std::string& name) {
  std::ifstream file(std::string(PADDOCK_SOURCE_ROOT) + "/tests/golden/wal/v1_" + name,
                     std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty()) << name;
  const Bytes bytes = as_bytes(text);
  log.disk.put(path_in(LogHarness::dir, name), {bytes.begin(), bytes.end()});
}

TEST(GoldenLog, VersionOneIsReadable) {
  LogHarness log;
  put_golden(log, "0000000000000001.log");
  put_golden(log, "0000000000000026.log");
  const auto recovered = log.recover_only();
  ASSERT_TRUE(recovered) << recovered.error().reason;
  EXPECT_TRUE(recovered->clean_stop);
  EXPECT_TRUE(recovered->notes.empty());
  EXPECT_EQ(Zxid{0x29}, recovered->last);
  EXPECT_EQ(recovered->last, recovered->durable);
  EXPECT_EQ(0xba13724eu, log.end.chain);
  EXPECT_EQ(0x1122334455667788u, log.end.log_id);
  ASSERT_EQ(14u, log.found.size());
  EXPECT_EQ(3u, log.found.front().count);
  EXPECT_EQ(15u, log.found[9].count) << "a step of each kind";
  for (const LogHarness::Batch& batch : log.found) {
    std::vector<std::byte> aligned(as_bytes(batch.payload).begin(), as_bytes(batch.payload).end());
    const auto verified = verify_batch(aligned);
    ASSERT_TRUE(verified) << verified.error();
    EXPECT_EQ(batch.count, (*verified)->txns()->size());
  }
}

}  // namespace
}  // namespace paddock::wal
