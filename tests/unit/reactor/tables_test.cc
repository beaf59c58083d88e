// Slab, IndexTable, ClientTable, ConnectionLimits and CoreMessage: the small parts that all others
// stand on.

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "paddock/reactor/connection_limits.h"
#include "paddock/reactor/core_message.h"
#include "paddock/reactor/index_table.h"
#include "paddock/reactor/slab.h"
#include "tests/unit/reactor/clients.h"

namespace paddock::reactor {
namespace {

TEST(Slab, PlacesAreUsedAgainAndStay) {
  Slab<std::string> slab;
  std::vector<std::uint32_t> places;
  for (int i = 0; i < 3000; ++i) {
    places.push_back(slab.allocate());
    slab[places.back()] = std::to_string(i);
  }
  const std::string* first = &slab[places[0]];
  EXPECT_EQ(slab.size(), 3000u);
  slab.free(places[7]);
  slab.free(places[2900]);
  EXPECT_EQ(slab.size(), 2998u);
  const std::set<std::uint32_t> again{slab.allocate(), slab.allocate()};
  EXPECT_EQ(again, (std::set<std::uint32_t>{places[7], places[2900]}));
  for (const std::uint32_t place : again) EXPECT_EQ(slab[place], "") << "as new";
  EXPECT_EQ(slab.allocate(), 3000u);
  EXPECT_EQ(&slab[places[0]], first);
  EXPECT_EQ(slab[places[2899]], "2899");
}

TEST(IndexTable, FindsWhatIsInItAndNothingElse) {
  // Few hashes, so that many entries share one, and their runs run into each other.
  std::mt19937_64 random(1);
  IndexTable table;
  std::map<std::uint32_t, std::uint64_t> entries;
  const auto find = [&](std::uint64_t hash, std::uint32_t index) {
    return table.find(hash, [&](std::uint32_t at) { return at == index; });
  };
  for (int step = 0; step < 100'000; ++step) {
    const auto index = static_cast<std::uint32_t>(random() % 2000);
    if (const auto at = entries.find(index); at != entries.end()) {
      ASSERT_EQ(find(at->second, index), index);
      ASSERT_EQ(find(at->second + 1, index), IndexTable::none);
      table.erase(at->second, index);
      ASSERT_EQ(find(at->second, index), IndexTable::none);
      entries.erase(at);
    } else {
      const std::uint64_t hash = random() % 2 << 63 | random() % 50;
      ASSERT_EQ(find(hash, index), IndexTable::none);
      table.insert(hash, index);
      entries[index] = hash;
    }
  }
  for (const auto& [index, hash] : entries) EXPECT_EQ(find(hash, index), index);
}

TEST(ClientTable, AnIdFindsItsConnectionOnly) {
  test::Clients clients;
  Client& first = clients.add();
  Client& second = clients.add();
  const ordering::ConnectionId id = first.id;
  EXPECT_EQ(clients.table.find(id), &first);
  EXPECT_EQ(&clients.table.at(second.id.index), &second);
  EXPECT_EQ(clients.table.find({id.index, id.generation + 1}), nullptr);
  EXPECT_EQ(clients.table.find({1000, 1}), nullptr);
  clients.table.remove(first);
  EXPECT_EQ(clients.table.size(), 1u);
  EXPECT_EQ(clients.table.find(id), nullptr);
  Client& third = clients.add();
  EXPECT_EQ(third.id.index, id.index);
  EXPECT_EQ(clients.table.find(id), nullptr) << "an answer to the one before";
  EXPECT_EQ(clients.table.find(third.id), &third);
}

class ConnectionLimitsTest : public ::testing::Test {
 protected:
  using Verdict = ConnectionLimits::Verdict;
  static Bytes address(std::uint8_t last) {
    static std::array<std::array<std::byte, 16>, 256> all{};
    all[last][15] = std::byte{last};
    return all[last];
  }
};

TEST_F(ConnectionLimitsTest, EachAddressHasItsOwnLimit) {
  ConnectionLimits limits(2, 0, 1);
  std::uint16_t reactor = 9;
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::admitted);
  EXPECT_EQ(reactor, 0);
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::admitted);
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::too_many_from_address);
  EXPECT_EQ(limits.admit(address(2), reactor), Verdict::admitted);
  limits.leave(address(1), 0);
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::admitted);
}

TEST_F(ConnectionLimitsTest, AllTogetherHaveALimit) {
  ConnectionLimits limits(0, 3, 1);
  std::uint16_t reactor = 0;
  for (std::uint8_t i = 0; i < 3; ++i)
    EXPECT_EQ(limits.admit(address(i), reactor), Verdict::admitted);
  EXPECT_EQ(limits.admit(address(7), reactor), Verdict::too_many);
  limits.leave(address(0), 0);
  EXPECT_EQ(limits.admit(address(7), reactor), Verdict::admitted);
}

TEST_F(ConnectionLimitsTest, ARefusedConnectionIsNotCounted) {
  ConnectionLimits limits(1, 0, 2);
  std::uint16_t reactor = 0;
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::admitted);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(limits.admit(address(1), reactor), Verdict::too_many_from_address);
  limits.leave(address(1), 0);
  EXPECT_EQ(limits.admit(address(1), reactor), Verdict::admitted);
  EXPECT_EQ(reactor, 0);
}

TEST_F(ConnectionLimitsTest, TheReactorWithTheFewestServes) {
  ConnectionLimits limits(0, 0, 3);
  std::uint16_t reactor = 0;
  for (const std::uint16_t wanted : {0, 1, 2, 0, 1, 2}) {
    limits.admit(address(1), reactor);
    EXPECT_EQ(reactor, wanted);
  }
  limits.leave(address(1), 2);
  limits.leave(address(1), 2);
  limits.leave(address(1), 1);
  for (const std::uint16_t wanted : {2, 1, 2, 0}) {
    limits.admit(address(1), reactor);
    EXPECT_EQ(reactor, wanted);
  }
}

/// The sender's memory is gone when the receiver looks.
TEST(CoreMessage, CarriesWhatTheRequestBorrows) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{10}, CoreMessage::inline_bytes - 16,
                                  CoreMessage::inline_bytes, std::size_t{100'000}}) {
    SCOPED_TRACE(bytes);
    CoreMessage arrived;
    {
      const std::string body(bytes, 'b'), password(16, 'p');
      const auto identities =
          std::make_shared<const core::IdentitySet>(core::IdentitySet{{"ip", "127.0.0.1"}});
      ordering::CoreRequest request;
      request.kind = ordering::CoreRequest::Kind::resume_session;
      request.session = SessionId{77};
      request.body = as_bytes(body);
      request.password = as_bytes(password);
      request.identities = &identities;
      CoreMessage sent(request);
      arrived = std::move(sent);
    }
    const ordering::CoreRequest request = arrived.request();
    EXPECT_EQ(request.kind, ordering::CoreRequest::Kind::resume_session);
    EXPECT_EQ(request.session, SessionId{77});
    EXPECT_EQ(as_text(request.body), std::string(bytes, 'b'));
    EXPECT_EQ(as_text(request.password), std::string(16, 'p'));
    ASSERT_NE(request.identities, nullptr);
    EXPECT_EQ((*request.identities)->front().id, "127.0.0.1");
  }
}

}  // namespace
}  // namespace paddock::reactor
