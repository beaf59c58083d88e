#include "core/proto/names.h"

#include <gtest/gtest.h>

namespace paddock::proto {
namespace {

TEST(Names, OfOperationsAreZooKeepers) {
  EXPECT_EQ(op_name(OpCode::remove), "delete");
  EXPECT_EQ(op_name(OpCode::get_children2), "getChildren2");
  EXPECT_EQ(op_name(OpCode::close_session), "closeSession");
  EXPECT_EQ(op_name(static_cast<OpCode>(10)), "unknown");
}

TEST(Names, OfLastOperationsAreThoseOfCons) {
  EXPECT_EQ(op_word(OpCode::create_container), "CREA");
  EXPECT_EQ(op_word(OpCode::get_all_children_number), "GETACN");
  EXPECT_EQ(op_word(OpCode::set_watches2), "STW2");
  EXPECT_EQ(op_word(OpCode::auth), "NA");
  EXPECT_EQ(op_word(static_cast<OpCode>(9999)), "NA");
}

TEST(Names, OnlyOperationsOfClientsAreKnown) {
  for (int op : {1,  2,  3,  4,  5,  6,   7,   8,   9,   11,  12,  13,  14,  15,  16, 17,
                 18, 19, 20, 21, 22, 100, 101, 102, 103, 104, 105, 106, 107, -10, -11}) {
    EXPECT_TRUE(is_known(static_cast<OpCode>(op))) << op;
    EXPECT_NE(op_name(static_cast<OpCode>(op)), "unknown") << op;
  }
  for (int op : {-1, 0, 10, 23, 99, 108, -2, -12, 1000, INT32_MIN, INT32_MAX})
    EXPECT_FALSE(is_known(static_cast<OpCode>(op))) << op;
}

TEST(Names, OfErrorsAreZooKeepers) {
  EXPECT_EQ(error_name(ErrorCode::ok), "Ok");
  EXPECT_EQ(error_name(ErrorCode::no_node), "NoNode");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(-4)), "ConnectionLoss");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(-99)), "unknown");
}

}  // namespace
}  // namespace paddock::proto
