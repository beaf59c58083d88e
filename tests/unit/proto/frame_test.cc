#include "core/proto/frame.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/bytes_of.h"

namespace paddock::proto {
namespace {

using Kind = FrameSplit::Kind;

FrameSplit split(const std::string& run, std::int32_t max = frame_bytes_max_default) {
  return split_frame(as_bytes(run), max);
}

TEST(Frame, AWholeFrameIsAViewIntoTheRun) {
  const std::string run = hex("00000003 616263 00000001");
  const FrameSplit got = split(run);
  ASSERT_EQ(got.kind, Kind::complete);
  EXPECT_EQ(as_text(got.body), "abc");
  EXPECT_EQ(as_text(got.body).data(), run.data() + 4);
  EXPECT_EQ(got.bytes, 7u);
}

TEST(Frame, AnEmptyFrameIsComplete) {
  const FrameSplit got = split(hex("00000000"));
  EXPECT_EQ(got.kind, Kind::complete);
  EXPECT_TRUE(got.body.empty());
  EXPECT_EQ(got.bytes, 4u);
}

TEST(Frame, SeveralFramesThatArriveByteByByteComeOutWhole) {
  const std::string stream = hex("00000003 616263 00000000 00000001 64");
  std::string held;
  std::vector<std::string> frames;
  for (char byte : stream) {
    held.push_back(byte);
    for (;;) {
      const FrameSplit got = split(held);
      ASSERT_NE(got.kind, Kind::bad_length);
      if (got.kind == Kind::need_more) {
        EXPECT_GT(got.bytes, held.size());
        break;
      }
      frames.emplace_back(as_text(got.body));
      held.erase(0, got.bytes);
    }
  }
  EXPECT_EQ(frames, (std::vector<std::string>{"abc", "", "d"}));
  EXPECT_TRUE(held.empty());
}

TEST(Frame, HowManyBytesAreMissingIsSaid) {
  EXPECT_EQ(split("").bytes, 4u);
  EXPECT_EQ(split(hex("000000")).bytes, 4u);
  EXPECT_EQ(split(hex("00000102 00")).bytes, 4u + 0x102);
}

TEST(Frame, TheLimitIsAcceptedAndOneMoreIsNot) {
  EXPECT_EQ(split(hex("000fffff")).kind, Kind::need_more);
  EXPECT_EQ(split(hex("00100000")).kind, Kind::bad_length);
  std::string whole = hex("000fffff");
  whole.resize(4 + 1048575, 'x');
  EXPECT_EQ(split(whole).kind, Kind::complete);
  EXPECT_EQ(split(hex("00000006 616263646566"), 5).kind, Kind::bad_length);
  EXPECT_EQ(split(hex("00000005 6162636465"), 5).kind, Kind::complete);
}

TEST(Frame, NegativeLengthsAreBad) {
  EXPECT_EQ(split(hex("ffffffff")).kind, Kind::bad_length);
  EXPECT_EQ(split(hex("80000000")).kind, Kind::bad_length);
}

TEST(Frame, ALateFourLetterWordIsABadLength) { EXPECT_EQ(split("ruok").kind, Kind::bad_length); }

TEST(Frame, ABegunFrameGetsItsLengthAtTheEnd) {
  ByteBuffer out;
  out.append(as_bytes("before"));
  const FrameStart start = begin_frame(out);
  out.append(as_bytes(std::string(1000, 'x')));  // moves the buffer
  end_frame(out, start);
  const std::string got = text(out);
  EXPECT_EQ(got.substr(0, 10), "before" + hex("000003e8"));
  EXPECT_EQ(got.size(), 6u + 4 + 1000);
}

TEST(Frame, ADroppedFrameLeavesWhatWasBeforeIt) {
  ByteBuffer out;
  out.append(as_bytes("before"));
  const FrameStart start = begin_frame(out);
  out.append(as_bytes("body"));
  drop_frame(out, start);
  EXPECT_EQ(text(out), "before");
}

}  // namespace
}  // namespace paddock::proto
