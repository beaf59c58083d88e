#include <gtest/gtest.h>

#include "core/owner.h"
#include "tests/unit/core/world.h"

namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;

using Events = std::vector<std::string>;

TEST(PrepareCreate, AnswersWithThePathAndTakesTheNextZxid) {
  World world;
  const Zxid before = world.state.newest();
  ASSERT_EQ(world.create("/a", "hello"), ErrorCode::ok);
  EXPECT_TRUE(world.out.has_txn);
  EXPECT_EQ(world.out.zxid, next_zxid(before));
  EXPECT_EQ(world.out.txn.zxid, world.out.zxid);
  EXPECT_EQ(world.out.txn.time_ms, world.now_ms);
  EXPECT_EQ(world.out.txn.session, world.session);
  EXPECT_EQ(world.reply_path(), "/a");
  EXPECT_EQ(world.out.reply_body.size(), 4u + 2u);
  EXPECT_EQ(world.events(), (Events{"created /a", "children /"}));
  EXPECT_EQ(world.data("/a"), "hello");
  const proto::Stat stat = world.stat("/a");
  EXPECT_EQ(stat.czxid, world.out.zxid);
  EXPECT_EQ(stat.mzxid, world.out.zxid);
  EXPECT_EQ(stat.pzxid, world.out.zxid);
  EXPECT_EQ(stat.ctime_ms, world.now_ms);
  EXPECT_EQ(stat.mtime_ms, world.now_ms);
  EXPECT_EQ(stat.version, 0);
  EXPECT_EQ(stat.cversion, 0);
  EXPECT_EQ(stat.aversion, 0);
  EXPECT_EQ(stat.data_length, 5);
  EXPECT_EQ(stat.num_children, 0);
}

TEST(PrepareCreate, ChangesOfItsParentOnlyTheListOfChildren) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  const proto::Stat before = world.stat("/p");
  world.now_ms += 10;
  ASSERT_EQ(world.create("/p/a"), ErrorCode::ok);
  const proto::Stat after = world.stat("/p");
  EXPECT_EQ(after.pzxid, world.out.zxid);
  EXPECT_EQ(after.cversion, before.cversion + 1);
  EXPECT_EQ(after.num_children, 1);
  EXPECT_EQ(after.mzxid, before.mzxid);
  EXPECT_EQ(after.mtime_ms, before.mtime_ms);
  EXPECT_EQ(after.version, before.version);
}

TEST(PrepareCreate, FirstChildOfTheRootMakesItsCversionZero) {
  World world;
  EXPECT_EQ(world.stat("/").cversion, -1);
  ASSERT_EQ(world.create("/a"), ErrorCode::ok);
  EXPECT_EQ(world.stat("/").cversion, 0);
}

TEST(PrepareCreate, NullDataIsNotEmptyData) {
  World world;
  ASSERT_EQ(world.create("/null", std::nullopt), ErrorCode::ok);
  ASSERT_EQ(world.create("/empty", ""), ErrorCode::ok);
  EXPECT_EQ(world.data("/null"), "(null)");
  EXPECT_EQ(world.data("/empty"), "");
  EXPECT_EQ(world.stat("/null").data_length, 0);
}

TEST(PrepareCreate, OnlyCreate1AnswersWithoutAStat) {
  World world;
  ASSERT_EQ(world.write(OpCode::create2, create_request("/two")), ErrorCode::ok);
  const auto reply = proto::decode<proto::PathStatReply>(world.out.reply_body.bytes());
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->path, "/two");
  EXPECT_EQ(reply->stat, world.stat("/two"));
  ASSERT_EQ(world.write(OpCode::create_container, create_request("/c", "", 4)), ErrorCode::ok);
  EXPECT_EQ(world.out.reply_body.size(), 4u + 2u + proto::stat_bytes);
  ASSERT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 1000)), ErrorCode::ok);
  EXPECT_EQ(world.out.reply_body.size(), 4u + 2u + proto::stat_bytes);
}

