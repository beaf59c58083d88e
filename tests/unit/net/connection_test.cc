#include "net/connection.h"

#include <tuple>

#include "tests/unit/net/net_world.h"

namespace paddock::net {
namespace {

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 131 + (i >> 11));
  return text;
}

TEST(Connection, BytesArriveInOrderWhenTheyComeOneByOne) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const std::string text = pattern(300);
  for (char byte : text) {
    const std::size_t before = world.told(connection).input.size();
    ASSERT_EQ(1, ::send(peer, &byte, 1, 0));
    world.until([&] { return world.told(connection).input.size() > before; });
  }
  EXPECT_EQ(text, world.told(connection).input);
  ::close(peer);
}

TEST(Connection, UnconsumedInputStaysContiguous) {
  NetWorld world;
  world.consumes = false;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const std::string text = pattern(100'000);
  std::size_t sent = 0;
  while (connection->input().size() < text.size()) {
    const ssize_t done = ::send(peer, text.data() + sent, text.size() - sent, 0);
    if (done > 0) sent += static_cast<std::size_t>(done);
    world.loop().wait(monotonic_ns() + 20'000'000);
  }
  EXPECT_EQ(text, as_text(connection->input()));
  connection->consume(99'000);
  ASSERT_EQ(500, ::send(peer, text.data(), 500, 0));
  world.until([&] { return connection->input().size() == 1500; });
  EXPECT_EQ(text.substr(99'000) + text.substr(0, 500), as_text(connection->input()));
  ::close(peer);
}

TEST(Connection, AnIdleConnectionHoldsNoBuffers) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
  ASSERT_EQ(4, ::send(peer, "ping", 4, 0));
  world.until([&] { return world.told(connection).input == "ping"; });
  connection->output().append(as_bytes("pong"));
  connection->flush();
  world.until([&] { return world.told(connection).sent_count == 1; });
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
  EXPECT_EQ(0u, world.loop().recv_buffers_held());
  EXPECT_LE(sizeof(Connection), 300u);
  ::close(peer);
}

TEST(Connection, SmallSocketBuffersDoNotLoseOutputToASlowReader) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const int small = 64 * 1024;
  setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const std::string text = pattern(8u << 20);
  connection->output().append(as_bytes(text));
  connection->flush();
  EXPECT_EQ(text.size(), connection->output_bytes());
  world.settle();
  EXPECT_GT(connection->output_bytes(), 0u);
  connection->output().append(as_bytes("and the end"));
  connection->flush();
  std::string got;
  world.until([&] {
    EXPECT_TRUE(NetWorld::read_some(peer, got));
    return got.size() == text.size() + 11;
  });
  EXPECT_TRUE(got == text + "and the end");
  world.until([&] { return connection->output_bytes() == 0; });
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
  ::close(peer);
}

TEST(Connection, PausedReceiveLeavesTheBytesInTheSocketUntilResumed) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  connection->pause_receive();
  world.settle();
  EXPECT_FALSE(connection->is_receiving());
  ASSERT_EQ(5, ::send(peer, "later", 5, 0));
  world.settle();
  EXPECT_EQ("", world.told(connection).input);
  connection->start_receive();
  world.until([&] { return world.told(connection).input == "later"; });
  ::close(peer);
}

TEST(Connection, PauseAndResumeInOneTurnKeepsReceiving) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  for (int i = 0; i < 3; ++i) {
    connection->pause_receive();
    connection->start_receive();
  }
  world.settle();
  ASSERT_EQ(1, ::send(peer, "x", 1, 0));
  world.until([&] { return world.told(connection).input == "x"; });
  ::close(peer);
}

TEST(Connection, UnconsumedInputIsBoundedAndFlowsAgainBelowHalf) {
  NetWorld world;
  world.consumes = false;
  world.limits.input_bytes_max = 64 * 1024;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const std::string text = pattern(16u << 20);
  std::size_t sent = 0;
  for (int idle = 0; idle < 20; ++idle) {
    const ssize_t done = ::send(peer, text.data() + sent, text.size() - sent, 0);
    if (done > 0) {
      sent += static_cast<std::size_t>(done);
      idle = 0;
    }
    world.loop().wait(monotonic_ns() + 1'000'000);
  }
  ASSERT_LT(sent, text.size()) << "the peer's window never closed";
  EXPECT_GT(connection->input().size(), 64u * 1024);
  EXPECT_LT(connection->input().size(), 8u << 20);
  std::string got;
  world.until([&] {
    got.append(as_text(connection->input()));
    connection->consume(connection->input().size());
    const ssize_t done = ::send(peer, text.data() + sent, text.size() - sent, 0);
    if (done > 0) sent += static_cast<std::size_t>(done);
    return got.size() == text.size();
  });
  EXPECT_TRUE(got == text);
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
  ::close(peer);
}

