#include "paddock/reactor/fanout.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/proto/connect_records.h"
#include "tests/unit/reactor/clients.h"

namespace paddock::reactor {
namespace {

using proto::EventType;

constexpr std::size_t no_bound = std::numeric_limits<std::size_t>::max();

/// Watches of a few connections, events in slots, and what each connection was told, as
/// "type path zxid".
class R16Fanout : public ::testing::Test {
 protected:
  R16Fanout() {
    for (int i = 0; i < 6; ++i) all.push_back(&clients.add());
  }
  ~R16Fanout() override {
    for (Client* client : all) drop(client);
    open->release();
    closed->release();
  }

  void watch(Client* client, std::string_view path, std::uint8_t bits) {
    watches.add(client->id.index, client->watches, path, bits);
  }
  void watch_by_all(std::string_view path, std::uint8_t bits) {
    for (Client* client : all) watch(client, path, bits);
  }
  std::int64_t watch_count() const {
    const WatchTable::Counts& counts = watches.counts();
    return counts.data + counts.child;
  }
  void drop(Client* client) { watches.remove_all(client->id.index, client->watches); }

  void put(ordering::FeedSlot& slot, EventType type, std::string_view path,
           const core::Acl* acl = nullptr) {
    slot.bytes.append(as_bytes("some body"));
    const auto path_at = static_cast<std::uint32_t>(slot.bytes.size());
    slot.bytes.append(as_bytes(path));
    slot.events.push_back({.type = type,
                           .path_at = path_at,
                           .path_bytes = static_cast<std::uint32_t>(path.size()),
                           .acl = acl != nullptr ? acl : open});
  }
  void add_all(const ordering::FeedSlot& slot) {
    for (const ordering::FeedEvent& event : slot.events)
      fanout.add(slot, slots.size() - 1, event, Zxid{static_cast<std::int64_t>(zxid++)});
  }
  /// A batch with one event.
  void happens(EventType type, std::string_view path, const core::Acl* acl = nullptr) {
    put(slots.emplace_back(), type, path, acl);
    add_all(slots.back());
  }

  void tell(Client& client, Bytes frame) {
    proto::Reader in(frame.subspan(proto::frame_header_bytes));
    proto::ReplyHeader header;
    proto::WatcherEvent event;
    in.read(header);
    in.read(event);
    ASSERT_TRUE(in.ok() && in.rest().empty());
    EXPECT_EQ(header.xid, proto::xid_notification);
    told[&client].push_back(std::to_string(static_cast<int>(event.type)) + " " +
                            std::string(*event.path) + " " + std::to_string(header.zxid.value));
  }
  void expect_told(const std::vector<std::string>& what) {
    for (Client* client : all) EXPECT_EQ(told[client], what) << client->id.index;
  }
  void finish() { EXPECT_TRUE(fanout.run({no_bound, no_bound})); }

