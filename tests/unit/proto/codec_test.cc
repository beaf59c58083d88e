#include "core/proto/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/bytes_of.h"

namespace paddock::proto {
namespace {

Reader reader(const std::string& bytes, TextArena* arena = nullptr, ReadLimits limits = {}) {
  return Reader(as_bytes(bytes), arena, limits);
}

TEST(Codec, NumbersAreBigEndian) {
  const std::string bytes = hex("01020304 fffffffe 0102030405060708 8000000000000000");
  Reader in = reader(bytes);
  EXPECT_EQ(in.i32(), 0x01020304);
  EXPECT_EQ(in.i32(), -2);
  EXPECT_EQ(in.i64(), 0x0102030405060708);
  EXPECT_EQ(in.i64(), INT64_MIN);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.rest().empty());

  ByteBuffer out;
  Writer to(out);
  to.i32(0x01020304);
  to.i32(-2);
  to.i64(0x0102030405060708);
  to.i64(INT64_MIN);
  EXPECT_EQ(text(out), bytes);
}

TEST(Codec, AnyByteButZeroIsTrueAndOneIsWritten) {
  const std::string bytes = hex("00 01 02 ff 80");
  Reader in = reader(bytes);
  EXPECT_FALSE(in.boolean());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(in.boolean());
  EXPECT_TRUE(in.ok());
  ByteBuffer out;
  Writer(out).boolean(true);
  Writer(out).boolean(false);
  EXPECT_EQ(text(out), hex("01 00"));
}

TEST(Codec, NullAndEmptyBuffersAreDistinct) {
  const std::string bytes = hex("ffffffff 00000000 00000002 6162");
  Reader in = reader(bytes);
  EXPECT_FALSE(in.buffer().has_value());
  const Buffer empty = in.buffer();
  ASSERT_TRUE(empty.has_value());
  EXPECT_TRUE(empty->empty());
  EXPECT_EQ(as_text(*in.buffer()), "ab");
  EXPECT_TRUE(in.ok());

  ByteBuffer out;
  Writer to(out);
  to.buffer(std::nullopt);
  to.buffer(Bytes{});
  to.buffer(as_bytes("ab"));
  EXPECT_EQ(text(out), bytes);
}

TEST(Codec, NullAndEmptyStringsAreDistinct) {
  const std::string bytes = hex("ffffffff 00000000 00000002 6162");
  Reader in = reader(bytes);
  EXPECT_EQ(in.ustring(), std::nullopt);
  EXPECT_EQ(in.ustring(), "");
  EXPECT_EQ(in.ustring(), "ab");
  EXPECT_TRUE(in.ok());

  ByteBuffer out;
  Writer to(out);
  to.ustring(std::nullopt);
  to.ustring("");
  to.ustring("ab");
  EXPECT_EQ(text(out), bytes);
}

TEST(Codec, LengthsBelowMinusOneAreMalformed) {
  for (const char* length : {"fffffffe", "80000000"}) {
    const std::string bytes = hex(length) + "abcdef";
    Reader a = reader(bytes);
    EXPECT_FALSE(a.buffer().has_value());
    EXPECT_EQ(a.error(), DecodeError::bad_length);
    Reader b = reader(bytes);
    EXPECT_FALSE(b.ustring().has_value());
    EXPECT_EQ(b.error(), DecodeError::bad_length);
  }
}

TEST(Codec, AFieldMayHaveTheLimitAndNotOneByteMore) {
  const ReadLimits limits{.field_bytes_max = 5};
  const std::string at_limit = hex("00000005") + "abcde";
  const std::string above = hex("00000006") + "abcdef";
  Reader a = reader(at_limit, nullptr, limits);
  EXPECT_EQ(a.ustring(), "abcde");
  Reader b = reader(at_limit, nullptr, limits);
  EXPECT_EQ(b.buffer()->size(), 5u);
  Reader c = reader(above, nullptr, limits);
  EXPECT_FALSE(c.ustring().has_value());
  EXPECT_EQ(c.error(), DecodeError::bad_length);
  Reader d = reader(above, nullptr, limits);
  EXPECT_FALSE(d.buffer().has_value());
  EXPECT_EQ(d.error(), DecodeError::bad_length);
}

TEST(Codec, TheDefaultLimitIsTwiceJuteMaxbuffer) {
  std::string bytes = hex("001ffffe");
  bytes.resize(4 + 2097150, 'x');
  Reader a = reader(bytes);
  EXPECT_EQ(a.buffer()->size(), 2097150u);
  bytes[3] = '\xff';
  bytes.push_back('x');
  Reader b = reader(bytes);
  b.buffer();
  EXPECT_EQ(b.error(), DecodeError::bad_length);
}

TEST(Codec, AFieldThatIsCutOffIsTruncated) {
  const std::string three = hex("000000");
  Reader a = reader(three);
  EXPECT_EQ(a.i32(), 0);
  EXPECT_EQ(a.error(), DecodeError::truncated);
  const std::string seven = hex("00000000000000");
  Reader b = reader(seven);
  EXPECT_EQ(b.i64(), 0);
  EXPECT_EQ(b.error(), DecodeError::truncated);
  Reader c = reader("");
  EXPECT_FALSE(c.boolean());
  EXPECT_EQ(c.error(), DecodeError::truncated);
  const std::string two_of_three = hex("00000003 6162");
  Reader d = reader(two_of_three);
  EXPECT_FALSE(d.buffer().has_value());
  EXPECT_EQ(d.error(), DecodeError::truncated);
}

TEST(Codec, TheFirstErrorSticksAndNothingIsReadBehindIt) {
  const std::string bytes = hex("fffffffe 00000001 00000002 00000003");
  Reader in = reader(bytes);
  EXPECT_FALSE(in.buffer().has_value());
  EXPECT_EQ(in.i32(), 0);
  EXPECT_EQ(in.i64(), 0);
  EXPECT_FALSE(in.boolean());
  EXPECT_FALSE(in.ustring().has_value());
  EXPECT_TRUE(in.rest().empty());
  EXPECT_EQ(in.error(), DecodeError::bad_length);
}

TEST(Codec, WellFormedTextIsAViewIntoTheFrame) {
  const std::string bytes = hex("00000005") + "/\xe2\x82\xac/";
  TextArena arena;
  Reader in = reader(bytes, &arena);
  const Ustring path = in.ustring();
  EXPECT_EQ(path->data(), bytes.data() + 4);
  EXPECT_TRUE(arena.empty());
}

TEST(Codec, MalformedTextIsRepairedIntoTheArena) {
  const std::string bytes = hex("00000003 2f ff 61");
  TextArena arena;
  Reader in = reader(bytes, &arena);
  EXPECT_EQ(in.ustring(),
            "/\xef\xbf\xbd"
            "a");
  EXPECT_TRUE(in.ok());
  EXPECT_FALSE(arena.empty());
}

TEST(Codec, MalformedTextWithoutAnArenaIsAnError) {
  const std::string bytes = hex("00000003 2f ff 61");
  Reader in = reader(bytes);
  EXPECT_EQ(in.ustring(), std::nullopt);
  EXPECT_EQ(in.error(), DecodeError::bad_utf8);
}

TEST(Codec, VectorCountsMinusOneIsNullAndOtherNegativesAreEmpty) {
  const std::string bytes = hex("ffffffff fffffffe 80000000 00000000 00000002 00000000 ffffffff");
  Reader in = reader(bytes);
  Vector<Ustring> names;
  in.read(names);
  EXPECT_TRUE(names.is_null);
  for (int i = 0; i < 3; ++i) {
    in.read(names);
    EXPECT_FALSE(names.is_null);
    EXPECT_TRUE(names.items.empty());
  }
  in.read(names);
  EXPECT_EQ(names.items, (std::vector<Ustring>{"", std::nullopt}));
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.rest().empty());
}

