#include "recipes/leader_election.h"

#include <condition_variable>
#include <mutex>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

using Found = Expected<std::optional<Leader>>;

/// What an observer has been told.
class Seen {
 public:
  LeaderElection::LeaderHandler handler() {
    return [this](const Expected<std::optional<Leader>>& leader) {
      std::lock_guard lock(mutex_);
      if (!leader)
        error_ = leader.error();
      else
        leaders_.push_back(*leader);
      changed_.notify_all();
    };
  }
  bool await_leader(const std::string& id) {
    return await([&] { return !leaders_.empty() && leaders_.back() && leaders_.back()->id == id; });
  }
  bool await_nobody() {
    return await([&] { return !leaders_.empty() && !leaders_.back(); });
  }
  bool await_error() {
    return await([&] { return error_ != Error::ok; });
  }
  Error error() {
    std::lock_guard lock(mutex_);
    return error_;
  }
  std::vector<std::optional<Leader>> leaders() {
    std::lock_guard lock(mutex_);
    return leaders_;
  }

 private:
  bool await(const std::function<bool()>& is_done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, is_done);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Leader>> leaders_;
  Error error_ = Error::ok;
};

TEST(LeaderElection, CandidatesLeadInTheirOrder) {
  const auto client = connect();
  LeaderElection first(*client, test_path(), {.id = "first"});
  LeaderElection second(*client, test_path(), {.id = "second"});
  EXPECT_EQ(first.leader(patience), Found(std::nullopt));
  Expected<Hold> term = first.campaign(patience);
  ASSERT_TRUE(term);
  const Pending<Hold> next = second.campaign_async(patience);
  await_children(*client, test_path(), 2);
  EXPECT_EQ(first.leader(patience), Found(Leader{"first", term->node(), term->fencing_token()}));
  EXPECT_FALSE(next.is_ready());
  term->release();
  const Expected<Hold> later = next.wait(patience);
  ASSERT_TRUE(later);
  EXPECT_GT(later->fencing_token(), term->fencing_token());
  EXPECT_EQ(first.leader(patience), Found(Leader{"second", later->node(), later->fencing_token()}));
}

TEST(LeaderElection, ObserversFollow) {
  const auto client = connect();
  const auto other = connect();
  LeaderElection one(*client, test_path(), {.id = "one"});
  LeaderElection two(*client, test_path(), {.id = "two"});
  Seen seen;
  const auto observation = LeaderElection(*other, test_path()).observe(seen.handler());
  ASSERT_TRUE(seen.await_nobody());  // before the path is there
  Expected<Hold> term = one.campaign(patience);
  ASSERT_TRUE(seen.await_leader("one"));
  const Pending<Hold> next = two.campaign_async(patience);
  await_children(*client, test_path(), 2);
  term->release();
  ASSERT_TRUE(seen.await_leader("two"));
  next.wait(patience)->release();
  ASSERT_TRUE(seen.await_nobody());
  const Expected<Hold> again = one.campaign(patience);  // the path is there, and empty
  ASSERT_TRUE(seen.await_leader("one"));
  Zxid last{};
  for (const std::optional<Leader>& leader : seen.leaders()) {
    if (!leader) continue;
    EXPECT_GT(leader->term, last);
    last = leader->term;
  }
  EXPECT_EQ(last, again->fencing_token());
}

TEST(LeaderElection, ObserversSeeALeaderDie) {
  const auto client = connect();
  auto dying = connect();
  LeaderElection election(*client, test_path(), {.id = "heir"});
  Seen seen;
  const auto observation = election.observe(seen.handler());
  {
    const Expected<Hold> term =
        LeaderElection(*dying, test_path(), {.id = "mortal"}).campaign(patience);
    ASSERT_TRUE(seen.await_leader("mortal"));
    const Pending<Hold> next = election.campaign_async(patience);
    await_children(*client, test_path(), 2);
    ASSERT_TRUE(dying->close().wait(patience));
    const Expected<Hold> inherited = next.wait(patience);  // a hold that goes is released
    ASSERT_TRUE(inherited);
    EXPECT_FALSE(term->is_valid());
    EXPECT_TRUE(seen.await_leader("heir"));
  }
}

