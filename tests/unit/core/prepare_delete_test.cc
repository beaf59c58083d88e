#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;
using Events = std::vector<std::string>;

TEST(PrepareDelete, RemovesTheNodeAndChangesItsParentsListOfChildren) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/a"), ErrorCode::ok);
  const proto::Stat before = world.stat("/p");
  world.now_ms += 10;
  ASSERT_EQ(world.remove("/p/a", 0), ErrorCode::ok);
  EXPECT_EQ(world.events(), (Events{"deleted /p/a", "children /p"}));
  EXPECT_EQ(world.out.reply_body.size(), 0u);
  EXPECT_EQ(world.exists("/p/a"), ErrorCode::no_node);
  const proto::Stat after = world.stat("/p");
  EXPECT_EQ(after.pzxid, world.out.zxid);
  EXPECT_EQ(after.cversion, before.cversion + 1);
  EXPECT_EQ(after.num_children, 0);
  EXPECT_EQ(after.mzxid, before.mzxid);
  EXPECT_EQ(after.mtime_ms, before.mtime_ms);
}

TEST(PrepareDelete, RecreatedNodeIsANewOne) {
  World world;
  ASSERT_EQ(world.create("/a", "1"), ErrorCode::ok);
  ASSERT_EQ(world.set("/a", "2"), ErrorCode::ok);
  const proto::Stat before = world.stat("/a");
  ASSERT_EQ(world.remove("/a"), ErrorCode::ok);
  ASSERT_EQ(world.create("/a", "3"), ErrorCode::ok);
  const proto::Stat after = world.stat("/a");
  EXPECT_GT(after.czxid, before.mzxid);
  EXPECT_EQ(after.version, 0);
  EXPECT_EQ(world.data("/a"), "3");
}

TEST(PrepareDelete, FirstFailingCheckWins) {
  World world;
  ASSERT_EQ(world.create("/p"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/full"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/full/x"), ErrorCode::ok);
  ASSERT_EQ(world.create("/p/set"), ErrorCode::ok);
  ASSERT_EQ(world.set("/p/set", "x"), ErrorCode::ok);
  ASSERT_EQ(
      world.create("/closed", "", 0, {{proto::perm_all & ~proto::perm_delete, "world", "anyone"}}),
      ErrorCode::ok);
  ASSERT_EQ(world.create("/closed/a"), ErrorCode::ok);
  for (const auto& [path, version, err] : {
           std::tuple<proto::Ustring, int, ErrorCode>{std::nullopt, -1,
                                                      ErrorCode::marshalling_error},
           {"", -1, ErrorCode::bad_arguments},
           {"a", -1, ErrorCode::bad_arguments},
           {"a/b", -1, ErrorCode::no_node},
           {"/p/", -1, ErrorCode::no_node},
           {"//", -1, ErrorCode::no_node},
           {"//p", -1, ErrorCode::no_node},
           {"/p/..", -1, ErrorCode::no_node},
           {std::string_view("/p\0", 3), -1, ErrorCode::bad_arguments},
           {"/", -1, ErrorCode::bad_arguments},
           {"/zookeeper", -1, ErrorCode::bad_arguments},
           {"/zookeeper/quota", -1, ErrorCode::bad_arguments},
           {"/zookeeper/config", -1, ErrorCode::bad_arguments},
           {"/no/x", -1, ErrorCode::no_node},
           {"/closed/no", -1, ErrorCode::no_auth},
           {"/closed/a", 7, ErrorCode::no_auth},
           {"/p/no", 7, ErrorCode::no_node},
           {"/p/full", 7, ErrorCode::bad_version},
           {"/p/full", 0, ErrorCode::not_empty},
           {"/p/set", 0, ErrorCode::bad_version},
           {"/p/set", -2, ErrorCode::bad_version},
           {"/p/set", 1, ErrorCode::ok},
       }) {
    EXPECT_EQ(world.write(OpCode::remove, proto::PathVersionRequest{path, version}), err)
        << path.value_or("(null)") << " " << version;
  }
  world.session = SessionId{0x999};
  EXPECT_EQ(world.remove(""), ErrorCode::session_expired);
}

TEST(PrepareDelete, NothingOnTheNodeItselfIsNeeded) {
  World world;
  ASSERT_EQ(world.create("/a", "", 0, {{0, "world", "anyone"}}), ErrorCode::ok);
  EXPECT_EQ(world.remove("/a"), ErrorCode::ok);
}

TEST(PrepareDelete, EventOfADeletedNodeCarriesItsLastAcl) {
  World world;
  ASSERT_EQ(world.create("/a", "", 0, {{proto::perm_admin, "world", "anyone"}}), ErrorCode::ok);
  ASSERT_EQ(world.remove("/a"), ErrorCode::ok);
  ASSERT_EQ(world.out.events.size(), 2u);
  EXPECT_FALSE(world.out.events[0].acl->permits(proto::perm_read, world.identities));
  EXPECT_TRUE(world.out.events[1].acl->permits(proto::perm_read, world.identities));
}

TEST(PrepareDelete, ServerRemovesContainersAndExpiredTtlNodesOnly) {
  World world;
  ASSERT_EQ(world.write(OpCode::create_container, create_request("/c", "", 4)), ErrorCode::ok);
  ASSERT_EQ(world.create("/c/x"), ErrorCode::ok);
  ASSERT_EQ(world.create("/plain"), ErrorCode::ok);
  ASSERT_EQ(world.create("/e", "", 1), ErrorCode::ok);
  EXPECT_EQ(world.remove_container("/c"), ErrorCode::not_empty);
  EXPECT_EQ(world.remove_container("/plain"), ErrorCode::bad_version);
  EXPECT_EQ(world.remove_container("/e"), ErrorCode::bad_version);
  EXPECT_EQ(world.remove_container("/no"), ErrorCode::no_node);
  EXPECT_EQ(world.remove_container("/zookeeper"), ErrorCode::bad_arguments);
  ASSERT_EQ(world.remove("/c/x"), ErrorCode::ok);
  EXPECT_EQ(world.remove_container("/c"), ErrorCode::ok);
  EXPECT_EQ(world.events(), (Events{"deleted /c", "children /"}));
  EXPECT_EQ(world.out.txn.session, SessionId{0});
}

TEST(R22, ClockThatWentBackLetsNoTtlNodeExpire) {
  World world;
  ASSERT_EQ(world.write(OpCode::create_ttl, create_ttl_request("/t", 1000)), ErrorCode::ok);
  const std::int64_t made_ms = world.now_ms;
  for (const std::int64_t now_ms : {made_ms - 5000, made_ms, made_ms + 1000}) {
    world.now_ms = now_ms;
    EXPECT_EQ(world.remove_container("/t"), ErrorCode::bad_version) << now_ms - made_ms;
  }
  world.now_ms = made_ms + 1001;
  ASSERT_EQ(world.set("/t", "renewed"), ErrorCode::ok);
  EXPECT_EQ(world.remove_container("/t"), ErrorCode::bad_version);
  world.now_ms += 1001;
  EXPECT_EQ(world.remove_container("/t"), ErrorCode::ok);
}

}  // namespace
}  // namespace paddock::core::test