TEST(Connection, APeerThatClosedItsSendingHalfStillGetsItsAnswer) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  ASSERT_EQ(4, ::send(peer, "ruok", 4, 0));
  ::shutdown(peer, SHUT_WR);
  world.until([&] { return world.told(connection).input_ended; });
  EXPECT_EQ("ruok", world.told(connection).input);
  EXPECT_EQ(0, world.told(connection).closed_count);
  connection->output().append(as_bytes("imok"));
  connection->close_after_flush();
  world.until([&] { return world.told(connection).closed_count == 1; });
  std::string got;
  while (NetWorld::read_some(peer, got) && got.size() < 5) world.loop().wait(0);
  EXPECT_EQ("imok", got);
  ::close(peer);
}

TEST(Connection, CloseAfterFlushSendsAllAndDropsInput) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const std::string text = pattern(4u << 20);
  connection->output().append(as_bytes(text));
  connection->close_after_flush();
  EXPECT_TRUE(connection->is_closing());
  ASSERT_EQ(7, ::send(peer, "ignored", 7, 0));
  std::string got;
  world.until([&] { return !NetWorld::read_some(peer, got); });
  EXPECT_TRUE(got == text);
  ::close(peer);
  world.until([&] { return world.told(connection).closed_count == 1; });
  EXPECT_EQ("", world.told(connection).input);
  EXPECT_EQ(0, world.told(connection).error);
}

TEST(Connection, CloseAfterFlushDoesNotWaitForeverForAPeerThatDoesNotRead) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  connection->output().append(as_bytes(pattern(16u << 20)));
  connection->close_after_flush();
  world.settle();
  EXPECT_EQ(0, world.told(connection).closed_count);
  world.loop().timers().run(monotonic_ns() + Connection::flush_ns_max);
  world.until([&] { return world.told(connection).closed_count == 1; });
  EXPECT_EQ(ETIMEDOUT, world.told(connection).error);
  ::close(peer);
}

TEST(Connection, CloseAfterFlushDoesNotWaitForeverForAPeerThatDoesNotClose) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  connection->output().append(as_bytes("bye"));
  connection->close_after_flush();
  world.settle();
  EXPECT_EQ(0, world.told(connection).closed_count);
  world.loop().timers().run(monotonic_ns() + Connection::linger_ns_max);
  world.until([&] { return world.told(connection).closed_count == 1; });
  EXPECT_EQ(0, world.told(connection).error);
  ::close(peer);
}

TEST(Connection, APeerResetInTheMiddleOfASendClosesOnce) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  connection->output().append(as_bytes(pattern(16u << 20)));
  connection->flush();
  world.settle();
  NetWorld::reset(peer);
  world.until([&] { return world.closed_count == 1; });
  world.settle();
  EXPECT_EQ(1, world.told(connection).closed_count);
  EXPECT_TRUE(world.told(connection).error == ECONNRESET || world.told(connection).error == EPIPE)
      << world.told(connection).error;
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
}

TEST(Connection, ClosedIsCalledOnceWhateverIsInFlight) {
  for (int mask = 0; mask < 16; ++mask) {
    NetWorld world;
    int peer = -1;
    Connection* connection = nullptr;
    std::tie(peer, connection) = world.pair();
    if ((mask & 1) != 0) {
      connection->output().append(as_bytes(pattern(16u << 20)));
      connection->flush();
    }
    if ((mask & 2) != 0) connection->pause_receive();
    if ((mask & 4) != 0) world.settle();
    if ((mask & 8) != 0) {
      ASSERT_EQ(1, ::send(peer, "x", 1, 0));
    }
    connection->close();
    connection->close();
    EXPECT_EQ(0, world.told(connection).closed_count) << "not from inside close()";
    world.until([&] { return world.closed_count == 1; });
    world.settle();
    EXPECT_EQ(1, world.told(connection).closed_count);
    EXPECT_EQ(0, world.told(connection).error);
    ::close(peer);
  }
}

TEST(Connection, TheOwnerMayCloseInsideInputArrived) {
  NetWorld world;
  world.on_input = [](Connection& connection) { connection.close(); };
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  ASSERT_EQ(1, ::send(peer, "x", 1, 0));
  world.until([&] { return world.closed_count == 1; });
  EXPECT_EQ(1, world.told(connection).closed_count);
  ::close(peer);
}

TEST(Connection, AThousandConnectionsLeaveNoDescriptorAndNoBuffer) {
  NetWorld world;
  world.loop().wait(0);
  const int before = open_descriptor_count();
  world.on_input = [](Connection& connection) {
    if (connection.input_ended()) {
      connection.close();
      return;
    }
    connection.output().append(as_bytes("echo"));
    connection.flush();
  };
  for (int round = 0; round < 10; ++round) {
    std::vector<int> peers;
    for (int i = 0; i < 100; ++i) peers.push_back(world.connect());
    for (int peer : peers) ASSERT_EQ(3, ::send(peer, "abc", 3, 0));
    for (int peer : peers) {
      std::string got;
      world.until([&] {
        NetWorld::read_some(peer, got);
        return got == "echo";
      });
    }
    for (std::size_t i = 0; i < peers.size(); ++i) {
      i % 3 == 0 ? NetWorld::reset(peers[i]) : static_cast<void>(::close(peers[i]));
    }
    world.until([&] { return world.closed_count == (round + 1) * 100; });
  }
  EXPECT_EQ(1000, world.accepted_count);
  EXPECT_EQ(before, open_descriptor_count());
  EXPECT_EQ(0u, world.loop().buffers().lent_count());
  EXPECT_EQ(0u, world.loop().recv_buffers_held());
}