TEST(LeaderElection, ObserversCatchUpAfterACut) {
  const auto client = connect();
  const auto other = connect();
  LeaderElection election(*client, test_path(), {.id = "one"});
  Seen seen;
  const auto observation = LeaderElection(*other, test_path()).observe(seen.handler());
  ASSERT_TRUE(seen.await_nobody());
  other->drop_connection();
  const Expected<Hold> term = election.campaign(patience);
  ASSERT_TRUE(term);
  EXPECT_TRUE(seen.await_leader("one"));
}

TEST(LeaderElection, AnObservationEndsWithTheSession) {
  const auto other = connect();
  Seen seen;
  const auto observation = LeaderElection(*other, test_path()).observe(seen.handler());
  ASSERT_TRUE(seen.await_nobody());
  ASSERT_TRUE(other->close().wait(patience));
  ASSERT_TRUE(seen.await_error());
  EXPECT_TRUE(is_session_end(seen.error())) << error_text(seen.error());
}

// Also one whose question is on its way when the session turns out to be over.
TEST(LeaderElection, AnObservationGoesOnInTheNextSession) {
  const auto other = connect();
  LeaderElection election(*other, test_path() + "/line", {.id = "one"});
  const Expected<Hold> term = election.campaign(patience);
  ASSERT_TRUE(term);
  TestLoop loop;
  loop.start();
  const auto client =
      connect({.session_timeout = short_session, .renew_expired = true, .io_loop = loop.loop()});
  create_node(*client, test_path() + "/mark", CreateMode::ephemeral);
  loop.stop();
  await_children(*other, test_path(), 1);  // the session is over at the server
  Seen seen;
  const auto observation = LeaderElection(*client, test_path() + "/line").observe(seen.handler());
  loop.start();
  EXPECT_TRUE(seen.await_leader("one"));
  EXPECT_EQ(seen.error(), Error::ok);
}

TEST(LeaderElection, AnEndedObservationIsSilentAndLeavesNoWatch) {
  const auto client = connect();
  LeaderElection election(*client, test_path(), {.id = "one"});
  Seen seen;
  {
    auto observation = election.observe(seen.handler());
    ASSERT_TRUE(seen.await_nobody());
    observation = LeaderElection::Observation();
  }
  EXPECT_FALSE(client->check_watches(test_path(), WatcherType::data).wait(patience));
  EXPECT_FALSE(client->check_watches(test_path(), WatcherType::children).wait(patience));
  const Expected<Hold> term = election.campaign(patience);
  ASSERT_TRUE(term);
  client->await_callbacks();
  EXPECT_EQ(seen.leaders().size(), 1u);
}

TEST(LeaderElection, LayoutsStandAgainstEachOther) {
  const auto client = connect();
  LeaderElection latch(*client, test_path(), {.layout = ElectionLayout::latch, .id = "latch"});
  LeaderElection selector(*client, test_path(),
                          {.layout = ElectionLayout::selector, .id = "selector"});
  LeaderElection kazoo(*client, test_path(), {.layout = ElectionLayout::kazoo, .id = "kazoo"});
  Expected<Hold> term = latch.campaign(patience);
  ASSERT_TRUE(term);
  EXPECT_NE(term->node().find("-latch-"), std::string::npos);
  const Pending<Hold> second = selector.campaign_async(patience);
  await_children(*client, test_path(), 2);
  const Pending<Hold> third = kazoo.campaign_async(patience);
  await_children(*client, test_path(), 3);
  term->release();
  Expected<Hold> next = second.wait(patience);
  ASSERT_TRUE(next);
  EXPECT_NE(next->node().find("-lock-"), std::string::npos);
  EXPECT_EQ((*kazoo.leader(patience))->id, "selector");
  EXPECT_FALSE(third.is_ready());
  next->release();
  next = third.wait(patience);
  ASSERT_TRUE(next);
  EXPECT_NE(next->node().find("__lock__"), std::string::npos);
}

TEST(LeaderElection, ACampaignCanBeGivenUp) {
  const auto client = connect();
  LeaderElection election(*client, test_path());
  const Expected<Hold> term = election.campaign(patience);
  ASSERT_TRUE(term);
  EXPECT_EQ(election.campaign(Milliseconds(10)).error(), Error::deadline_exceeded);
  await_children(*client, test_path(), 1);
}

}  // namespace
}  // namespace paddock::recipes::test