TEST(PrepareCreate, SequenceNumbersCountAllChildrenEverCreated) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/s-", "", 2), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/p/s-0000000000");
  ASSERT_EQ(world.create("/p/plain"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/p/plain"), ErrorCode::ok);
  EXPECT_EQ(world.create("/p/s-", "", 2, {}), ErrorCode::invalid_acl);
  ASSERT_EQ(world.create("/p/s-", "", 3), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/p/s-0000000002");
  ASSERT_EQ(world.create("/p/", "", 2), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/p/0000000003");
  ASSERT_EQ(world.create("/p/..", "", 2), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/p/..0000000004");
  EXPECT_EQ(world.events(), (Events{"created /p/..0000000004", "children /p"}));
}

TEST(PrepareCreate, SequenceInTheRootIsNamedByTheCounterAlone) {
  World world;
  ASSERT_EQ(world.create("/", "", 2), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/0000000000");
}

TEST(PrepareCreate, RecreatedParentCountsFromZeroAgain) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/s", "", 2), ErrorCode::ok);
  ASSERT_EQ(world.remove("/p/s0000000000"), ErrorCode::ok);
  ASSERT_EQ(world.remove("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/s", "", 2), ErrorCode::ok);
  EXPECT_EQ(world.reply_path(), "/p/s0000000000");
}

TEST(PrepareCreate, FullSequenceCounterStopsAtItsMaximum) {
  World world;
  const AclEntry open{proto::perm_all, "world", "anyone"};
  NodeValue parent;
  parent.path = "/p";
  parent.acl = {&open, 1};
  parent.create_counter = INT32_MAX;
  State state(State::Options{});
  ASSERT_TRUE(state.load_node(parent).has_value());
  ASSERT_TRUE(state.load_session({.id = SessionId{7}, .password = as_bytes("0123456789abcdef")})
                  .has_value());
  ASSERT_TRUE(state.finish_load(Zxid{9}).has_value());
  Prepared out;
  const std::string body = body_of(create_request("/p/s", "", 2));
  const WriteRequest request{.op = OpCode::create, .body = as_bytes(body), .session = SessionId{7}};
  ASSERT_EQ(state.prepare(request, out, SIZE_MAX), State::Progress::done);
  ASSERT_EQ(out.err, ErrorCode::ok);
  EXPECT_EQ(out.txn.steps[0].path, "/p/s2147483647");
  EXPECT_EQ(out.txn.steps[0].create_counter, INT32_MAX);
  ASSERT_EQ(state.prepare(request, out, SIZE_MAX), State::Progress::done);
  EXPECT_EQ(out.err, ErrorCode::node_exists);
}

TEST(PrepareCreate, FlagsAndOpcodesMakeTheKindsOfOwners) {
  World world;
  struct Case {
    OpCode op;
    std::int32_t flags;
    ErrorCode err;
    OwnerKind kind;
  };
  int n = 0;
  for (const Case& c : {
           Case{OpCode::create, 0, ErrorCode::ok, OwnerKind::persistent},
           Case{OpCode::create, 1, ErrorCode::ok, OwnerKind::session},
           Case{OpCode::create2, 3, ErrorCode::ok, OwnerKind::session},
           Case{OpCode::create, 4, ErrorCode::ok, OwnerKind::persistent},
           Case{OpCode::create2, 4, ErrorCode::ok, OwnerKind::persistent},
           Case{OpCode::create, 5, ErrorCode::bad_arguments, {}},
           Case{OpCode::create2, 6, ErrorCode::bad_arguments, {}},
           Case{OpCode::create, 7, ErrorCode::bad_arguments, {}},
           Case{OpCode::create, -1, ErrorCode::bad_arguments, {}},
           Case{OpCode::create_container, 0, ErrorCode::ok, OwnerKind::container},
           Case{OpCode::create_container, 1, ErrorCode::ok, OwnerKind::container},
           Case{OpCode::create_container, 3, ErrorCode::ok, OwnerKind::container},
           Case{OpCode::create_container, 4, ErrorCode::ok, OwnerKind::container},
           Case{OpCode::create_container, 5, ErrorCode::bad_arguments, {}},
       }) {
    const std::string path = "/n" + std::to_string(n++) + "-";
    EXPECT_EQ(world.write(c.op, create_request(path, "", c.flags)), c.err) << path;
    if (c.err != ErrorCode::ok) continue;
    const Step& step = world.out.txn.steps[0];
    EXPECT_EQ(owner_kind(step.owner), c.kind) << path;
    const bool sequential = c.flags == 2 || c.flags == 3;
    EXPECT_EQ(step.path.size(), path.size() + (sequential ? 10 : 0)) << path;
    const bool is_session = c.kind == OwnerKind::session;
    EXPECT_EQ(world.stat(step.path).ephemeral_owner, is_session ? world.session.value : 0) << path;
  }
}

TEST(PrepareCreate, TimeToLiveIsOneMsToTwoToTheForty) {
  World world;
  const auto create = [&](std::int64_t ttl_ms, std::int32_t flags = 5) {
    return world.write(OpCode::create_ttl, create_ttl_request("/t", ttl_ms, flags));
  };
  EXPECT_EQ(create(0), ErrorCode::bad_arguments);
  EXPECT_EQ(create(-1), ErrorCode::bad_arguments);
  EXPECT_EQ(create(std::int64_t{1} << 40), ErrorCode::bad_arguments);
  for (const std::int32_t flags : {0, 1, 2, 3, 4, 7, -1}) {
    EXPECT_EQ(create(1000, flags), ErrorCode::bad_arguments) << flags;
    EXPECT_EQ(create(-1, flags), ErrorCode::bad_arguments) << flags;
  }
  EXPECT_EQ(create((std::int64_t{1} << 40) - 1), ErrorCode::ok);
  EXPECT_EQ(world.stat("/t").ephemeral_owner, 0);
  EXPECT_EQ(create(1, 6), ErrorCode::ok);
  EXPECT_EQ(ttl_ms_of(world.out.txn.steps[0].owner), 1);
  EXPECT_EQ(world.out.txn.steps[0].path, "/t0000000001");
}

TEST(PrepareCreate, TimeToLiveIsUnimplementedWhenExtendedTypesAreOff) {
  World world(State::Options{.extended_types_enabled = false});
  EXPECT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 1000)),
            ErrorCode::unimplemented);
  EXPECT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 0)), ErrorCode::unimplemented);
  EXPECT_EQ(world.create("/t", "", 5), ErrorCode::unimplemented);
  EXPECT_EQ(world.write(OpCode::create_container, create_request("/t", "", 6)),
            ErrorCode::unimplemented);
  EXPECT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 1000, 0)),
            ErrorCode::bad_arguments);
}

