#include "wal/names.h"

#include <gtest/gtest.h>

namespace paddock::wal {
namespace {

TEST(WalNames, ASegmentIsSixteenLowerCaseHexDigitsAndNothingElse) {
  EXPECT_EQ("0000000100000001.log", segment_name(make_zxid(1, 1)));
  EXPECT_EQ(make_zxid(1, 1), segment_first("0000000100000001.log"));
  EXPECT_EQ(Zxid{INT64_MAX}, segment_first("7fffffffffffffff.log"));
  for (const char* name : {"", ".log", "1.log", "0000000100000001", "0000000100000001.LOG",
                           "000000010000000A.log", "0000000100000001.log.tmp",
                           "00000001000000001.log", "0000000000000000.log", "ffffffffffffffff.log",
                           "8000000000000000.log", "+000000100000001.log", " 000000100000001.log",
                           "0x00000100000001.log", "-000000100000001.log", "0000000100000001.snap"})
    EXPECT_FALSE(segment_first(name)) << name;
}

TEST(WalNames, NamesSortAsZxidsDo) {
  EXPECT_LT(segment_name(Zxid{9}), segment_name(Zxid{10}));
  EXPECT_LT(segment_name(make_zxid(1, 0xffffffff)), segment_name(make_zxid(2, 1)));
}

TEST(WalNames, ASpareHasADecimalNumber) {
  EXPECT_EQ("12.spare", spare_name(12));
  EXPECT_EQ(12u, spare_number("12.spare"));
  EXPECT_EQ(UINT64_MAX, spare_number("18446744073709551615.spare"));
  for (const char* name : {".spare", "x.spare", "-1.spare", "18446744073709551616.spare",
                           "12.spare.tmp", "12", "1 2.spare"})
    EXPECT_FALSE(spare_number(name)) << name;
}

TEST(WalNames, APathHasOneSlashBetween) {
  EXPECT_EQ("d/n", path_in("d", "n"));
  EXPECT_EQ("d/n", path_in("d/", "n"));
  EXPECT_EQ("/n", path_in("/", "n"));
  EXPECT_EQ("n", path_in("", "n"));
}

}  // namespace
}  // namespace paddock::wal
