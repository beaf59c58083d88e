#include "core/session_table.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace paddock::core {
namespace {

Session session_of(Zxid created) { return {.timeout_ms = 4000, .created = created}; }

/// Walks to the end in slices; calls `between` after each. Fails when a session comes twice.
template <class Between>
std::set<std::int64_t> walk(SessionTable& table, Zxid at, std::size_t budget, Between between) {
  std::set<std::int64_t> seen;
  table.begin_walk(at);
  while (table.walk(budget, [&](SessionId id, const Session& session) {
    EXPECT_LE(session.created, at);
    EXPECT_TRUE(seen.insert(id.value).second) << id.value << " comes twice";
  }))
    between();
  return seen;
}

TEST(SessionTable, R17_AWalkInSlicesSeesWhatExistedThenWhateverIsOpenedAndClosedMeanwhile) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    SessionTable table;
    Zxid zxid{0};
    std::set<std::int64_t> open;
    std::int64_t next_id = 1;
    const auto change = [&] {
      zxid = next_zxid(zxid);
      if (open.size() < 4 || random() % 2 == 0) {
        table.add(SessionId{next_id}, session_of(zxid));
        open.insert(next_id++);
      } else {
        auto victim = open.begin();
        std::advance(victim, random() % open.size());
        table.close(SessionId{*victim}, zxid);
        open.erase(victim);
      }
    };
    for (int i = 0; i < 100; ++i) change();
    const Zxid at = zxid;
    const std::set<std::int64_t> expected = open;
    for (int i = 0; i < 5; ++i) change();  // pending when the walk begins

    const auto seen = walk(table, at, 1 + seed % 7, [&] {
      for (int i = 0; i < 3; ++i) change();
      table.forget_closed(at);
    });
    EXPECT_EQ(seen, expected) << "seed " << seed;
  }
}

TEST(SessionTable, AWalkThatIsGivenUpDoesNotDisturbTheNext) {
  SessionTable table;
  for (std::int64_t id = 1; id <= 10; ++id) table.add(SessionId{id}, session_of(Zxid{id}));
  table.begin_walk(Zxid{10});
  EXPECT_TRUE(table.walk(4, [](SessionId, const Session&) {}));
  table.close(SessionId{2}, Zxid{11});
  const auto seen = walk(table, Zxid{10}, 3, [] {});
  EXPECT_EQ(seen.size(), 10u);
}

TEST(SessionTable, AWalkOverNoSessionsIsOver) {
  SessionTable table;
  table.begin_walk(Zxid{0});
  EXPECT_FALSE(table.walk(1, [](SessionId, const Session&) { FAIL(); }));
}

}  // namespace
}  // namespace paddock::core
