#include "recipes/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

std::vector<Op> sequential(const std::string& parent, const std::string& data = "") {
  return {CreateOp{parent + "/n-", data, {.mode = CreateMode::persistent_sequential}}};
}

TEST(Ledger, GivesTheResultsOfTheCallersOperations) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  Ledger ledger(*client, path + "/ledgers");
  const auto applied = ledger.apply(sequential(path), patience);
  ASSERT_TRUE(applied) << error_text(applied.error());
  ASSERT_EQ(applied->result.results.size(), 1u);
  EXPECT_EQ(applied->result.results[0].created()->path, path + "/n-0000000001");
  EXPECT_EQ(applied->session, client->session().session);
}

TEST(Ledger, ARefusalIsTheCallersAndCostsNothing) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  Ledger ledger(*client, path + "/ledgers");
  for (int round = 0; round < 3; ++round) {
    const auto refused = ledger.apply({CheckOp{path}, CreateOp{path, ""}}, patience);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->result.error(), Error::node_exists);
    EXPECT_EQ(refused->result.failed(), 1u);
    const auto applied = ledger.apply({CheckOp{path}}, patience);
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->result.error(), Error::ok);
  }
}

TEST(Ledger, LeavesNoNode) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  {
    Ledger ledger(*client, path + "/ledgers");
    ASSERT_TRUE(ledger.apply({CheckOp{path}}, patience));
    EXPECT_EQ(children_of(*client, path + "/ledgers").size(), 1u);
  }
  await_children(*client, path + "/ledgers", 0);
}

TEST(Ledger, HappensOnceAlthoughConnectionsBreak) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  create_node(*client, path + "/n");
  Ledger ledger(*client, path + "/ledgers");
  constexpr int rounds = 100;
  std::vector<std::string> expected;
  for (int round = 0; round < rounds; ++round) {
    std::thread breaking([&] { client->drop_connection(); });
    const auto applied = ledger.apply(sequential(path + "/n", std::to_string(round)), patience);
    breaking.join();
    EXPECT_TRUE(applied) << error_text(applied.error());
    if (applied) {
      EXPECT_EQ(applied->result.error(), Error::ok);
    }
    expected.push_back(std::to_string(round));
  }
  auto names = children_of(*client, path + "/n");
  std::sort(names.begin(), names.end());
  std::vector<std::string> found;
  for (const std::string& name : names) {
    found.push_back(client->get_data(path + "/n/" + name).wait(patience)->data);
  }
  EXPECT_EQ(found, expected) << "each once, in order";
}

TEST(Ledger, GoesOnAfterACallThatWasGivenUp) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  create_node(*client, path + "/n");
  Ledger ledger(*client, path + "/ledgers");
  ASSERT_TRUE(ledger.apply({CheckOp{path}}, patience));
  std::size_t confirmed = 0;
  std::size_t open = 0;
  for (int round = 0; round < 40; ++round) {
    const bool gives_up = round % 2 == 0;
    CancelSource cancel;
    if (gives_up) cancel.request_stop();
    const auto applied = ledger.apply(sequential(path + "/n"), patience, cancel.get_token());
    ASSERT_EQ(applied.has_value(), !gives_up);
    ++(gives_up ? open : confirmed);
  }
  const std::size_t found = children_of(*client, path + "/n").size();
  EXPECT_GE(found, confirmed);
  EXPECT_LE(found, confirmed + open);
}

TEST(Ledger, WaitsForItsTurnNoLongerThanItsDeadline) {
  const auto client = connect();
  const std::string path = test_path();
  create_node(*client, path);
  create_node(*client, path + "/n");
  Ledger ledger(*client, path + "/ledgers");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 25; ++round) {
        EXPECT_TRUE(ledger.apply(sequential(path + "/n"), patience));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(children_of(*client, path + "/n").size(), 100u);
  EXPECT_FALSE(ledger.apply(sequential(path + "/n"), Milliseconds(0)));
}

TEST(Ledger, NothingIsAppliedByALaterSession) {
  const auto other = connect();
  const std::string path = test_path();
  create_node(*other, path);
  create_node(*other, path + "/n");
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  {
    Ledger ledger(*client, path + "/ledgers");
    const auto first = ledger.apply(sequential(path + "/n"), patience);
    ASSERT_TRUE(first);
    loop.stop();
    await_children(*other, path + "/ledgers", 0);
    loop.start();
    const auto late = ledger.apply(sequential(path + "/n"), patience, {}, first->session);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), Error::session_expired);
    EXPECT_EQ(children_of(*other, path + "/n").size(), 1u);
    const auto next = ledger.apply(sequential(path + "/n"), patience);
    ASSERT_TRUE(next) << error_text(next.error());
    EXPECT_NE(next->session, first->session);
    EXPECT_EQ(children_of(*other, path + "/n").size(), 2u);
  }
}

}  // namespace
}  // namespace paddock::recipes::test
