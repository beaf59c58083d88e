#include "recipes/hold.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

#include "recipes/lock.h"
#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

/// What a handler has been told, to be waited for.
class Told {
 public:
  Hold::StateHandler handler() {
    return [this](HoldState state) {
      std::lock_guard lock(mutex_);
      states_.push_back(state);
      changed_.notify_all();
    };
  }
  bool await(HoldState state) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] {
      return std::find(states_.begin(), states_.end(), state) != states_.end();
    });
  }
  std::vector<HoldState> states() {
    std::lock_guard lock(mutex_);
    return states_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HoldState> states_;
};

using States = std::vector<HoldState>;

/// A client that can be stopped like a process.
struct Victim {
  explicit Victim(Milliseconds timeout = short_session) {
    loop.start();
    client = connect({.session_timeout = timeout, .io_loop = loop.loop()});
  }
  TestLoop loop;  ///< runs when the client ends
  std::unique_ptr<Client> client;
};

TEST(Hold, OfNothingHoldsNothing) {
  Hold hold;
  EXPECT_FALSE(hold);
  EXPECT_FALSE(hold.is_valid());
  EXPECT_EQ(hold.state(), HoldState::released);
  EXPECT_EQ(hold.fencing_token(), Zxid{});
  EXPECT_EQ(hold.node(), "");
  EXPECT_TRUE(hold.release().wait(patience));
}

TEST(Hold, ReleasesOnDestructionAndAssignment) {
  const auto client = connect();
  Lock one(*client, test_path() + "/one");
  Lock two(*client, test_path() + "/two");
  {
    Expected<Hold> hold = one.lock(patience);
    ASSERT_TRUE(hold);
    await_children(*client, test_path() + "/one", 1);
    *hold = std::move(*two.lock(patience));
    await_children(*client, test_path() + "/one", 0);
    EXPECT_TRUE(hold->is_valid());
    await_children(*client, test_path() + "/two", 1);
  }
  await_children(*client, test_path() + "/two", 0);
}

TEST(Hold, ReleasedTwiceIsFine) {
  const auto client = connect();
  Expected<Hold> hold = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  const Zxid token = hold->fencing_token();
  EXPECT_TRUE(hold->release().wait(patience));
  EXPECT_TRUE(children_of(*client, test_path()).empty());
  EXPECT_TRUE(hold->release().wait(patience));
  EXPECT_EQ(hold->state(), HoldState::released);
  EXPECT_FALSE(hold->is_valid());
  EXPECT_EQ(hold->fencing_token(), token);
}

TEST(Hold, TokenIsTheCzxidOfTheNode) {
  const auto client = connect();
  const Expected<Hold> hold = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  const auto stat = client->exists(hold->node()).wait(patience);
  ASSERT_TRUE(stat && *stat);
  EXPECT_EQ(hold->fencing_token(), (*stat)->czxid);
  EXPECT_EQ((*stat)->ephemeral_owner, client->session().session);
}

TEST(Hold, TellsOfSuspensionAndReturn) {
  const auto client = connect();
  Told told;
  Expected<Hold> hold = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  hold->on_change(told.handler());
  ASSERT_TRUE(told.await(HoldState::held));
  client->drop_connection();
  ASSERT_TRUE(told.await(HoldState::suspended));
  ASSERT_TRUE(client->await_connected(patience));
  client->await_callbacks();
  EXPECT_EQ(told.states(), (States{HoldState::held, HoldState::suspended, HoldState::held}));
  EXPECT_TRUE(hold->is_valid());
  EXPECT_EQ(children_of(*client, test_path()).size(), 1u);
}

TEST(Hold, IsSilentAfterItsRelease) {
  const auto client = connect();
  Told told;
  Expected<Hold> hold = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  hold->on_change(told.handler());
  ASSERT_TRUE(told.await(HoldState::held));
  hold->release();
  client->drop_connection();
  ASSERT_TRUE(client->sync("/").wait(patience) || client->await_connected(patience));
  EXPECT_EQ(told.states(), States{HoldState::held});
}

