#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;
using Events = std::vector<std::string>;

TEST(PrepareSetData, ChangesDataVersionAndTime) {
  World world;
  ASSERT_EQ(world.create("/a", "one"), ErrorCode::ok);
  const proto::Stat before = world.stat("/a");
  const proto::Stat root = world.stat("/");
  world.now_ms += 10;
  ASSERT_EQ(world.set("/a", "three", 0), ErrorCode::ok);
  EXPECT_EQ(world.events(), (Events{"data /a"}));
  const proto::Stat after = world.stat("/a");
  EXPECT_EQ(world.reply_stat(), after);
  EXPECT_EQ(after.version, 1);
  EXPECT_EQ(after.mzxid, world.out.zxid);
  EXPECT_EQ(after.mtime_ms, world.now_ms);
  EXPECT_EQ(after.data_length, 5);
  EXPECT_EQ(after.czxid, before.czxid);
  EXPECT_EQ(after.pzxid, before.pzxid);
  EXPECT_EQ(after.ctime_ms, before.ctime_ms);
  EXPECT_EQ(world.stat("/"), root);
  ASSERT_EQ(world.set("/a", std::nullopt), ErrorCode::ok);
  EXPECT_EQ(world.data("/a"), "(null)");
}

TEST(PrepareSetData, FirstFailingCheckWins) {
  World world;
  ASSERT_EQ(world.create("/a"), ErrorCode::ok);
  ASSERT_EQ(world.create("/closed", "", 0, {{proto::perm_read, "world", "anyone"}}), ErrorCode::ok);
  for (const auto& [path, version, err] : {
           std::tuple<proto::Ustring, int, ErrorCode>{std::nullopt, -1, ErrorCode::bad_arguments},
           {"", -1, ErrorCode::bad_arguments},
           {"a/b", -1, ErrorCode::bad_arguments},
           {"/a/", -1, ErrorCode::bad_arguments},
           {"//a", -1, ErrorCode::bad_arguments},
           {std::string_view("/a\0", 3), -1, ErrorCode::bad_arguments},
           {"/no", 7, ErrorCode::no_node},
           {"/closed", 7, ErrorCode::no_auth},
           {"/a", 7, ErrorCode::bad_version},
           {"/a", -2, ErrorCode::bad_version},
           {"/zookeeper/config", -1, ErrorCode::no_auth},
           {"/zookeeper", -1, ErrorCode::ok},
           {"/", -1, ErrorCode::ok},
           {"/a", 0, ErrorCode::ok},
           {"/a", 0, ErrorCode::bad_version},
       }) {
    EXPECT_EQ(world.write(OpCode::set_data, proto::SetDataRequest{path, Bytes{}, version}), err)
        << path.value_or("(null)") << " " << version;
  }
  world.session = SessionId{0x999};
  EXPECT_EQ(world.set("", ""), ErrorCode::session_expired);
}

/// A state with one node at `/a` whose versions are as given.
struct Loaded {
  explicit Loaded(std::int32_t version, std::int32_t aversion = 0) : state(State::Options{}) {
    const AclEntry open{proto::perm_all, "world", "anyone"};
    NodeValue node;
    node.path = "/a";
    node.acl = {&open, 1};
    node.version = version;
    node.aversion = aversion;
    EXPECT_TRUE(state.load_node(node).has_value());
    EXPECT_TRUE(state.finish_load(Zxid{9}).has_value());
  }
  template <class Request>
  proto::Stat write(OpCode op, const Request& record) {
    const std::string body = body_of(record);
    const WriteRequest request{.op = op, .body = as_bytes(body)};
    EXPECT_EQ(state.prepare(request, out, SIZE_MAX), State::Progress::done);
    EXPECT_EQ(out.err, ErrorCode::ok);
    return proto::decode<proto::StatReply>(out.reply_body.bytes())->stat;
  }
  State state;
  Prepared out;
};

TEST(PrepareSetData, VersionsWrapAround) {
  const proto::SetDataRequest any{"/a", Bytes{}, -1};
  EXPECT_EQ(Loaded(INT32_MAX).write(OpCode::set_data, any).version, INT32_MIN);
  EXPECT_EQ(Loaded(-2).write(OpCode::set_data, any).version, -1);
}

TEST(PrepareSetAcl, VersionsWrapAround) {
  const proto::SetAclRequest any{"/a", acl_vector(open_acl()), -1};
  EXPECT_EQ(Loaded(0, INT32_MAX).write(OpCode::set_acl, any).aversion, INT32_MIN);
}

TEST(PrepareSetAcl, ChangesTheListAndAversionOnly) {
  World world;
  ASSERT_EQ(world.create("/a", "x"), ErrorCode::ok);
  proto::Stat expected = world.stat("/a");
  expected.aversion = 1;
  world.now_ms += 10;
  ASSERT_EQ(
      world.set_acl("/a", {{proto::perm_read, "world", "anyone"}, {31, "ip", "127.0.0.1"}}, 0),
      ErrorCode::ok);
  EXPECT_EQ(world.reply_stat(), expected);
  EXPECT_EQ(world.stat("/a"), expected);
  EXPECT_TRUE(world.events().empty());
  EXPECT_EQ(world.acl("/a"), "world:anyone:1 ip:127.0.0.1:31");
  EXPECT_EQ(world.data("/a"), "x");
}

TEST(PrepareSetAcl, FirstFailingCheckWins) {
  World world;
  ASSERT_EQ(world.create("/a"), ErrorCode::ok);
  ASSERT_EQ(world.create("/closed", "", 0, {{15, "world", "anyone"}}), ErrorCode::ok);
  EXPECT_EQ(world.set_acl("/a/", {}), ErrorCode::bad_arguments);
  EXPECT_EQ(world.set_acl("/no", {}), ErrorCode::invalid_acl);
  EXPECT_EQ(world.set_acl("/no", open_acl(), 7), ErrorCode::no_node);
  EXPECT_EQ(world.set_acl("/closed", open_acl(), 7), ErrorCode::no_auth);
  EXPECT_EQ(world.set_acl("/a", open_acl(), 7), ErrorCode::bad_version);
  EXPECT_EQ(world.set_acl("/zookeeper/config", open_acl()), ErrorCode::no_auth);
  world.identities.push_back({"super", ""});
  EXPECT_EQ(world.set_acl("/zookeeper/config", open_acl(), -1), ErrorCode::ok);
  EXPECT_EQ(world.stat("/zookeeper/config").aversion, 0);
  world.session = SessionId{0x999};
  EXPECT_EQ(world.set_acl("", {}), ErrorCode::session_expired);
}

TEST(PrepareSetAcl, SkipAclLetsEverybodyDoEverything) {
  World world(State::Options{.skip_acl = true});
  ASSERT_EQ(world.create("/closed", "", 0, {{0, "world", "anyone"}}), ErrorCode::ok);
  EXPECT_EQ(world.create("/closed/a"), ErrorCode::ok);
  EXPECT_EQ(world.set("/closed", "x"), ErrorCode::ok);
  EXPECT_EQ(world.set_acl("/closed", open_acl()), ErrorCode::ok);
  EXPECT_EQ(world.set("/zookeeper/config", "x"), ErrorCode::ok);
}

}  // namespace
}  // namespace paddock::core::test