TEST(PrepareCreate, BadPathsGetZooKeepersCodes) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  EXPECT_EQ(world.write(OpCode::create, create_request(std::nullopt)),
            ErrorCode::marshalling_error);
  for (const auto& [path, err] : {
           std::pair<std::string_view, ErrorCode>{"", ErrorCode::bad_arguments},
           {"a", ErrorCode::bad_arguments},
           {"a/b", ErrorCode::no_node},
           {"/p/", ErrorCode::bad_arguments},
           {"/p/.", ErrorCode::bad_arguments},
           {"/p/..", ErrorCode::bad_arguments},
           {"//", ErrorCode::bad_arguments},
           {"//x", ErrorCode::bad_arguments},
           {"///x", ErrorCode::no_node},
           {"/p//x", ErrorCode::no_node},
           {"/p/./y", ErrorCode::no_node},
           {"/q/", ErrorCode::no_node},
           {std::string_view("/p/a\0b", 6), ErrorCode::bad_arguments},
           {std::string_view("/no/a\0b", 7), ErrorCode::bad_arguments},
           {"/p/\x01", ErrorCode::bad_arguments},
           {"/p/\x7f", ErrorCode::bad_arguments},
           {"/p/\xee\x80\x80", ErrorCode::bad_arguments},              // private use
           {"/p/\xf0\x9f\x98\x80", ErrorCode::bad_arguments},          // outside the basic plane
           {"/p/\xed\xa0\xbd\xed\xb8\x80", ErrorCode::bad_arguments},  // the same as Java sends it
           {"/p/\xff", ErrorCode::bad_arguments},
           {"/", ErrorCode::node_exists},
           {"/zookeeper", ErrorCode::node_exists},
           {"/zookeeper/quota", ErrorCode::node_exists},
           {"/p", ErrorCode::node_exists},
           {"/zookeeper/config/x", ErrorCode::no_auth},
           {"/zookeeper/config", ErrorCode::node_exists},
           {"/zookeeper/foo", ErrorCode::ok},
           {"/zookeeper/quota/foo", ErrorCode::ok},
           {"/p/...", ErrorCode::ok},
           {"/p/.x", ErrorCode::ok},
           {"/p/a b%:\\", ErrorCode::ok},
           {"/p/\xc2\xa0", ErrorCode::ok},
       }) {
    EXPECT_EQ(world.create(path), err) << path;
    EXPECT_EQ(world.out.has_txn, err == ErrorCode::ok) << path;
  }
}