TEST(Hold, IsOverBeforeAnotherCanHaveIt) {
  Victim victim;
  const auto other = connect();
  Told told;
  Expected<Hold> hold = Lock(*victim.client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  hold->on_change(told.handler());
  ASSERT_TRUE(told.await(HoldState::held));
  ASSERT_TRUE(hold->is_valid());

  victim.loop.stop();  // as SIGSTOP would: the server hears nothing and lets the session run out
  const Expected<Hold> next = Lock(*other, test_path()).lock(patience);
  ASSERT_TRUE(next) << error_text(next.error());
  EXPECT_FALSE(hold->is_valid());  // although nobody has told the stopped one anything
  EXPECT_GT(next->fencing_token(), hold->fencing_token());

  victim.loop.start();
  ASSERT_TRUE(told.await(HoldState::lost));
  EXPECT_EQ(told.states().back(), HoldState::lost);
  EXPECT_EQ(hold->state(), HoldState::lost);
  EXPECT_FALSE(hold->is_valid());
}

TEST(Hold, LostIsFinalAndFreesTheLockOfASessionThatComesBack) {
  TestLoop loop;
  ClientOptions options;
  options.servers = servers();
  options.io_loop = loop.loop();
  auto client = *Client::open(options);
  const auto other = connect();
  Lock lock(*client, test_path());
  Lock others_lock(*other, test_path());
  std::optional<Hold> hold;
  lock.lock_async(patience, [&](Expected<Hold>& granted) { hold = std::move(*granted); });
  loop.step_until([&] { return hold.has_value(); });
  const Pending<Hold> next = others_lock.lock_async(patience);
  await_children(*other, test_path(), 2);
  const SessionId session = client->session().session;

  // Its clock says that the timeout has passed; at the server's the session lives on.
  loop.move_clock(options.session_timeout * 10);
  loop.step_until([&] { return hold->state() == HoldState::lost; });
  EXPECT_FALSE(hold->is_valid());
  loop.step_until([&] { return client->session().state == SessionState::connected; });
  EXPECT_EQ(client->session().session, session);
  EXPECT_EQ(hold->state(), HoldState::lost);
  EXPECT_FALSE(hold->is_valid());
  loop.step_until([&] { return next.is_ready(); });
  EXPECT_TRUE(next.wait(patience));
}

TEST(Hold, ExpiredWithARenewedSessionIsLost) {
  Told told;
  ClientOptions options{.session_timeout = short_session, .renew_expired = true};
  TestLoop loop;
  loop.start();
  options.io_loop = loop.loop();
  auto client = connect(options);
  const auto other = connect();
  {
    Lock lock(*client, test_path());
    Expected<Hold> hold = lock.lock(patience);
    ASSERT_TRUE(hold);
    hold->on_change(told.handler());
    ASSERT_TRUE(told.await(HoldState::held));
    loop.stop();
    await_children(*other, test_path(), 0);
    loop.start();
    ASSERT_TRUE(told.await(HoldState::lost));
    ASSERT_TRUE(client->await_connected(patience));
    const Expected<Hold> again = lock.lock(patience);
    ASSERT_TRUE(again) << error_text(again.error());
    EXPECT_TRUE(again->is_valid());
    EXPECT_FALSE(hold->is_valid());
    EXPECT_GT(again->fencing_token(), hold->fencing_token());
  }
}

TEST(Hold, LearnsThatItsNodeWasDeleted) {
  const auto client = connect();
  const auto other = connect();
  Told told;
  Expected<Hold> hold = Lock(*client, test_path()).lock(patience);
  ASSERT_TRUE(hold);
  hold->on_change(told.handler());
  hold->on_revoke([] {});
  ASSERT_TRUE(other->remove(hold->node()).wait(patience));
  ASSERT_TRUE(told.await(HoldState::lost));
  EXPECT_FALSE(hold->is_valid());
}

TEST(Hold, HandlerMayReleaseAndDestroyIt) {
  const auto client = connect();
  auto hold = std::make_unique<Hold>(std::move(*Lock(*client, test_path()).lock(patience)));
  std::promise<void> done;
  hold->on_change([&](HoldState state) {
    if (state != HoldState::suspended) return;
    hold.reset();
    done.set_value();
  });
  client->drop_connection();
  ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
  await_children(*client, test_path(), 0);
}

}  // namespace
}  // namespace paddock::recipes::test