TEST(Connection, ReceivesThatFindNoProvidedBufferAreArmedAgainAndTheKernelIsLentMore) {
  NetWorld world({.recv_buffer_count = 512, .recv_buffer_bytes = 64});
  const std::uint32_t lent = world.loop().recv_buffers_lent();
  ASSERT_LT(lent, 512u);
  std::vector<int> peers;
  std::vector<Connection*> connections;
  for (int i = 0; i < 8; ++i) {
    int peer = -1;
    Connection* connection = nullptr;
    std::tie(peer, connection) = world.pair();
    peers.push_back(peer);
    connections.push_back(connection);
  }
  const std::string text = pattern(20'000);  // 313 buffers for each of them at once
  for (int peer : peers) {
    ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(peer, text.data(), text.size(), 0));
  }
  for (Connection* connection : connections) {
    world.until([&] { return world.told(connection).input.size() == text.size(); });
    EXPECT_TRUE(world.told(connection).input == text);
  }
  EXPECT_GT(world.loop().counters().no_buffer_count.load(), 0u);
  EXPECT_GT(world.loop().recv_buffers_lent(), lent);
  EXPECT_EQ(0u, world.loop().recv_buffers_held());
  for (int peer : peers) ::close(peer);
}

TEST(Connection, ACompletionQueueThatOverflowsLosesNothing) {
  NetWorld world(
      {.sq_entries = 4, .cq_entries = 8, .recv_buffer_count = 512, .recv_buffer_bytes = 64});
  std::vector<int> peers;
  std::vector<Connection*> connections;
  for (int i = 0; i < 16; ++i) {
    int peer = -1;
    Connection* connection = nullptr;
    std::tie(peer, connection) = world.pair();
    peers.push_back(peer);
    connections.push_back(connection);
  }
  const std::string text = pattern(4000);
  for (int round = 1; round <= 3; ++round) {
    for (int peer : peers) {
      ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(peer, text.data(), text.size(), 0));
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
      connections[i]->output().append(as_bytes("out"));
      connections[i]->flush();
    }
    for (Connection* connection : connections) {
      world.until(
          [&] { return world.told(connection).input.size() == text.size() * std::size_t(round); });
      EXPECT_TRUE(world.told(connection).input.substr(text.size() * std::size_t(round - 1)) ==
                  text);
      world.until([&] { return world.told(connection).sent_count == round; });
    }
  }
  for (int peer : peers) ::close(peer);
}

TEST(Connection, WithoutMultishotItWorksAsWell) {
  NetWorld world;
  int first = -1;
  Connection* unused = nullptr;
  std::tie(first, unused) = world.pair();
  world.loop().multishot_refused();
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(3, ::send(peer, "abc", 3, 0));
    world.until([&] { return world.told(connection).input.size() == std::size_t(3 * (i + 1)); });
  }
  ::shutdown(peer, SHUT_WR);
  world.until([&] { return world.told(connection).input_ended; });
  ::close(peer);
  ::close(first);
}

TEST(Connection, NamesItsPeer) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  sockaddr_in own{};
  socklen_t bytes = sizeof own;
  getsockname(peer, reinterpret_cast<sockaddr*>(&own), &bytes);
  EXPECT_EQ("127.0.0.1", connection->peer().address());
  EXPECT_EQ(ntohs(own.sin_port), connection->peer().port());
  ::close(peer);

  NetWorld dual({}, "");
  int mapped = -1;
  Connection* other = nullptr;
  std::tie(mapped, other) = dual.pair();
  EXPECT_EQ("127.0.0.1", other->peer().address()) << "an IPv4-mapped address is shown as IPv4";
  ::close(mapped);
}

TEST(Connection, BuffersAreReusedInsteadOfAllocated) {
  NetWorld world;
  int peer = -1;
  Connection* connection = nullptr;
  std::tie(peer, connection) = world.pair();
  const std::byte* first = nullptr;
  for (int i = 0; i < 5; ++i) {
    connection->output().append(as_bytes("tick"));
    if (first == nullptr) first = connection->output().data();
    EXPECT_EQ(first, connection->output().data());
    connection->flush();
    world.until([&] { return world.told(connection).sent_count == i + 1; });
  }
  ::close(peer);
}

}  // namespace
}  // namespace paddock::net
