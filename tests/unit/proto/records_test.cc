#include "core/proto/records.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/bytes_of.h"

namespace paddock::proto {
namespace {

const std::string path_hex = "00000002 2f61 ";    // "/a"
const std::string data_hex = "00000003 010203 ";  //
const std::string acl_hex =                       // one entry, world:anyone:31
    "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 ";
const std::string stat_hex =
    "0000000000000001 0000000000000002 0000000000000003 0000000000000004 00000005 00000006 "
    "00000007 0000000000000008 00000009 0000000a 000000000000000b ";

/// The record's bytes are `digits`; they read back to the same bytes; extra bytes are ignored; and
/// every shorter input is an error.
template <Record T>
void expect_wire(const T& record, const std::string& digits) {
  const std::string bytes = hex(digits);
  EXPECT_EQ(encoded(record), bytes);
  const auto back = decode<T>(as_bytes(bytes));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(encoded(*back), bytes);
  const std::string longer = bytes + "extra";
  const auto again = decode<T>(as_bytes(longer));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encoded(*again), bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string cut = bytes.substr(0, n);
    const auto bad = decode<T>(as_bytes(cut));
    ASSERT_FALSE(bad.has_value()) << n << " of " << bytes.size();
    EXPECT_EQ(bad.error(), DecodeError::truncated);
  }
}

const std::string data_bytes = hex(data_hex).substr(4);
const Buffer data = as_bytes(data_bytes);
const Vector<Acl> acl{.items = {{31, "world", "anyone"}}};
const Stat stat{.czxid = {1},
                .mzxid = {2},
                .ctime_ms = 3,
                .mtime_ms = 4,
                .version = 5,
                .cversion = 6,
                .aversion = 7,
                .ephemeral_owner = 8,
                .data_length = 9,
                .num_children = 10,
                .pzxid = {11}};

TEST(Records, OfRequestsHaveTheirWireForm) {
  expect_wire(RequestHeader{.xid = -2, .op = OpCode::ping}, "fffffffe 0000000b");
  expect_wire(CreateRequest{.path = "/a", .data = data, .acl = acl, .flags = 3},
              path_hex + data_hex + acl_hex + "00000003");
  expect_wire(CreateTtlRequest{.path = "/a", .data = data, .acl = acl, .flags = 5, .ttl_ms = 600},
              path_hex + data_hex + acl_hex + "00000005 0000000000000258");
  expect_wire(PathVersionRequest{.path = "/a", .version = -1}, path_hex + "ffffffff");
  expect_wire(PathWatchRequest{.path = "/a", .watch = true}, path_hex + "01");
  expect_wire(PathRequest{.path = "/a"}, path_hex);
  expect_wire(SetDataRequest{.path = "/a", .data = data, .version = 7},
              path_hex + data_hex + "00000007");
  expect_wire(SetAclRequest{.path = "/a", .acl = acl, .version = -1},
              path_hex + acl_hex + "ffffffff");
  expect_wire(
      ReconfigRequest{.joining = "j", .leaving = std::nullopt, .new_members = "", .config_id = -1},
      "00000001 6a ffffffff 00000000 ffffffffffffffff");
  expect_wire(WatchesRequest{.path = "/a", .type = WatcherType::any}, path_hex + "00000003");
  expect_wire(AuthRequest{.type = 0, .scheme = "digest", .auth = as_bytes("bob:pw")},
              "00000000 00000006 646967657374 00000006 626f623a7077");
  expect_wire(SaslRequest{.token = std::nullopt}, "ffffffff");
  expect_wire(AddWatchRequest{.path = "/a", .mode = AddWatchMode::persistent_recursive},
              path_hex + "00000001");
}

TEST(Records, OfSetWatchesHaveTheirWireForm) {
  const std::string one_path = "00000001 " + path_hex;
  const Vector<Ustring> paths{.items = {"/a"}};
  const Vector<Ustring> null{.items = {}, .is_null = true};
  expect_wire(SetWatchesRequest{.relative_zxid = {9}, .data = paths, .exist = {}, .child = null},
              "0000000000000009 " + one_path + "00000000 ffffffff");
  expect_wire(SetWatches2Request{.relative_zxid = {-1},
                                 .data = {},
                                 .exist = paths,
                                 .child = {},
                                 .persistent = paths,
                                 .persistent_recursive = null},
              "ffffffffffffffff 00000000 " + one_path + "00000000 " + one_path + "ffffffff");
}

TEST(Records, OfRepliesHaveTheirWireForm) {
  const std::string names_hex = "00000002 00000001 61 00000001 62 ";
  const Vector<Ustring> names{.items = {"a", "b"}};
  expect_wire(ReplyHeader{.xid = 1, .zxid = {0x100000002}, .err = ErrorCode::no_node},
              "00000001 0000000100000002 ffffff9b");
  expect_wire(stat, stat_hex);
  expect_wire(PathReply{.path = "/a"}, path_hex);
  expect_wire(PathStatReply{.path = "/a", .stat = stat}, path_hex + stat_hex);
  expect_wire(StatReply{.stat = stat}, stat_hex);
  expect_wire(DataReply{.data = data, .stat = stat}, data_hex + stat_hex);
  expect_wire(AclReply{.acl = acl, .stat = stat}, acl_hex + stat_hex);
  expect_wire(NamesReply{.names = names}, names_hex);
  expect_wire(NamesStatReply{.names = names, .stat = stat}, names_hex + stat_hex);
  expect_wire(CountReply{.count = 3}, "00000003");
  expect_wire(SaslReply{.token = data}, data_hex);
  expect_wire(AddWatchReply{}, "00000000");
  expect_wire(WhoAmIReply{.identities = {.items = {{"ip", "::1"}, {"super", ""}}}},
              "00000002 00000002 6970 00000003 3a3a31 00000005 7375706572 00000000");
  expect_wire(WatcherEvent{.type = EventType::node_deleted, .path = "/a"},
              "00000002 00000003 " + path_hex);
}

TEST(Records, AStatReadsBackFieldByField) {
  const std::string bytes = encoded(stat);
  EXPECT_EQ(*decode<Stat>(as_bytes(bytes)), stat);
  EXPECT_EQ(bytes.size(), stat_bytes);
}

TEST(Records, AConnectRequestKeepsWhetherItHadTheReadOnlyByte) {
  ConnectRequest request{.protocol_version = 0,
                         .last_zxid_seen = {5},
                         .timeout_ms = 30000,
                         .session = {0x123},
                         .password = as_bytes("0123456789abcdef"),
                         .read_only = true,
                         .has_read_only = true};
  ByteBuffer with;
  encode_connect_request(request, with);
  EXPECT_EQ(with.size(), 45u);
  auto back = decode_connect_request(with.bytes());
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->has_read_only);
  EXPECT_TRUE(back->read_only);
  EXPECT_EQ(back->last_zxid_seen, Zxid{5});
  EXPECT_EQ(back->timeout_ms, 30000);
  EXPECT_EQ(back->session, SessionId{0x123});
  EXPECT_EQ(as_text(*back->password), "0123456789abcdef");

