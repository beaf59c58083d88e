#include "recipes/client/client.h"

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

TEST(Client, WhatWasAskedInASessionIsNotDoneInTheNext) {
  const auto other = connect();
  create_node(*other, test_path());
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  const SessionId first = client->session().session;
  create_node(*client, test_path() + "/mark", CreateMode::ephemeral);
  loop.stop();
  await_children(*other, test_path(), 0);  // the session is over at the server
  int asked = 0;
  int answered = 0;
  const auto ask = [&] {
    client->create(test_path() + "/" + std::to_string(++asked), "", {},
                   [&](const Expected<Created>&) { ++answered; });
  };
  // One before each turn of the loop: so also before the one in which it learns of the end.
  loop.step_until([&] {
    if (client->session().session != first) return true;
    ask();
    return false;
  });
  loop.step_until([&] { return answered == asked; });
  EXPECT_TRUE(children_of(*other, test_path()).empty());
  ask();
  loop.step_until([&] { return answered == asked; });
  EXPECT_EQ(children_of(*other, test_path()).size(), 1u);
}

}  // namespace
}  // namespace paddock::recipes::test