  core::Epoch epoch{1};
  core::AclTable acls{epoch};
  const core::AclEntry open_entry{proto::perm_all, "world", "anyone"};
  const core::AclEntry closed_entry{proto::perm_all, "digest", "somebody:else"};
  const core::Acl* open = acls.intern({&open_entry, 1});
  const core::Acl* closed = acls.intern({&closed_entry, 1});
  test::Clients clients;
  std::vector<Client*> all;
  WatchTable watches;
  std::deque<ordering::FeedSlot> slots;
  std::uint64_t zxid = 1;
  std::map<Client*, std::vector<std::string>> told;
  Fanout fanout{watches, clients.table, false,
                [this](Client& client, Bytes frame) { tell(client, frame); }};
};

TEST_F(R16Fanout, SlicesTellEachConnectionOnce) {
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/a");
  int slices = 1;
  while (!fanout.run({2, no_bound})) {
    ++slices;
    EXPECT_FALSE(fanout.is_idle());
    EXPECT_EQ(fanout.oldest_position(99), 0u) << "its slot is still needed";
  }
  EXPECT_GE(slices, 3);
  expect_told({"3 /a 1"});
  EXPECT_EQ(watch_count(), 0);
  EXPECT_TRUE(fanout.is_idle());
  EXPECT_EQ(fanout.oldest_position(99), 99u);
  happens(EventType::node_data_changed, "/a");
  finish();
  expect_told({"3 /a 1"});
}

TEST_F(R16Fanout, ABatchOfManyEventsIsToldInItsOrder) {
  // So many watches that those of coming events are fetched ahead.
  constexpr std::size_t others = 10'001;
  for (std::size_t i = 0; i < others; ++i)
    watch(all[0], "/other" + std::to_string(i), watch_persistent);
  std::vector<std::string> paths;
  for (int i = 0; i < 41; ++i) paths.push_back("/n" + std::to_string(i));
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < paths.size(); i += 3) watch_by_all(paths[i], watch_data);
  ordering::FeedSlot& batch = slots.emplace_back();
  for (int round = 0; round < 2; ++round)
    for (const std::string& path : paths) put(batch, EventType::node_data_changed, path);
  add_all(batch);
  for (std::size_t i = 0; i < paths.size(); i += 3)
    expected.push_back("3 " + paths[i] + " " + std::to_string(i + 1));
  while (!fanout.run({7, no_bound})) EXPECT_FALSE(fanout.is_idle());
  expect_told(expected);
  EXPECT_EQ(watch_count(), static_cast<std::int64_t>(2 * others));  // persistent: in both tables
}

TEST_F(R16Fanout, ASliceOfLongPathsEndsByItsBytes) {
  const std::string path = "/" + std::string(1'000'000, 'x');
  watch_by_all(path, watch_data);
  happens(EventType::node_data_changed, path);
  std::size_t slices = 0;
  for (bool is_done = false; !is_done; ++slices) {
    const std::uint64_t before = fanout.told_bytes();
    is_done = fanout.run({no_bound, path.size() + 1'000});
    EXPECT_LE(fanout.told_bytes() - before, 2 * (path.size() + 1'000));
  }
  EXPECT_EQ(slices, 3u) << "two connections in each";
  expect_told({"3 " + path + " 1"});
}

TEST_F(R16Fanout, AShareComesBeforeTheReplyAndIsSkippedLater) {
  watch_by_all("/a", watch_data);
  watch_by_all("/b", watch_data);
  happens(EventType::node_data_changed, "/a");
  happens(EventType::node_data_changed, "/b");
  EXPECT_FALSE(fanout.run({1, no_bound}));
  for (Client* client : all) {
    fanout.flush_share(*client);
    EXPECT_EQ(told[client], (std::vector<std::string>{"3 /a 1", "3 /b 2"}));
    fanout.flush_share(*client);
  }
  finish();
  expect_told({"3 /a 1", "3 /b 2"});
}

TEST_F(R16Fanout, AShareInTheMiddleOfAnEventsPathsIsWhole) {
  for (Client* client : all) {
    watch(client, "/", watch_recursive);
    watch(client, "/a", watch_recursive);
    watch(client, "/a/b", watch_data);
  }
  happens(EventType::node_data_changed, "/a/b");
  // Behind the own path and one of the ancestor's watches.
  EXPECT_FALSE(fanout.run({all.size() + 1, no_bound}));
  for (Client* client : all) fanout.flush_share(*client);
  finish();
  expect_told({"3 /a/b 1"});
}

TEST_F(R16Fanout, ANewWatchIsNotFiredByAnOlderEvent) {
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/a");
  Client* late = &clients.add();
  all.push_back(late);
  // As a read that sets the watch does.
  fanout.flush_share(*late);
  watch(late, "/a", watch_data);
  Client* again = all[0];
  fanout.flush_share(*again);
  watch(again, "/a", watch_data);
  finish();
  EXPECT_TRUE(told[late].empty());
  EXPECT_EQ(told[again].size(), 1u);
  happens(EventType::node_data_changed, "/a");
  finish();
  EXPECT_EQ(told[late], (std::vector<std::string>{"3 /a 2"}));
  EXPECT_EQ(told[again], (std::vector<std::string>{"3 /a 1", "3 /a 2"}));
}

TEST_F(R16Fanout, AConnectionMayGoInTheMiddleOfASlice) {
  watch_by_all("/a", watch_persistent);
  // Newest first: whoever is next, before, or last.
  for (std::size_t gone = 0; gone < 6; ++gone) {
    told.clear();
    happens(EventType::node_data_changed, "/a");
    EXPECT_FALSE(fanout.run({3, no_bound}));
    Client* client = all[gone];
    const std::size_t before = told[client].size();
    drop(client);
    finish();
    EXPECT_EQ(told[client].size(), before);
    for (Client* other : all) {
      if (other == client) continue;
      EXPECT_EQ(told[other].size(), 1u) << gone;
    }
    // In front of the list again, where the others are in their old order behind it.
    watch(client, "/a", watch_persistent);
  }
}

TEST_F(R16Fanout, TheLastConnectionMayGoBeforeItsSlice) {
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/a");
  for (Client* client : all) drop(client);
  finish();
  expect_told({});
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/a");
  finish();
  expect_told({"3 /a 2"});
}

TEST_F(R16Fanout, OwnPathAndAncestorsTellOnce) {
  for (Client* client : all) {
    watch(client, "/a", watch_recursive);
    watch(client, "/a/b", watch_recursive | watch_persistent | watch_data);
    watch(client, "/a/b/c", watch_recursive);
  }
  happens(EventType::node_data_changed, "/a/b");
  finish();
  expect_told({"3 /a/b 1"});
}

TEST_F(R16Fanout, ARecursiveWatchIsToldOfTheSubtreeOnly) {
  watch_by_all("/a", watch_recursive);
  happens(EventType::node_created, "/ab");
  happens(EventType::node_created, "/a/b/c/d");
  happens(EventType::node_created, "/b/a");
  happens(EventType::node_children_changed, "/a");
  happens(EventType::node_deleted, "/a");
  finish();
  expect_told({"1 /a/b/c/d 2", "2 /a 5"});
}

TEST_F(R16Fanout, ADeletionFiresBothTablesAndTellsOnce) {
  watch_by_all("/a", watch_data | watch_child);
  happens(EventType::node_deleted, "/a");
  finish();
  expect_told({"2 /a 1"});
  EXPECT_TRUE(watches.empty());
}

TEST_F(R16Fanout, AWatchThatIsSetAgainFiresAgain) {
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/a");
  finish();
  EXPECT_EQ(watch_count(), 0);
  for (int i : {0, 2, 3}) watch(all[static_cast<std::size_t>(i)], "/a", watch_data);
  EXPECT_EQ(watch_count(), 3);
  happens(EventType::node_data_changed, "/a");
  happens(EventType::node_data_changed, "/a");
  finish();
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(told[all[i]].size(), i == 0 || i == 2 || i == 3 ? 2u : 1u) << i;
}

TEST_F(R16Fanout, EachEventUsesUpItsOwnTableOnly) {
  watch_by_all("/a", watch_data | watch_child);
  happens(EventType::node_children_changed, "/a");
  happens(EventType::node_children_changed, "/a");
  happens(EventType::node_data_changed, "/a");
  finish();
  expect_told({"4 /a 1", "3 /a 3"});
  EXPECT_EQ(watch_count(), 0);
}

TEST_F(R16Fanout, R12AWithheldEventUsesItsWatchUp) {
  watch_by_all("/a", watch_data);
  all[2]->identities =
      std::make_shared<const core::IdentitySet>(core::IdentitySet{{"digest", "somebody:else"}});
  happens(EventType::node_data_changed, "/a", closed);
  happens(EventType::node_data_changed, "/a", open);
  finish();
  for (Client* client : all) EXPECT_EQ(told[client].size(), client == all[2] ? 1u : 0u);
  EXPECT_EQ(watch_count(), 0);
}

TEST_F(R16Fanout, NobodyToTellIsNoJob) {
  watch_by_all("/a", watch_data);
  happens(EventType::node_data_changed, "/b");
  happens(EventType::node_children_changed, "/");
  EXPECT_TRUE(fanout.is_idle());
}

}  // namespace
}  // namespace paddock::reactor