  request.has_read_only = false;
  ByteBuffer without;
  encode_connect_request(request, without);
  EXPECT_EQ(without.size(), 44u);
  back = decode_connect_request(without.bytes());
  ASSERT_TRUE(back.has_value());
  EXPECT_FALSE(back->has_read_only);
  EXPECT_FALSE(back->read_only);
}

TEST(Records, AConnectRequestMayBeLongerAndNotShorter) {
  const std::string bytes = hex("00000000 0000000000000000 00000bb8 0000000000000000 ffffffff");
  auto request = decode_connect_request(as_bytes(bytes));
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->password.has_value());
  EXPECT_FALSE(request->has_read_only);
  const std::string longer = bytes + hex("00 ff ff");
  request = decode_connect_request(as_bytes(longer));
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->has_read_only);
  EXPECT_FALSE(request->read_only);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_connect_request(as_bytes(bytes).first(n)).has_value()) << n;
}

TEST(Records, AConnectResponseHas37BytesAnd36ForOldClients) {
  ConnectResponse response{.protocol_version = 0,
                           .timeout_ms = 4000,
                           .session = {7},
                           .password = as_bytes("0123456789abcdef"),
                           .read_only = false,
                           .has_read_only = true};
  ByteBuffer out;
  encode_connect_response(response, out);
  EXPECT_EQ(text(out), hex("00000000 00000fa0 0000000000000007 00000010") + "0123456789abcdef" +
                           std::string(1, '\0'));
  auto back = decode_connect_response(out.bytes());
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->has_read_only);
  EXPECT_EQ(back->timeout_ms, 4000);
  response.has_read_only = false;
  out.clear();
  encode_connect_response(response, out);
  EXPECT_EQ(out.size(), 36u);
  back = decode_connect_response(out.bytes());
  ASSERT_TRUE(back.has_value());
  EXPECT_FALSE(back->has_read_only);
  EXPECT_FALSE(decode_connect_response(out.bytes().first(35)).has_value());
}

TEST(Records, AReplyIsAFrameWithAHeader) {
  ByteBuffer out;
  append_bare_reply(out, {.xid = -2, .zxid = {9}, .err = ErrorCode::ok});
  EXPECT_EQ(text(out), hex("00000010 fffffffe 0000000000000009 00000000"));
  out.clear();
  const FrameStart start = begin_reply(out, {.xid = 1, .zxid = {9}, .err = ErrorCode::ok});
  Writer(out).i32(5);
  set_reply_header(out, start, {.xid = 2, .zxid = {10}, .err = ErrorCode::no_auth});
  end_frame(out, start);
  EXPECT_EQ(text(out), hex("00000014 00000002 000000000000000a ffffff9a 00000005"));
}

TEST(Records, ANotificationIsAFrameOfItsOwnKind) {
  ByteBuffer out;
  append_notification(out, Zxid{7}, EventType::node_children_changed, "/a");
  EXPECT_EQ(text(out),
            hex("0000001e ffffffff 0000000000000007 00000000 00000004 00000003 " + path_hex));
}

}  // namespace
}  // namespace paddock::proto