TEST(PrepareCreate, FirstFailingCheckWins) {
  World world;
  ASSERT_EQ(world.create("/closed", "", 0, {{proto::perm_read, "world", "anyone"}}), ErrorCode::ok);
  ASSERT_EQ(world.create("/e", "", 1), ErrorCode::ok);
  // flags > session > path without slash > ACL > parent > permission > whole path > exists >
  // ephemeral parent
  const SessionId own = world.session;
  world.session = SessionId{0x999};
  EXPECT_EQ(world.create("x", "", 9, {}), ErrorCode::bad_arguments);
  EXPECT_EQ(world.create("x", "", 0, {}), ErrorCode::session_expired);
  world.session = own;
  EXPECT_EQ(world.create("x", "", 0, {}), ErrorCode::bad_arguments);
  EXPECT_EQ(world.create("/no/x", "", 0, {}), ErrorCode::invalid_acl);
  EXPECT_EQ(world.create("/no/x"), ErrorCode::no_node);
  EXPECT_EQ(world.create("/closed/"), ErrorCode::no_auth);
  EXPECT_EQ(world.create("/e/"), ErrorCode::bad_arguments);
  EXPECT_EQ(world.create("/e/x"), ErrorCode::no_children_for_ephemerals);
  EXPECT_EQ(world.create("/e/x", "", 1), ErrorCode::no_children_for_ephemerals);
}

TEST(PrepareCreate, MalformedBodyIsAMarshallingErrorAndTakesNoZxid) {
  World world;
  const std::string whole = body_of(create_request("/a", "data"));
  const Zxid before = world.state.newest();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_EQ(world.write(OpCode::create, std::string_view(whole).substr(0, length)),
              ErrorCode::marshalling_error)
        << length;
  }
  EXPECT_EQ(world.state.newest(), before);
  EXPECT_EQ(world.write(OpCode::create, whole + "trailing"), ErrorCode::ok);
}

TEST(PrepareCreate, OperationsThatAreNotWritesCannotBePrepared) {
  World world;
  EXPECT_EQ(world.write(OpCode::check, proto::PathVersionRequest{"/", -1}),
            ErrorCode::unimplemented);
  EXPECT_EQ(world.write(OpCode::get_data, ""), ErrorCode::unimplemented);
}

TEST(R13, FailedAnswerCarriesTheNewestZxidItWasJudgedOn) {
  World world;
  world.commits = false;
  ASSERT_EQ(world.create("/a"), ErrorCode::ok);
  const Zxid newest = world.out.zxid;
  EXPECT_LT(world.state.committed(), newest);
  EXPECT_EQ(world.create("/a"), ErrorCode::node_exists);
  EXPECT_EQ(world.out.zxid, newest);
  EXPECT_FALSE(world.out.has_txn);
  EXPECT_TRUE(world.out.events.empty());
  EXPECT_EQ(world.out.reply_body.size(), 0u);
  EXPECT_EQ(world.state.newest(), newest);
  ASSERT_EQ(world.create("/b"), ErrorCode::ok);
  EXPECT_EQ(world.out.zxid, next_zxid(newest));
}

}  // namespace
}  // namespace paddock::core::test
