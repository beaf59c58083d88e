#include "recipes/group_membership.h"

#include <gtest/gtest.h>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

/// What a listener is told, as text; await_log() waits for so many lines.
class Log {
 public:
  GroupMembership::Options options() {
    return {.listener = [this](const GroupMembership::Event& event) {
      const char* kinds[] = {"joined ", "changed ", "left "};
      {
        std::lock_guard lock(mutex_);
        lines_.push_back(kinds[static_cast<int>(event.kind)] + event.member.id + " " +
                         event.member.data);
      }
      changed_.notify_all();
    }};
  }
  std::vector<std::string> await_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return lines_.size() >= count; }));
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

TEST(GroupMembership, MembersSeeEachOther) {
  const auto a = connect();
  const auto b = connect();
  Log log;
  GroupMembership first(*a, test_path() + "/group", log.options());
  ASSERT_TRUE(first.join("a", "1"));
  ASSERT_TRUE(first.await_joined(patience));
  EXPECT_TRUE(first.is_member());
  {
    GroupMembership second(*b, test_path() + "/group");
    ASSERT_TRUE(second.join("b", "2"));
    const auto members = second.await_members(2, patience);
    ASSERT_TRUE(members);
    EXPECT_EQ(members->at("a").data, "1");
    EXPECT_EQ(members->at("a").session, a->session().session);
    ASSERT_TRUE(first.await_members(2, patience));
    ASSERT_TRUE(second.set_data("3").wait(patience));
    ASSERT_EQ(log.await_lines(3).size(), 3u);
  }
  EXPECT_EQ(log.await_lines(4),
            (std::vector<std::string>{"joined a 1", "joined b 2", "changed b 3", "left b 3"}));
  EXPECT_EQ(first.members().size(), 1u);
}

TEST(GroupMembership, OneMayWatchWithoutBelonging) {
  const auto client = connect();
  GroupMembership group(*client, test_path());
  EXPECT_TRUE(group.await_members(0, patience));
  EXPECT_FALSE(group.is_member());
  EXPECT_EQ(group.await_joined(patience).error(), Error::bad_arguments);
  EXPECT_EQ(group.set_data("x").wait(patience).error(), Error::bad_arguments);
  EXPECT_TRUE(group.leave().wait(patience));
  EXPECT_EQ(group.join("a/b", "").error(), Error::bad_arguments);
  EXPECT_EQ(group.join("", "").error(), Error::bad_arguments);
}

TEST(GroupMembership, OneMayLeaveAndJoinAgain) {
  const auto client = connect();
  const auto other = connect();
  Log log;
  GroupMembership watching(*other, test_path(), log.options());
  GroupMembership group(*client, test_path());
  ASSERT_TRUE(group.join("a", "1"));
  EXPECT_EQ(group.join("a", "1").error(), Error::bad_arguments);
  ASSERT_TRUE(group.await_joined(patience));
  log.await_lines(1);
  ASSERT_TRUE(group.leave().wait(patience));
  log.await_lines(2);
  ASSERT_TRUE(group.join("a", "2"));
  ASSERT_TRUE(group.await_joined(patience));
  EXPECT_EQ(log.await_lines(3), (std::vector<std::string>{"joined a 1", "left a 1", "joined a 2"}));
}

TEST(GroupMembership, ACrashedMemberLeavesWithItsSession) {
  const auto watching = connect();
  Log log;
  GroupMembership group(*watching, test_path(), log.options());
  auto crashing = connect({.session_timeout = short_session});
  auto member = std::make_unique<GroupMembership>(*crashing, test_path());
  ASSERT_TRUE(member->join("a", "1"));
  log.await_lines(1);
  crashing->detach();
  EXPECT_EQ(log.await_lines(2), (std::vector<std::string>{"joined a 1", "left a 1"}));
  member.reset();

  // It comes back at once, while its old session is still there.
  auto again = connect({.session_timeout = short_session});
  GroupMembership old(*again, test_path());
  ASSERT_TRUE(old.join("b", "old"));
  ASSERT_TRUE(old.await_joined(patience));
  again->detach();
  const auto next = connect();
  GroupMembership back(*next, test_path());
  ASSERT_TRUE(back.join("b", "new"));
  ASSERT_TRUE(back.await_joined(patience));
  EXPECT_EQ(log.await_lines(5), (std::vector<std::string>{"joined a 1", "left a 1", "joined b old",
                                                          "left b old", "joined b new"}));
}

TEST(GroupMembership, SeesKazoosParties) {
  const auto client = connect();
  const auto kazoo = connect();
  create_node(*client, test_path());
  const std::string name = "0123456789abcdef0123456789abcdef__party__";
  ASSERT_TRUE(kazoo->create(test_path() + "/" + name, "host", {.mode = CreateMode::ephemeral})
                  .wait(patience));
  GroupMembership group(*client, test_path());
  const auto members = group.await_members(1, patience);
  ASSERT_TRUE(members);
  EXPECT_EQ(members->at(name).data, "host");
}

TEST(GroupMembership, WaitsEndByDeadlineAndCancel) {
  const auto client = connect();
  GroupMembership group(*client, test_path());
  EXPECT_EQ(group.await_members(1, Milliseconds(1)).error(), Error::deadline_exceeded);
  CancelSource cancel;
  cancel.request_stop();
  EXPECT_EQ(group.await_members(1, patience, cancel.get_token()).error(), Error::cancelled);
}

}  // namespace
}  // namespace paddock::recipes::test
