// Watches: which reads leave one, who is told, how they are taken away.

#include "tests/unit/recipes/engine_world.h"

namespace paddock::client {
namespace {

using proto::EventType;
using Read = WatchOrder::Read;

class EngineWatch : public ::testing::Test {
 protected:
  EngineWatch() {
    world.connect();
    world.take_log();
  }

  /// What remove_watches sent, after answering nothing.
  std::vector<SeenRequest> remove(const std::string& path, WatcherType type,
                                  const Watcher& watcher) {
    Request request = world.request("remove", proto::OpCode::remove_watches);
    request.frame = *encode_frame(
        request.op,
        proto::WatchesRequest{.path = path, .type = static_cast<proto::WatcherType>(type)});
    world.engine.remove_watches(path, type, watcher, std::move(request), world.now);
    return world.take_requests();
  }

  EngineWorld world;
};

TEST_F(EngineWatch, AOneShotWatchTellsOnce) {
  world.watched("/a", Read::data);
  world.take_log();
  world.notify(EventType::node_data_changed, "/a");
  world.notify(EventType::node_data_changed, "/a");
  EXPECT_EQ(world.take_log(), (Log{"/a saw 3 /a"}));
}

TEST_F(EngineWatch, OnlyAReadThatSucceedsLeavesOne) {
  world.watched("/data", Read::data, proto::ErrorCode::no_node);
  world.watched("/child", Read::children, proto::ErrorCode::no_auth);
  EXPECT_TRUE(world.engine.watches().empty());
  world.watched("/exist", Read::exists, proto::ErrorCode::no_node);
  EXPECT_EQ(world.engine.watches().path_count(WatchKind::exist), 1u);
  world.take_log();
  world.notify(EventType::node_created, "/exist");
  EXPECT_EQ(world.take_log(), (Log{"/exist saw 1 /exist"}));
}

TEST_F(EngineWatch, OneWatcherIsToldOnceOfOneEvent) {
  const Watcher watcher = world.watched("/a", Read::data);
  world.watched("/a", Read::children, {}, watcher);
  world.watched("/a", Read::permanent, {}, watcher);
  world.watched("/", Read::recursive, {}, watcher);
  world.take_log();
  world.notify(EventType::node_deleted, "/a");
  EXPECT_EQ(world.take_log(), (Log{"/a saw 2 /a"}));
  world.notify(EventType::node_created, "/a");
  EXPECT_EQ(world.take_log(), (Log{"/a saw 1 /a"})) << "the persistent ones stay";
}

TEST_F(EngineWatch, RecursiveWatchesSeeBelowThemAndNothingBeside) {
  world.watched("/x", Read::recursive);
  world.take_log();
  world.notify(EventType::node_created, "/x/y/z");
  world.notify(EventType::node_created, "/xx");
  world.notify(EventType::node_children_changed, "/x");
  EXPECT_EQ(world.take_log(), (Log{"/x saw 1 /x/y/z"}));
}

TEST_F(EngineWatch, PathsOfEventsLoseTheChroot) {
  EngineWorld rooted({.chroot = "/app"});
  rooted.connect();
  rooted.watched("/app", Read::children);
  rooted.watched("/app/a", Read::data);
  rooted.watched("/zookeeper/config", Read::data);
  rooted.take_log();
  rooted.notify(EventType::node_children_changed, "/app");
  rooted.notify(EventType::node_data_changed, "/app/a");
  rooted.notify(EventType::node_data_changed, "/zookeeper/config");
  EXPECT_EQ(rooted.take_log(),
            (Log{"/app saw 4 /", "/app/a saw 3 /a", "/zookeeper/config saw 3 /zookeeper/config"}));
}

TEST_F(EngineWatch, RemovingTheLastOneAsksTheServer) {
  const Watcher one = world.watched("/a", Read::data);
  const Watcher two = world.watched("/a", Read::data, {}, world.watcher_named("two"));
  world.take_log();
  EXPECT_TRUE(remove("/a", WatcherType::data, one).empty());
  EXPECT_EQ(world.take_log(), (Log{"remove: Ok"}));
  EXPECT_TRUE(remove("/a", WatcherType::data, one).empty());
  EXPECT_EQ(world.take_log(), (Log{"remove: NoWatcher"}));
  const std::vector<SeenRequest> seen = remove("/a", WatcherType::data, two);
  ASSERT_EQ(seen.size(), 1u);
  world.notify(EventType::node_data_changed, "/a");
  world.reply_bare(seen[0].xid, 1, proto::ErrorCode::no_watcher);
  EXPECT_EQ(world.take_log(), (Log{"remove: NoWatcher"})) << "no event behind the removal";
}

TEST_F(EngineWatch, RemovingReachesAReadUnderWay) {
  const Watcher watcher = world.watch("/a", Read::data);
  const std::vector<SeenRequest> read = world.take_requests();
  EXPECT_EQ(remove("/a", WatcherType::children, watcher).size(), 0u) << "of another type";
  EXPECT_EQ(remove("/a", WatcherType::data, watcher).size(), 1u);
  world.reply_bare(read.at(0).xid);
  EXPECT_TRUE(world.engine.watches().empty());
}

TEST_F(EngineWatch, RemovingWithoutAConnectionNeedsNoServer) {
  const Watcher watcher = world.watched("/a", Read::data);
  world.engine.transport_down(world.now);
  world.take_log();
  EXPECT_TRUE(remove("/a", WatcherType::data, watcher).empty());
  EXPECT_EQ(world.take_log(), (Log{"remove: Ok"}));
  world.connect();
  EXPECT_TRUE(world.take_requests().empty());
}

// ZooKeeper 3.8 answers the types of lasting watches with MarshallingError and keeps the watch.
TEST_F(EngineWatch, TheLastLastingWatchOfAPathIsRemovedAsAny) {
  using Type = proto::WatcherType;
  const auto type_sent = [&](WatcherType type, const Watcher& watcher) {
    const SeenRequest sent = remove("/a", type, watcher).at(0);
    world.reply_bare(sent.xid);
    return sent.as<proto::WatchesRequest>().type;
  };
  const Watcher lasting = world.watched("/a", Read::permanent);
  EXPECT_EQ(type_sent(WatcherType::persistent, lasting), Type::any);
  const Watcher recursive = world.watched("/a", Read::recursive);
  EXPECT_EQ(type_sent(WatcherType::persistent_recursive, recursive), Type::any);
  // What else is there stays.
  world.watched("/a", Read::permanent, {}, lasting);
  const Watcher once = world.watched("/a", Read::data);
  EXPECT_EQ(type_sent(WatcherType::persistent, lasting), Type::persistent);
  EXPECT_EQ(type_sent(WatcherType::data, once), Type::data);
  // And so does what a read under way is about to leave.
  world.watched("/a", Read::permanent, {}, lasting);
  world.watch("/a", Read::children);
  world.take_requests();
  EXPECT_EQ(type_sent(WatcherType::persistent, lasting), Type::persistent);
}

// ZooKeeper 3.8 would take the lasting one away.
TEST_F(EngineWatch, AOneShotWatchBesideALastingOneIsLeftAtTheServer) {
  const Watcher lasting = world.watched("/a", Read::permanent);
  const Watcher once = world.watched("/a", Read::children, {}, world.watcher_named("once"));
  world.take_log();
  ASSERT_TRUE(remove("/a", WatcherType::children, once).empty());
  EXPECT_EQ(world.take_log(), (Log{"remove: Ok"}));
  world.notify(EventType::node_children_changed, "/a");
  EXPECT_EQ(world.take_log(), (Log{"/a saw 4 /a"}));
  world.reply_bare(remove("/a", WatcherType::persistent, lasting).at(0).xid);
  // Nor one that is about to be set.
  world.watched("/b", Read::data, {}, once);
  world.watch("/b", Read::recursive);
  world.take_requests();
  EXPECT_TRUE(remove("/b", WatcherType::data, once).empty());
}

TEST_F(EngineWatch, NobodyMeansAllWatchers) {
  world.watched("/a", Read::data);
  world.watched("/a", Read::permanent, {}, world.watcher_named("two"));
  EXPECT_EQ(remove("/a", WatcherType::any, nullptr).size(), 1u);
  EXPECT_TRUE(world.engine.watches().empty());
}

TEST_F(EngineWatch, AGivenUpReadLeavesNone) {
  const Promise<void> promise;
  Request request = world.request("/a");
  request.pending = promise.state();
  request.watch = WatchOrder{Read::data, "/a", world.watcher_named("/a")};
  world.engine.submit(std::move(request), world.now);
  promise.set(tl::unexpected(Error::cancelled));
  EXPECT_TRUE(world.take_requests().size() == 1);
  world.reply_bare(1);
  EXPECT_TRUE(world.engine.watches().empty());
}

}  // namespace
}  // namespace paddock::client
