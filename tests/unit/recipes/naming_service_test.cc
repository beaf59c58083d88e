#include "recipes/naming_service.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(NamingService, IdsCountFromZeroInBlocks) {
  const auto client = connect();
  NamingService naming(*client, test_path());
  const auto a = naming.reserve_ids("orders", 10, patience);
  ASSERT_TRUE(a) << error_text(a.error());
  EXPECT_EQ(a->first, 0);
  EXPECT_EQ(a->count, 10);
  EXPECT_EQ(naming.reserve_ids("orders", 1, patience)->first, 10);
  EXPECT_EQ(naming.reserve_ids("orders", 5, patience)->first, 11);
  EXPECT_EQ(naming.reserve_ids("other", 5, patience)->first, 0);
  // One write each, in the form of kazoo's Counter.
  const auto node = client->get_data(test_path() + "/ids/orders").wait(patience);
  EXPECT_EQ(node->data, "16");
  EXPECT_EQ(node->stat.version, 3);
}

TEST(NamingService, NextIdUsesItsBlockUp) {
  const auto client = connect();
  NamingService naming(*client, test_path());
  for (int id = 0; id < 20; ++id) EXPECT_EQ(naming.next_id("x", 8, patience), id);
  const auto node = client->get_data(test_path() + "/ids/x").wait(patience);
  EXPECT_EQ(node->stat.version, 3) << "one write per block";
}

TEST(NamingService, NoIdIsGivenTwice) {
  constexpr int threads = 6;
  constexpr int rounds = 40;
  const auto shared = connect();
  NamingService shared_naming(*shared, test_path());
  std::vector<std::future<std::vector<std::int64_t>>> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.push_back(std::async(std::launch::async, [&, thread] {
      const auto own = connect();
      NamingService own_naming(*own, test_path());
      NamingService& naming = thread % 2 == 0 ? shared_naming : own_naming;
      std::vector<std::int64_t> ids;
      for (int round = 0; round < rounds; ++round) {
        if (thread % 3 == 0) own->drop_connection();
        if (thread == 0 && round % 4 == 0) shared->drop_connection();
        const auto id = naming.next_id("x", 1 + thread, patience);
        EXPECT_TRUE(id) << error_text(id.error());
        ids.push_back(id.value_or(-1));
      }
      return ids;
    }));
  }
  std::set<std::int64_t> all;
  for (auto& thread : running) {
    for (const std::int64_t id : thread.get()) EXPECT_TRUE(all.insert(id).second) << id;
  }
  EXPECT_EQ(all.size(), std::size_t{threads * rounds});
}

TEST(NamingService, RefusesWhatIsNoNumberOrNoName) {
  const auto client = connect();
  NamingService naming(*client, test_path());
  ASSERT_TRUE(ensure_path(*client, test_path() + "/ids", patience));
  for (const auto* data : {"x", "1x", "-1", "99999999999999999999"}) {
    const std::string name = std::string("bad") + data;
    ASSERT_TRUE(client->create(test_path() + "/ids/" + name, data).wait(patience));
    EXPECT_EQ(naming.reserve_ids(name, 1, patience).error(), Error::protocol_error) << data;
  }
  ASSERT_TRUE(client->create(test_path() + "/ids/full", "9223372036854775807").wait(patience));
  EXPECT_EQ(naming.reserve_ids("full", 1, patience).error(), Error::protocol_error);
  EXPECT_EQ(naming.reserve_ids("a/b", 1, patience).error(), Error::bad_arguments);
  EXPECT_EQ(naming.reserve_ids("a", 0, patience).error(), Error::bad_arguments);
  EXPECT_EQ(naming.reserve_ids("a", (std::int64_t{1} << 31) + 1, patience).error(),
            Error::bad_arguments);
  EXPECT_TRUE(naming.reserve_ids("a", std::int64_t{1} << 31, patience));
}

TEST(NamingService, InstancesAreFoundWhileTheyAreRegistered) {
  const auto client = connect();
  const auto other = connect();
  NamingService naming(*client, test_path());
  NamingService asking(*other, test_path());
  EXPECT_TRUE(asking.resolve("orders", patience)->empty());
  EXPECT_TRUE(asking.service_names(patience)->empty());
  auto a = naming.register_service(
      {.name = "orders", .id = "a", .address = "10.0.0.1", .port = 80, .payload = "blue"});
  auto b = naming.register_service({.name = "orders", .id = "b", .address = "10.0.0.2"});
  ASSERT_TRUE(a && b);
  ASSERT_TRUE((*a)->await_held(patience));
  ASSERT_TRUE((*b)->await_held(patience));
  auto found = asking.resolve("orders", patience);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0], (*a)->instance());
  EXPECT_EQ((*found)[1], (*b)->instance());
  EXPECT_EQ(*asking.service_names(patience), std::vector<std::string>{"orders"});
  ASSERT_TRUE((*a)->leave().wait(patience));
  found = asking.resolve("orders", patience);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].id, "b");
  EXPECT_EQ(naming.register_service({.name = "a/b"}).error(), Error::bad_arguments);
  EXPECT_FALSE((*naming.register_service({.name = "n"}))->instance().id.empty());
}

