#include "recipes/kept_node.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

NodeData node_at(Client& client, const std::string& path) {
  auto node = client.get_data(path).wait(patience);
  EXPECT_TRUE(node) << error_text(node.error());
  return node ? *node : NodeData{};
}

TEST(KeptNode, IsThereWithItsDataAndGoesWithTheObject) {
  const auto client = connect();
  const std::string path = test_path() + "/members/a";
  {
    KeptNode node(*client, path, {.data = "1"});
    ASSERT_TRUE(node.await_held(patience));
    EXPECT_TRUE(node.held());
    EXPECT_EQ(node_at(*client, path).data, "1");
    EXPECT_EQ(node_at(*client, path).stat.ephemeral_owner, client->session().session);
  }
  await_children(*client, test_path() + "/members", 0);
}

TEST(KeptNode, LeaveIsToldWhenTheNodeIsGone) {
  const auto client = connect();
  const std::string path = test_path();
  KeptNode node(*client, path, {});
  ASSERT_TRUE(node.await_held(patience));
  ASSERT_TRUE(node.leave().wait(patience));
  EXPECT_FALSE(node.held());
  EXPECT_FALSE(client->exists(path).wait(patience)->has_value());
  EXPECT_EQ(node.await_held(patience).error(), Error::cancelled);
  // A second one of the path is not taken from whoever has it now.
  KeptNode next(*client, path, {});
  ASSERT_TRUE(next.await_held(patience));
  ASSERT_TRUE(node.leave().wait(patience));
  EXPECT_TRUE(client->exists(path).wait(patience)->has_value());
}

TEST(KeptNode, LeavesNothingIfItGoesWhileItIsMade) {
  const auto client = connect();
  const std::string path = test_path();
  for (int round = 0; round < 30; ++round) {
    KeptNode node(*client, path, {});
    if (round % 3 == 1) client->drop_connection();
    if (round % 3 == 2) node.set_data("x");
    ASSERT_TRUE(node.leave().wait(patience));
    ASSERT_FALSE(client->exists(path).wait(patience)->has_value()) << round;
  }
}

TEST(KeptNode, TakesTheNewestData) {
  const auto client = connect();
  const std::string path = test_path();
  KeptNode node(*client, path, {.data = "0"});
  std::vector<Pending<void>> all;
  for (int round = 1; round <= 50; ++round) all.push_back(node.set_data(std::to_string(round)));
  ASSERT_TRUE(all.back().wait(patience));
  EXPECT_EQ(node_at(*client, path).data, "50");
  for (std::size_t at = 0; at + 1 < all.size(); ++at) EXPECT_TRUE(all[at].wait(patience)) << at;
}

TEST(KeptNode, IsMadeAgainIfSomeoneDeletesIt) {
  const auto client = connect();
  const auto other = connect();
  const std::string path = test_path() + "/a";
  KeptNode node(*client, path, {.data = "x"});
  ASSERT_TRUE(node.await_held(patience));
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(other->remove(path).wait(patience));
    await_children(*other, test_path(), 1);
    ASSERT_TRUE(node.set_data("x" + std::to_string(round)).wait(patience));
  }
  EXPECT_EQ(node_at(*client, path).data, "x4");
}

TEST(KeptNode, SomeoneElsesWritesAreUndone) {
  const auto client = connect();
  const auto other = connect();
  const std::string path = test_path();
  KeptNode node(*client, path, {.data = "mine"});
  ASSERT_TRUE(node.await_held(patience));
  ASSERT_TRUE(other->set_data(path, "theirs").wait(patience));
  const Deadline deadline = patience;
  while (node_at(*other, path).data != "mine") ASSERT_FALSE(deadline.has_passed());
}

TEST(KeptNode, WaitsForTheNodeOfAnotherSession) {
  const auto client = connect();
  auto other = connect({.session_timeout = short_session});
  const std::string path = test_path();
  create_node(*other, path, CreateMode::ephemeral);
  KeptNode node(*client, path, {.data = "mine"});
  EXPECT_EQ(node.await_held(Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  cancel.request_stop();
  EXPECT_EQ(node.await_held(patience, cancel.get_token()).error(), Error::cancelled);
  EXPECT_FALSE(node.held());
  ASSERT_TRUE(other->set_data(path, "theirs still").wait(patience));
  EXPECT_EQ(node.await_held(Milliseconds(1)).error(), Error::deadline_exceeded);
  other->detach();  // as a crash: the session runs out
  ASSERT_TRUE(node.await_held(patience));
  EXPECT_EQ(node_at(*client, path).data, "mine");
}

TEST(KeptNode, TellsWhatTheServerRefuses) {
  const auto client = connect();
  const std::string path = test_path();
  ASSERT_TRUE(client->create(path, "", {.acl = read_acl()}).wait(patience));
  KeptNode node(*client, path + "/a", {});
  EXPECT_EQ(node.await_held(patience).error(), Error::no_auth);
  KeptNode deeper(*client, path + "/a/b", {});
  EXPECT_EQ(deeper.await_held(patience).error(), Error::no_auth);
}

TEST(KeptNode, SurvivesLostConnections) {
  const auto client = connect();
  const std::string path = test_path();
  KeptNode node(*client, path, {.data = "0"});
  for (int round = 0; round < 30; ++round) {
    client->drop_connection();
    const std::string data = std::to_string(round);
    ASSERT_TRUE(node.set_data(data).wait(patience)) << round;
    ASSERT_EQ(node_at(*client, path).data, data);
  }
  EXPECT_TRUE(node.held());
}

TEST(KeptNode, IsMadeAgainInTheNextSession) {
  const auto other = connect();
  const std::string path = test_path() + "/a";
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  {
    std::mutex mutex;
    std::vector<bool> told;
    KeptNode node(*client, path, {.data = "x", .on_change = [&](bool held) {
                                    std::lock_guard lock(mutex);
                                    told.push_back(held);
                                  }});
    ASSERT_TRUE(node.await_held(patience));
    const SessionId first = node_at(*other, path).stat.ephemeral_owner;
    loop.stop();
    await_children(*other, test_path(), 0);
    EXPECT_FALSE(node.held()) << "although nobody has told it anything yet";
    loop.start();
    await_children(*other, test_path(), 1);
    EXPECT_NE(node_at(*other, path).stat.ephemeral_owner, first);
    ASSERT_TRUE(node.set_data("y").wait(patience));
    std::lock_guard lock(mutex);
    EXPECT_EQ(told, (std::vector<bool>{true, false, true}));
  }
}

TEST(KeptNode, TheEndOfTheSessionEndsWaits) {
  const auto client = connect();
  const auto other = connect();
  const std::string path = test_path();
  create_node(*other, path, CreateMode::ephemeral);
  KeptNode node(*client, path, {});
  auto waiting = std::async(std::launch::async, [&] { return node.await_held(patience); });
  ASSERT_TRUE(client->close().wait(patience));
  EXPECT_FALSE(waiting.get());
}

}  // namespace
}  // namespace paddock::recipes::test
