#include "core/proto/utf8.h"

#include <gtest/gtest.h>

namespace paddock::proto {
namespace {

std::string repaired(std::string_view bytes) { return utf8_repaired(as_bytes(bytes)); }
std::size_t valid(std::string_view bytes) { return utf8_valid_prefix(as_bytes(bytes)); }

constexpr const char* bad = "\xef\xbf\xbd";

TEST(Utf8, AsciiAndEveryLengthOfCharacterAreValid) {
  for (std::size_t n = 0; n < 40; ++n) EXPECT_EQ(valid(std::string(n, 'x')), n);
  EXPECT_EQ(valid("\xc2\x80\xdf\xbf"), 4u);
  EXPECT_EQ(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), 12u);
  EXPECT_EQ(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 8u);
}

TEST(Utf8, TheValidPrefixEndsAtTheFirstMalformedByteWhereverItStands) {
  for (std::size_t n = 0; n < 40; ++n) {
    EXPECT_EQ(valid(std::string(n, 'x') + "\x80" + "yyyyyyyyyyyyyyyyyy"), n);
    EXPECT_EQ(valid(std::string(n, 'x') + "\xc3"), n);
  }
}

TEST(Utf8, ValidTextIsRepairedToItself) {
  const std::string text = "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 end";
  EXPECT_EQ(repaired(text), text);
  EXPECT_EQ(repaired(""), "");
}

struct Case {
  const char* bytes;
  int replacements;
  const char* rest;  // what stands behind them, unchanged
};

// What new String(bytes, UTF_8) of Java 11 gives, piece by piece.
TEST(Utf8, EachMalformedPieceIsReplacedOnceAsJavaDoes) {
  const Case cases[] = {
      {"\x80", 1, ""},
      {"\x80\xbf", 2, ""},
      {"\xc0\x80", 2, ""},  // overlong NUL: both bytes alone
      {"\xc1\xbf", 2, ""},
      {"\xc3", 1, ""},  // cut off
      {"\xc3x", 1, "x"},
      {"\xe0\x80\x80", 3, ""},  // overlong: the second byte cannot follow
      {"\xe0\x9f\xbf", 3, ""},
      {"\xe2\x82", 1, ""},  // two good bytes, then the end: one piece
      {"\xe2\x82x", 1, "x"},
      {"\xe2x\x82", 1, "x"},  // see below for what follows x
      {"\xe2", 1, ""},
      {"\xed\xa0\x80", 1, ""},  // a surrogate is one piece of three bytes
      {"\xed\xbf\xbf", 1, ""},
      {"\xed\xa0\xbd\xed\xb8\x80", 2, ""},  // CESU-8 of U+1F600
      {"\xed\xa0", 1, ""},
      {"\xed\xa0x", 1, "x"},
      {"\xf0\x80\x80\x80", 4, ""},  // overlong
      {"\xf0\x8f\xbf\xbf", 4, ""},
      {"\xf0\x9f\x98", 1, ""},
      {"\xf0\x9f\x98x", 1, "x"},
      {"\xf0\x9fx", 1, "x"},
      {"\xf0x", 1, "x"},
      {"\xf4\x90\x80\x80", 4, ""},  // above U+10FFFF
      {"\xf5\x80\x80\x80", 4, ""},
      {"\xf8\x88\x80\x80\x80", 5, ""},  // the old five-byte form
      {"\xfe\xff", 2, ""},
  };
  for (const Case& c : cases) {
    std::string wanted;
    for (int i = 0; i < c.replacements; ++i) wanted += bad;
    wanted += c.rest;
    const std::string got = repaired(c.bytes);
    if (std::string_view(c.bytes) == "\xe2x\x82") wanted += bad;
    EXPECT_EQ(got, wanted) << "case " << (&c - cases);
    EXPECT_EQ(valid(got), got.size());
  }
}

TEST(Utf8, WhatSurroundsAMalformedPieceStays) {
  EXPECT_EQ(repaired("ab\xff"
                     "cd\xc3\xa4\xe2\x82"),
            std::string("ab") + bad + "cd\xc3\xa4" + bad);
}

TEST(Utf8, TheFirstCharacterIsDecoded) {
  EXPECT_EQ(utf8_first("ab").value, U'a');
  EXPECT_EQ(utf8_first("\xc3\xa4").value, 0xe4u);
  EXPECT_EQ(utf8_first("\xe2\x82\xacx").value, 0x20acu);
  EXPECT_EQ(utf8_first("\xf0\x9f\x98\x80").value, 0x1f600u);
  EXPECT_EQ(utf8_first("\xf0\x9f\x98\x80").bytes, 4u);
}

TEST(Utf8, TheArenaKeepsEachTextAtItsPlace) {
  TextArena arena;
  const std::string_view first = arena.keep("short");
  const std::string_view second = arena.keep(std::string(1000, 'y'));
  for (int i = 0; i < 100; ++i) arena.keep("more");
  EXPECT_EQ(first, "short");
  EXPECT_EQ(second, std::string(1000, 'y'));
  arena.clear();
  EXPECT_TRUE(arena.empty());
}

}  // namespace
}  // namespace paddock::proto