TEST(NamingService, AWatchFollowsTheInstances) {
  const auto client = connect();
  NamingService naming(*client, test_path());
  std::mutex mutex;
  std::vector<std::size_t> told;
  const auto watch = naming.watch("orders", [&](const ServiceWatch::Instances& instances) {
    std::lock_guard lock(mutex);
    told.push_back(instances.size());
  });
  ASSERT_TRUE(watch);
  ASSERT_TRUE((*watch)->await_instances(0, patience));
  auto crashing = connect({.session_timeout = short_session});
  NamingService theirs(*crashing, test_path());
  auto a = theirs.register_service({.name = "orders", .id = "a", .port = 1});
  auto found = (*watch)->await_instances(1, patience);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->front().port, 1);
  // One that is none of ours, and one that makes no sense.
  const std::string folder = test_path() + "/services/orders/";
  ASSERT_TRUE(client->create(folder + "odd", "{]").wait(patience));
  ASSERT_TRUE(client
                  ->create(folder + "c", R"({"name":"orders","id":"c","payload":{"x":1}})",
                           {.mode = CreateMode::ephemeral})
                  .wait(patience));
  found = (*watch)->await_instances(2, patience);
  ASSERT_TRUE(found);
  EXPECT_EQ((**found)[1].payload, R"({"x":1})");
  crashing->detach();
  await_children(*client, test_path() + "/services/orders", 2);
  const Deadline deadline = patience;
  while ((*watch)->instances()->size() != 1) ASSERT_FALSE(deadline.has_passed());
  std::lock_guard lock(mutex);
  EXPECT_EQ(told.front(), 0u);
  EXPECT_EQ(told.back(), 1u);
}

TEST(NamingService, WaitsEndByDeadlineAndCancel) {
  const auto client = connect();
  NamingService naming(*client, test_path());
  const auto watch = naming.watch("none");
  EXPECT_EQ((*watch)->await_instances(1, Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  cancel.request_stop();
  const CancelToken token = cancel.get_token();
  EXPECT_EQ((*watch)->await_instances(1, patience, token).error(), Error::cancelled);
  EXPECT_EQ(naming.reserve_ids("x", 1, patience, token).error(), Error::cancelled);
  EXPECT_EQ(naming.resolve("x", patience, token).error(), Error::cancelled);
  EXPECT_EQ(naming.next_id("x", 1, patience, token).error(), Error::cancelled);
}

TEST(ServiceInstance, IsWhatCuratorWrites) {
  const auto instance = parse_service_instance(
      R"({"name":"orders","id":"7f","address":"10.0.0.7","port":8080,"sslPort":null,)"
      R"("payload":{"@class":"Details","description":"x"},"registrationTimeUTC":1700000000000,)"
      R"("serviceType":"DYNAMIC","uriSpec":{"parts":[{"value":"scheme","variable":true}]}})");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->name, "orders");
  EXPECT_EQ(instance->port, 8080);
  EXPECT_EQ(instance->ssl_port, std::nullopt);
  EXPECT_EQ(instance->payload, R"({"@class":"Details","description":"x"})");
  EXPECT_EQ(instance->registered_ms, 1700000000000);
}

TEST(ServiceInstance, ComesBackFromItsJson) {
  const ServiceInstance instance{.name = "n",
                                 .id = "i",
                                 .address = "::1",
                                 .port = 1,
                                 .ssl_port = 65535,
                                 .payload = "p \"q\"",
                                 .registered_ms = 5};
  EXPECT_EQ(parse_service_instance(to_json(instance)), instance);
  const ServiceInstance least{.name = "n", .id = "i"};
  EXPECT_EQ(parse_service_instance(to_json(least)), least);
  EXPECT_EQ(to_json(least),
            R"({"name":"n","id":"i","address":null,"port":null,"sslPort":null,"payload":null,)"
            R"("registrationTimeUTC":0,"serviceType":"DYNAMIC","uriSpec":null})");
  EXPECT_FALSE(to_json({.name = "\xff"}).empty());
}

TEST(ServiceInstance, RefusesWhatIsNone) {
  for (const auto* json : {"", "{", "[]", "1", "null", "{}", R"({"name":"n"})", R"({"id":"i"})",
                           R"({"name":1,"id":"i"})"}) {
    EXPECT_FALSE(parse_service_instance(json)) << json;
  }
  const auto odd = parse_service_instance(
      R"({"name":"n","id":"i","port":70000,"sslPort":"1","address":5,"registrationTimeUTC":"x"})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(*odd, (ServiceInstance{.name = "n", .id = "i"}));
}

}  // namespace
}  // namespace paddock::recipes::test