TEST(Codec, ACountThatTheBytesCannotHoldReservesNothing) {
  const std::string bytes = hex("7fffffff 00000000");
  Reader in = reader(bytes);
  Vector<Ustring> names;
  in.read(names);
  EXPECT_EQ(in.error(), DecodeError::truncated);
  EXPECT_EQ(names.items.capacity(), 0u);
}

TEST(Codec, ACountMayBeExactlyWhatTheBytesHold) {
  const std::string three = hex("00000003 ffffffff ffffffff ffffffff");
  Reader a = reader(three);
  EXPECT_EQ(a.count(4), 3u);
  const std::string four = hex("00000004 ffffffff ffffffff ffffffff");
  Reader b = reader(four);
  EXPECT_EQ(b.count(4), 0u);
  EXPECT_EQ(b.error(), DecodeError::truncated);
}

TEST(Codec, AReusedVectorForgetsItsOldItems) {
  const std::string bytes = hex("00000002 00000001 61 00000001 62  00000001 00000001 63  ffffffff");
  Reader in = reader(bytes);
  Vector<Ustring> names;
  in.read(names);
  in.read(names);
  EXPECT_EQ(names.items, (std::vector<Ustring>{"c"}));
  in.read(names);
  EXPECT_TRUE(names.is_null);
  EXPECT_TRUE(names.items.empty());
}

TEST(Codec, NullVectorsAreWrittenAsMinusOne) {
  ByteBuffer out;
  Writer to(out);
  to.write(Vector<Ustring>{.items = {}, .is_null = true});
  to.write(Vector<Ustring>{});
  to.write(Vector<Ustring>{.items = {"a", std::nullopt}});
  EXPECT_EQ(text(out), hex("ffffffff 00000000 00000002 00000001 61 ffffffff"));
}

TEST(Codec, TheSmallestWireSizesAreKnown) {
  static_assert(detail::wire_bytes_min<bool>() == 1);
  static_assert(detail::wire_bytes_min<std::int32_t>() == 4);
  static_assert(detail::wire_bytes_min<Zxid>() == 8);
  static_assert(detail::wire_bytes_min<Ustring>() == 4);
  static_assert(detail::wire_bytes_min<Acl>() == 12);
  static_assert(detail::wire_bytes_min<Stat>() == stat_bytes);
  static_assert(detail::wire_bytes_min<RequestHeader>() == request_header_bytes);
  static_assert(detail::wire_bytes_min<ReplyHeader>() == reply_header_bytes);
}

}  // namespace
}  // namespace paddock::proto
