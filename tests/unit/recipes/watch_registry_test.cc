#include "recipes/client/watch_registry.h"

#include <gtest/gtest.h>

namespace paddock::client {
namespace {

Watcher nobody() {
  return make_watcher([](const WatchedEvent&) {});
}

TEST(WatchRegistry, KindsDecideWhoHears) {
  struct Row {
    WatchKind kind;
    EventType type;
    bool hears;
    bool stays;
  };
  const Row rows[] = {
      {WatchKind::data, EventType::node_data_changed, true, false},
      {WatchKind::data, EventType::node_deleted, true, false},
      {WatchKind::data, EventType::node_children_changed, false, true},
      {WatchKind::exist, EventType::node_created, true, false},
      {WatchKind::exist, EventType::node_children_changed, false, true},
      {WatchKind::child, EventType::node_children_changed, true, false},
      {WatchKind::child, EventType::node_deleted, true, false},
      {WatchKind::child, EventType::node_data_changed, false, true},
      {WatchKind::persistent, EventType::node_children_changed, true, true},
      {WatchKind::persistent, EventType::node_deleted, true, true},
      {WatchKind::recursive, EventType::node_created, true, true},
      {WatchKind::recursive, EventType::node_children_changed, false, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message()
                 << static_cast<int>(row.kind) << " " << static_cast<int>(row.type));
    WatchRegistry registry;
    registry.add(row.kind, "/a", nobody());
    EXPECT_EQ(registry.take(row.type, "/a").size(), row.hears ? 1u : 0u);
    EXPECT_EQ(registry.empty(), !row.stays);
  }
}

TEST(WatchRegistry, RecursiveWatchesReachFromTheRoot) {
  WatchRegistry registry;
  registry.add(WatchKind::recursive, "/", nobody());
  registry.add(WatchKind::recursive, "/a", nobody());
  EXPECT_EQ(registry.take(EventType::node_created, "/a/b").size(), 2u);
  EXPECT_EQ(registry.take(EventType::node_created, "/ab").size(), 1u);
  EXPECT_EQ(registry.take(EventType::node_data_changed, "/").size(), 1u);
}

TEST(WatchRegistry, TakeAllNamesEachWatcherAndPathOnce) {
  WatchRegistry registry;
  const Watcher watcher = nobody();
  registry.add(WatchKind::data, "/a", watcher);
  registry.add(WatchKind::child, "/a", watcher);
  registry.add(WatchKind::data, "/b", watcher);
  registry.add(WatchKind::data, "/b", watcher);
  EXPECT_EQ(registry.take_all().size(), 2u);
  EXPECT_TRUE(registry.empty());
}

TEST(WatchRegistry, PiecesHoldOnePathAtLeast) {
  WatchRegistry registry;
  for (const char* path : {"/aaaaaaaaaa", "/bbbbbbbbbb", "/cccccccccc"})
    registry.add(WatchKind::data, path, nobody());
  EXPECT_EQ(registry.set_watches(Zxid{1}, 1).size(), 3u);
  EXPECT_EQ(registry.set_watches(Zxid{1}, 1'000).size(), 1u);
  EXPECT_TRUE(WatchRegistry().set_watches(Zxid{1}, 1).empty());
}

}  // namespace
}  // namespace paddock::client
