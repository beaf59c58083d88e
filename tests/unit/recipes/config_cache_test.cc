#include "recipes/config_cache.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(ConfigCache, ThereNeedBeNoValue) {
  const auto client = connect();
  ConfigCache cache(*client, test_path());
  const auto value = cache.await_loaded(patience);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, nullptr);
  EXPECT_EQ(cache.value(), nullptr);
}

TEST(ConfigCache, WhatIsPublishedIsPushedToAll) {
  const auto client = connect();
  const auto other = connect();
  const std::string path = test_path() + "/deep/config";
  std::mutex mutex;
  std::vector<std::string> told;
  ConfigCache cache(*other, path, {.listener = [&](const ConfigValuePtr& value) {
    std::lock_guard lock(mutex);
    told.push_back(value ? value->data : "none");
  }});
  ASSERT_TRUE(cache.await_loaded(patience));
  ConfigCache publisher(*client, path);
  Zxid seen{};
  for (int round = 0; round < 5; ++round) {
    const std::string data = std::to_string(round);
    const auto version = publisher.publish(data, any_version, patience);
    ASSERT_TRUE(version) << error_text(version.error());
    EXPECT_EQ(*version, round);
    const auto value = cache.await_newer(seen, patience);
    ASSERT_TRUE(value);
    EXPECT_EQ((*value)->data, data);
    EXPECT_EQ(cache.value()->stat.version, round);
    seen = (*value)->stat.mzxid;
  }
  ASSERT_TRUE(client->remove(path).wait(patience));
  ASSERT_EQ(*cache.refresh(patience), nullptr);
  std::lock_guard lock(mutex);
  EXPECT_EQ(told, (std::vector<std::string>{"none", "0", "1", "2", "3", "4", "none"}));
}

TEST(ConfigCache, ComparesVersions) {
  const auto client = connect();
  ConfigCache cache(*client, test_path());
  EXPECT_EQ(cache.publish("x", 0, patience).error(), Error::no_node);
  EXPECT_EQ(cache.publish("a", no_version, patience), 0);
  EXPECT_EQ(cache.publish("b", no_version, patience).error(), Error::node_exists);
  EXPECT_EQ(cache.publish("b", 0, patience), 1);
  EXPECT_EQ(cache.publish("c", 0, patience).error(), Error::bad_version);
  EXPECT_EQ((*cache.refresh(patience))->data, "b");
  EXPECT_EQ(cache.publish("d", any_version, patience), 2);
}

// Counts with compare and set, although connections break: nobody's step is lost or done twice.
TEST(ConfigCache, AVersionedPublishKnowsWhetherItHappened) {
  const auto client = connect();
  const std::string path = test_path();
  EXPECT_TRUE(publish_value(*client, path, "0", no_version, patience));
  for (int round = 0; round < 60; ++round) {
    std::thread breaking([&] { client->drop_connection(); });
    EXPECT_EQ(publish_value(*client, path, std::to_string(round + 1), round, patience), round + 1);
    breaking.join();
  }
  EXPECT_EQ(client->get_data(path).wait(patience)->data, "60");
}

TEST(ConfigCache, ServesTheLastValueWhileCutOff) {
  const auto client = connect();
  const std::string path = test_path();
  ASSERT_TRUE(publish_value(*client, path, "old", any_version, patience));
  TestLoop loop;
  loop.start();
  const auto cut_off = connect({.io_loop = loop.loop()});
  {
    ConfigCache cache(*cut_off, path);
    ASSERT_TRUE(cache.await_loaded(patience));
    loop.stop();
    ASSERT_TRUE(publish_value(*client, path, "new", any_version, patience));
    cut_off->drop_connection();
    loop.step_until([&] { return cut_off->session().state != SessionState::connected; });
    EXPECT_FALSE(cache.is_current());
    EXPECT_EQ(cache.value()->data, "old");
    loop.start();
    EXPECT_EQ((*cache.await_newer(cache.value()->stat.mzxid, patience))->data, "new");
    EXPECT_TRUE(cut_off->close().wait(patience));
    EXPECT_EQ(cache.value()->data, "new");
  }
}

TEST(ConfigCache, WaitsEndByDeadlineAndCancel) {
  const auto client = connect();
  ConfigCache cache(*client, test_path());
  EXPECT_EQ(cache.await_newer(Zxid{}, Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  cancel.request_stop();
  EXPECT_EQ(cache.await_newer(Zxid{}, patience, cancel.get_token()).error(), Error::cancelled);
  EXPECT_EQ(cache.publish("x", any_version, patience, cancel.get_token()).error(),
            Error::cancelled);
}

}  // namespace
}  // namespace paddock::recipes::test
