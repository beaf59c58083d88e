// A million notifications to a thousand connections, and what others get to see meanwhile.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/crowd.h"
#include "tests/hard/daemon.h"

namespace paddock::hard {
namespace {

constexpr int nodes = 10;
constexpr int writes_per_round = 200;
constexpr int rounds = 5;
/// As it stands in a stream: length, header, type and state, path.
constexpr std::size_t notification_bytes = 4 + 16 + 8 + 4 + 4;

/// The i-th write of all sets node i % nodes to i: a node's version tells its data.
std::string path_of(int write) { return "/n/" + std::to_string(write % nodes); }

class Notifications : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    writer.connect();
    ASSERT_TRUE(writer.create("/n").is_ok());
    for (int i = 0; i < nodes; ++i) ASSERT_TRUE(writer.create(path_of(i)).is_ok());
    const int count = clients_at_most(is_sanitized() ? 200 : 1000);
    for (int i = 0; i < count; ++i) {
      watchers.push_back(std::make_unique<Client>(daemon.port()));
      ASSERT_TRUE(watchers.back()->connect());
      const proto::AddWatchRequest below{"/n", proto::AddWatchMode::persistent_recursive};
      ASSERT_TRUE(watchers.back()->call(OpCode::add_watch, below).is_ok());
    }
    for (int i = 0; i < 2 * GetParam(); ++i) {
      readers.push_back(std::make_unique<Client>(daemon.port()));
      ASSERT_TRUE(readers.back()->connect());
    }
  }

  /// Sends the writes from `begin` on, and waits for nothing.
  void send_writes(int begin, bool as_multi) {
    MultiBody multi;
    std::string singles;
    for (int i = begin; i < begin + writes_per_round; ++i) {
      const std::string data = std::to_string(i), path = path_of(i);
      if (as_multi)
        multi.set(path, data);
      else
        singles += request(i, OpCode::set_data, proto::SetDataRequest{path, as_bytes(data), -1});
    }
    if (as_multi)
      writer.send_request(OpCode::multi, multi.finish());
    else
      writer.send(singles);
  }
  /// The zxid of each of those writes.
  std::vector<Zxid> take_answers(bool as_multi) {
    std::vector<Zxid> zxids;
    while (zxids.size() < writes_per_round) {
      const Message answer = writer.receive();
      EXPECT_TRUE(answer.is_ok());
      if (!answer.is_ok()) break;
      zxids.resize(zxids.size() + (as_multi ? writes_per_round : 1), answer.zxid);
    }
    return zxids;
  }
  /// All notifications of a round have come to all watchers, read or not.
  bool all_are_told() const {
    return std::all_of(watchers.begin(), watchers.end(), [](const auto& watcher) {
      return watcher->bytes_waiting() >= writes_per_round * notification_bytes;
    });
  }
  /// What a reader sees of the node of the last write: how many writes it has had.
  int read(Client& reader) {
    const Message got = reader.get(path_of(nodes - 1));
    EXPECT_TRUE(got.is_ok());
    if (!got.is_ok()) return INT32_MAX;
    const auto node = got.as<proto::DataReply>();
    const int version = node.stat.version;
    EXPECT_EQ(as_text(*node.data), version == 0 ? "" : std::to_string(version * nodes - 1));
    return version;
  }
  void expect_told(Client& watcher, int begin, const std::vector<Zxid>& zxids) {
    for (std::size_t i = 0; i < zxids.size(); ++i) {
      const Message event = watcher.event();
      ASSERT_EQ(event.type, EventType::node_data_changed);
      ASSERT_EQ(event.path, path_of(begin + static_cast<int>(i)));
      ASSERT_EQ(event.zxid, zxids[i]);
    }
  }

  Daemon daemon{{.reactors = GetParam(), .arguments = {}, .environment = {}}};
  Client writer{daemon.port()};
  std::vector<std::unique_ptr<Client>> watchers, readers;
};

/// R16: the watchers do not read before all is told, so that what they have been sent tells how far
/// the fan-out is. Each read that is answered with a state that the fan-out tells of, before its
/// end, was answered between two slices.
TEST_P(Notifications, R16AMillionComeInOrderAndReadsGoOnMeanwhile) {
  int answered_meanwhile = 0;
  std::vector<int> seen(readers.size(), 0);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    const bool as_multi = round % 2 == 0;
    const int begin = round * writes_per_round;
    const int version_before = begin / nodes,
              version_behind = version_before + writes_per_round / nodes;
    send_writes(begin, as_multi);
    const Deadline deadline;
    for (bool is_over = false; !is_over;) {
      ASSERT_FALSE(deadline.has_passed());
      for (std::size_t r = 0; r < readers.size(); ++r) {
        const int version = read(*readers[r]);
        ASSERT_LE(version, version_behind);
        ASSERT_GE(version, seen[r]) << "a later read shows an older state";
        if (as_multi) {
          ASSERT_TRUE(version == version_before || version == version_behind);
        }
        seen[r] = version;
        is_over = all_are_told();
        if (version > version_before && !is_over) ++answered_meanwhile;
      }
    }
    const std::vector<Zxid> zxids = take_answers(as_multi);
    ASSERT_EQ(zxids.size(), std::size_t{writes_per_round});
    for (const auto& watcher : watchers) expect_told(*watcher, begin, zxids);
  }
  for (const auto& watcher : watchers) expect_no_event(*watcher);
  for (const auto& reader : readers) EXPECT_TRUE(reader->events.empty());
  // Dozens on an idle machine, few where the reactors outnumber the cores; without slices there
  // would be none on the reactor that tells.
  EXPECT_GE(answered_meanwhile, 1);
  const auto told = static_cast<std::int64_t>(watchers.size()) * rounds * writes_per_round;
  EXPECT_EQ(daemon.mntr("notifications"), told);
}

INSTANTIATE_TEST_SUITE_P(Reactors, Notifications, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace paddock::hard
