#include "core/proto/multi.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/bytes_of.h"

namespace paddock::proto {
namespace {

const std::string end_bytes = hex("ffffffff 01 ffffffff");

std::string header(int op) { return encoded(MultiHeader{.op = static_cast<OpCode>(op)}); }

std::string create_body(std::int32_t flags) {
  return encoded(CreateRequest{
      .path = "/a", .data = {}, .acl = {.items = {{31, "world", "anyone"}}}, .flags = flags});
}
std::string create_ttl_body(std::int32_t flags) {
  return encoded(CreateTtlRequest{.path = "/a", .flags = flags, .ttl_ms = 5});
}

TEST(Multi, HeaderAndEndMarkerHaveTheirWireForm) {
  ByteBuffer out;
  Writer to(out);
  write_multi_op(to, OpCode::remove);
  write_multi_end(to);
  EXPECT_EQ(text(out), hex("00000002 00 ffffffff") + end_bytes);
}

TEST(Multi, EmptyIsJustTheEndMarker) {
  EXPECT_EQ(*multi_op_count(as_bytes(end_bytes)), 0u);
  EXPECT_EQ(*multi_read_op_count(as_bytes(end_bytes)), 0u);
}

TEST(Multi, EveryWriteOperationIsReadInOrder) {
  const std::string body = header(1) + create_body(0) + header(15) + create_body(6) + header(19) +
                           create_body(4) + header(21) + create_ttl_body(5) + header(2) +
                           encoded(PathVersionRequest{.path = "/d", .version = 1}) + header(5) +
                           encoded(SetDataRequest{.path = "/s", .data = as_bytes("x")}) +
                           header(13) + encoded(PathVersionRequest{.path = "/c"}) + end_bytes;
  ASSERT_EQ(multi_op_count(as_bytes(body)).value_or(0), 7u);
  Reader in{as_bytes(body)};
  MultiReader walk(in);
  MultiOp op;
  std::vector<int> kinds;
  while (auto next = walk.next()) {
    read_multi_op(in, next->op, op);
    kinds.push_back(static_cast<int>(next->op));
    if (next->op == OpCode::remove) {
      EXPECT_EQ(std::get<PathVersionRequest>(op).path, "/d");
    }
    if (next->op == OpCode::set_data) {
      EXPECT_EQ(std::get<SetDataRequest>(op).path, "/s");
    }
    if (next->op == OpCode::create_ttl) {
      EXPECT_EQ(std::get<CreateTtlRequest>(op).ttl_ms, 5);
    }
  }
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(kinds, (std::vector<int>{1, 15, 19, 21, 2, 5, 13}));
}

TEST(Multi, ReadsAreCountedByTheirOwnFunctionAndNotMixed) {
  const std::string get = header(4) + encoded(PathWatchRequest{.path = "/a", .watch = true});
  const std::string list = header(8) + encoded(PathWatchRequest{.path = "/a"});
  const std::string write = header(1) + create_body(0);
  const std::string reads = get + list + end_bytes;
  const std::string mixed = get + write + end_bytes;
  EXPECT_EQ(multi_read_op_count(as_bytes(reads)).value_or(0), 2u);
  EXPECT_FALSE(multi_op_count(as_bytes(reads)).has_value());
  EXPECT_FALSE(multi_op_count(as_bytes(mixed)).has_value());
  EXPECT_FALSE(multi_read_op_count(as_bytes(mixed)).has_value());
}

TEST(Multi, OtherOperationsAreRefused) {
  for (int op : {0, -1, 3, 6, 7, 9, 11, 12, 14, 16, 20, 22, 100, -11}) {
    const std::string body = header(op) + create_body(0) + end_bytes;
    const auto count = multi_op_count(as_bytes(body));
    ASSERT_FALSE(count.has_value()) << op;
    EXPECT_EQ(count.error(), DecodeError::bad_op);
  }
}

TEST(Multi, CreateFlagsOutsideTheirRangeAreRefused) {
  for (std::int32_t flags : {-1, 0, 6, 7}) {
    const bool fine = flags >= 0 && flags <= 6;
    for (int op : {1, 15, 19}) {
      const std::string body = header(op) + create_body(flags) + end_bytes;
      EXPECT_EQ(multi_op_count(as_bytes(body)).has_value(), fine) << flags;
    }
    const std::string body = header(21) + create_ttl_body(flags) + end_bytes;
    EXPECT_EQ(multi_op_count(as_bytes(body)).has_value(), fine) << flags;
  }
}

TEST(Multi, EveryCutIsTruncated) {
  const std::string body = header(1) + create_body(0) + header(2) +
                           encoded(PathVersionRequest{.path = "/d", .version = 1}) + end_bytes;
  EXPECT_EQ(multi_op_count(as_bytes(body)).value_or(0), 2u);
  for (std::size_t n = 0; n < body.size(); ++n) {
    const auto count = multi_op_count(as_bytes(body).first(n));
    ASSERT_FALSE(count.has_value()) << n;
    EXPECT_EQ(count.error(), DecodeError::truncated);
  }
}

TEST(Multi, AnyDoneHeaderEndsItAndTheRestIsIgnored) {
  const std::string body = header(2) + encoded(PathVersionRequest{.path = "/d"}) +
                           hex("00000001 02 00000000") + "garbage";
  EXPECT_EQ(multi_op_count(as_bytes(body)).value_or(0), 1u);
}

TEST(Multi, AHundredThousandOperationsAreWalkedWithoutRecursion) {
  std::string body;
  const std::string one = header(13) + encoded(PathVersionRequest{.path = ""});
  for (int i = 0; i < 100000; ++i) body += one;
  body += end_bytes;
  EXPECT_EQ(multi_op_count(as_bytes(body)).value_or(0), 100000u);
}

TEST(Multi, EveryKindOfResultReadsBack) {
  const Stat stat{.czxid = {3}, .version = 2};
  ByteBuffer out;
  Writer to(out);
  write_multi_result(to, OpCode::create);
  to.write(PathReply{.path = "/a"});
  write_multi_result(to, OpCode::create2);
  to.write(PathStatReply{.path = "/b", .stat = stat});
  write_multi_result(to, OpCode::remove);
  write_multi_result(to, OpCode::set_data);
  to.write(StatReply{.stat = stat});
  write_multi_result(to, OpCode::check);
  write_multi_result(to, OpCode::get_data);
  to.write(DataReply{.data = as_bytes("x"), .stat = stat});
  write_multi_result(to, OpCode::get_children);
  to.write(NamesReply{.names = {.items = {"n"}}});
  write_multi_error(to, ErrorCode::no_node);
  write_multi_end(to);

  Reader in(out.bytes());
  MultiReader walk(in);
  std::vector<MultiResult> results;
  while (auto next = walk.next()) read_multi_result(in, *next, results.emplace_back());
  ASSERT_TRUE(in.ok());
  ASSERT_EQ(results.size(), 8u);
  EXPECT_EQ(std::get<PathReply>(results[0].body).path, "/a");
  EXPECT_EQ(std::get<PathStatReply>(results[1].body).stat, stat);
  EXPECT_EQ(results[2].op, OpCode::remove);
  EXPECT_EQ(std::get<StatReply>(results[3].body).stat, stat);
  EXPECT_EQ(results[4].op, OpCode::check);
  EXPECT_EQ(as_text(*std::get<DataReply>(results[5].body).data), "x");
  EXPECT_EQ(std::get<NamesReply>(results[6].body).names.items, (std::vector<Ustring>{"n"}));
  EXPECT_EQ(results[7].op, OpCode::error);
  EXPECT_EQ(results[7].err, ErrorCode::no_node);
}

TEST(Multi, AFailedResultCarriesItsCodeTwice) {
  ByteBuffer out;
  Writer to(out);
  write_multi_error(to, ErrorCode::bad_version);
  EXPECT_EQ(text(out), hex("ffffffff 00 ffffff99 ffffff99"));
}

TEST(Multi, AnUnknownResultIsMalformed) {
  Reader in{as_bytes("")};
  MultiResult result;
  read_multi_result(in, {.op = OpCode::sync}, result);
  EXPECT_EQ(in.error(), DecodeError::bad_op);
}

}  // namespace
}  // namespace paddock::proto
