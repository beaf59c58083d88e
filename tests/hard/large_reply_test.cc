// The names of a million children, read beside a busy lock.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/daemon.h"

namespace paddock::hard {
namespace {

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
/// As many as fit into a frame of the usual size.
constexpr int creates_per_multi = 15'000;

std::string name_of(int child) {
  std::string name;
  for (; child > 0 || name.empty(); child /= 36)
    name.push_back(digits[static_cast<std::size_t>(child % 36)]);
  return name;
}
int child_of(std::string_view name) {
  int child = 0;
  for (std::size_t i = name.size(); i > 0; --i)
    child = child * 36 + static_cast<int>(digits.find(name[i - 1]));
  return child;
}

/// Two clients that hand a lock to and fro, one operation at a time.
class Lock {
 public:
  explicit Lock(std::uint16_t port)
      : from_(std::make_unique<Client>(port)), to_(std::make_unique<Client>(port)) {
    EXPECT_TRUE(from_->connect());
    EXPECT_TRUE(to_->connect());
    EXPECT_TRUE(from_->create(path, "", 1).is_ok());
  }
  static constexpr int steps = 4;
  /// The next operation, answered as it must.
  void step() {
    switch (next_++ % steps) {
      case 0:
        EXPECT_EQ(to_->create(path, "", 1).err, ErrorCode::node_exists);
        break;
      case 1:
        EXPECT_TRUE(to_->exists(path, true).is_ok());
        break;
      case 2:
        EXPECT_TRUE(from_->remove(path).is_ok());
        EXPECT_EQ(to_->event().type, EventType::node_deleted);
        break;
      case 3:
        EXPECT_TRUE(to_->create(path, "", 1).is_ok());
        std::swap(from_, to_);
        break;
    }
  }

 private:
  static constexpr std::string_view path = "/lock";
  std::unique_ptr<Client> from_, to_;
  int next_ = 0;
};

class LargeReply : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(writer.connect());
    ASSERT_TRUE(writer.create("/m").is_ok());
    // One multi is made while the one before is being worked off.
    for (int child = 0; child < count;) {
      const bool is_first = child == 0;
      MultiBody multi;
      for (int i = 0; i < creates_per_multi && child < count; ++i)
        multi.create("/m/" + name_of(child++));
      writer.send_request(OpCode::multi, multi.finish());
      ASSERT_TRUE(is_first || writer.reply().is_ok());
    }
    ASSERT_TRUE(writer.reply().is_ok());
  }
  void expect_all_names(const proto::Vector<proto::Ustring>& names) {
    ASSERT_EQ(names.items.size(), static_cast<std::size_t>(count));
    std::vector<bool> seen(static_cast<std::size_t>(count));
    for (const proto::Ustring& name : names.items) {
      const int child = child_of(*name);
      ASSERT_LT(child, count) << *name;
      ASSERT_FALSE(seen[static_cast<std::size_t>(child)]) << *name;
      seen[static_cast<std::size_t>(child)] = true;
    }
  }

  const int count = is_sanitized() ? 100'000 : 1'000'000;
  Daemon daemon{
      {.reactors = GetParam(), .arguments = {"--snap-count", "100000000"}, .environment = {}}};
  Client writer{daemon.port()};
};

/// R16: the reply comes in one piece, so as long as nothing of it has come it is being worked on.
TEST_P(LargeReply, R16AMillionNamesAreReadBesideABusyLock) {
  Lock lock(daemon.port());
  constexpr int enough = 4 * Lock::steps;
  int answered_meanwhile = 0;
  // The lock waits for the disk, so how often it comes round during a read is the disk's to say.
  for (int pass = 0; pass < 4 || (pass < 100 && answered_meanwhile < enough); ++pass) {
    SCOPED_TRACE(pass);
    Client reader(daemon.port());
    ASSERT_TRUE(reader.connect());
    // The ping's answer leaves in the turn in which the read begins.
    reader.send(request(1, OpCode::ping) +
                request(2, OpCode::get_children2, proto::PathWatchRequest{"/m", true}));
    EXPECT_EQ(reader.receive().xid, proto::xid_ping);
    const Message newer = writer.create("/m/-new");
    ASSERT_TRUE(newer.is_ok());
    const Deadline deadline;
    while (!reader.has_input()) {
      ASSERT_FALSE(deadline.has_passed());
      lock.step();
      if (!reader.has_input()) ++answered_meanwhile;
    }
    const Message got = reader.receive();
    ASSERT_TRUE(got.is_ok());
    EXPECT_EQ(got.xid, 2);
    EXPECT_LT(got.zxid, newer.zxid);
    const auto reply = got.as<proto::NamesStatReply>();
    EXPECT_EQ(reply.stat.num_children, count);
    expect_all_names(reply.names);
    // What has changed since the read began is told behind it.
    const Message event = reader.event();
    EXPECT_EQ(event.type, EventType::node_children_changed);
    EXPECT_EQ(event.zxid, newer.zxid);
    ASSERT_TRUE(writer.remove("/m/-new").is_ok());
    expect_all_names(reader.children("/m").as<proto::NamesReply>().names);
  }
  // Some hundreds; if the read were one piece there would be none on its reactor.
  EXPECT_GE(answered_meanwhile, enough);
}

INSTANTIATE_TEST_SUITE_P(Reactors, LargeReply, ::testing::Values(1, 4));

}  // namespace
}  // namespace paddock::hard
