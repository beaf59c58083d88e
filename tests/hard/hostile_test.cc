// Clients that do what no client should. Each attack runs beside a victim, which must get all its
// answers, and is followed by the check that nothing of it is left behind.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "tests/hard/client.h"
#include "tests/hard/daemon.h"
#include "tests/hard/victim.h"

namespace paddock::hard {
namespace {

constexpr int reactors = 2;
constexpr std::int64_t mib = 1 << 20;

class Hostile : public ::testing::Test {
 protected:
  void start(std::vector<std::string> arguments = {}) {
    daemon.emplace(Daemon::Options{.reactors = reactors, .arguments = std::move(arguments)});
    victim.emplace(daemon->port(), 2 * reactors);
    victim->await_rounds(10);
    rss_before = daemon->rss_bytes();
  }
  /// The victim is served now, beside the attack.
  void expect_no_harm(int rounds = 10) { victim->await_rounds(rounds); }
  /// The attackers are gone: all that they took has been given back.
  void TearDown() override {
    if (!daemon) return;
    expect_no_harm();
    victim.reset();
    daemon->await("num_alive_connections", 1);
    daemon->await_quiet();
    if (!is_sanitized()) {
      EXPECT_LT(daemon->rss_bytes(), 2 * rss_before + 192 * mib);
    }
    EXPECT_TRUE(daemon->is_running());
  }

  std::unique_ptr<Client> connected() {
    auto client = std::make_unique<Client>(daemon->port());
    EXPECT_TRUE(client->connect());
    return client;
  }
  /// Connections enough that each reactor has some.
  std::vector<std::unique_ptr<Client>> connected(int count) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < count; ++i) clients.push_back(connected());
    return clients;
  }
  void expect_closed(Client& client) { EXPECT_EQ(client.receive_all(), ""); }

  std::optional<Daemon> daemon;
  std::optional<Victim> victim;
  std::int64_t rss_before = 0;
};

std::string length_word(std::int32_t length) {
  std::string bytes(4, '\0');
  store_be32(reinterpret_cast<std::byte*>(bytes.data()), static_cast<std::uint32_t>(length));
  return bytes;
}

TEST_F(Hostile, FramesOfImpossibleLengthCloseTheConnection) {
  start();
  for (const std::int32_t length : {-1, INT32_MIN, INT32_MAX, 1048576}) {
    SCOPED_TRACE(length);
    const auto client = connected();
    client->send(length_word(length) + std::string(1000, 'x'));
    expect_closed(*client);
    Client fresh(daemon->port());  // the same as the first bytes of all
    fresh.send(length_word(length));
    expect_closed(fresh);
  }
  EXPECT_GE(daemon->mntr("large_requests_rejected"), 8);
}

TEST_F(Hostile, EmptyAndTooShortFramesCloseTheConnection) {
  start();
  for (const std::size_t bytes : {0, 1, 4, 7}) {
    SCOPED_TRACE(bytes);
    const auto client = connected();
    client->send(frame(std::string(bytes, '\1')));
    expect_closed(*client);
    Client fresh(daemon->port());
    fresh.send(frame(std::string(bytes, '\1')));
    expect_closed(fresh);
  }
}

TEST_F(Hostile, TheLongestFrameIsServed) {
  start();
  const auto client = connected();
  // 8 bytes of header, 4 + path, 4 + data, 4: together jute.maxbuffer.
  const std::string data(1048575 - 8 - 4 - 2 - 4 - 4, 'd');
  EXPECT_TRUE(client->create("/a").is_ok());
  EXPECT_TRUE(client->set("/a", data).is_ok());
  EXPECT_EQ(as_text(*client->get("/a").as<proto::DataReply>().data), data);
  EXPECT_EQ(client->set("/a", data + "d").kind, Message::Kind::closed);
}

TEST_F(Hostile, RequestsCutOffAnywhereLeaveNothingBehind) {
  start();
  const std::string whole = connect_request(40'000) +
                            request(1, OpCode::create, create_request("/cut", "data")) +
                            request(2, OpCode::get_data, proto::PathWatchRequest{"/cut", true});
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    Client client(daemon->port());
    client.send(std::string_view(whole).substr(0, bytes));
    if (bytes % 3 == 0) {
      client.shut_down_sending();
      client.receive_all();
    } else if (bytes % 3 == 1) {
      client.reset();
    }
  }
  expect_no_harm();
}

/// A connection may be gone between its accept and its place on a reactor, and then has no address
/// any more. It must be counted off from the address it was counted under.
TEST_F(Hostile, ConnectionsResetAtOnceAreCountedOff) {
  start();
  const std::string bytes = connect_request(40'000);
  for (std::size_t i = 0; i < 4000; ++i) {
    Client client(daemon->port());
    // A few microseconds each: the reset comes at any moment around the accept.
    for (std::size_t k = 0; k < i % bytes.size(); ++k) client.send(bytes.substr(k, 1));
    client.reset();
  }
  daemon->await("num_alive_connections", 1 + 2 * reactors);
  const auto many = connected(200);
  expect_no_harm();
}

TEST_F(Hostile, ByteByByteIsServedLikeAnyOther) {
  start();
  Client client(daemon->port());
  const std::string whole = connect_request(40'000) +
                            request(1, OpCode::create, create_request("/slow", "data")) +
                            request(2, OpCode::get_data, proto::PathWatchRequest{"/slow", false});
  for (const char byte : whole) client.send({&byte, 1});
  std::string payload;
  ASSERT_TRUE(client.receive_frame(payload));
  EXPECT_TRUE(client.receive().is_ok());
  const Message got = client.receive();
  ASSERT_TRUE(got.is_ok());
  EXPECT_EQ(as_text(*got.as<proto::DataReply>().data), "data");
}

TEST_F(Hostile, TenThousandPipelinedRequestsAreAnsweredInOrder) {
  start();
  const auto client = connected();
  ASSERT_TRUE(client->create("/p", "0").is_ok());
  std::string all;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) {
    // Writes, reads behind them, failures and pings, in no simple pattern (R11).
    const std::int32_t xid = 100 + i;
    if (i % 7 < 3)
      all += request(xid, OpCode::set_data,
                     proto::SetDataRequest{"/p", as_bytes(std::to_string(i)), -1});
    else if (i % 7 < 5)
      all += request(xid, OpCode::get_data, proto::PathWatchRequest{"/p", false});
    else if (i % 7 == 5)
      all += request(xid, OpCode::remove, proto::PathVersionRequest{"/none", -1});
    else
      all += request(xid, OpCode::sync, proto::PathRequest{"/p"});
  }
  client->send(all);
  std::string last = "0";
  for (int i = 0; i < count; ++i) {
    const Message got = client->receive();
    ASSERT_TRUE(got.is_reply()) << i;
    ASSERT_EQ(got.xid, 100 + i);
    if (i % 7 < 3) {
      last = std::to_string(i);
    } else if (i % 7 < 5) {
      ASSERT_EQ(as_text(*got.as<proto::DataReply>().data), last) << i;
    } else if (i % 7 == 5) {
      ASSERT_EQ(got.err, ErrorCode::no_node);
    }
  }
}

TEST_F(Hostile, DeepAndEndlessMultisAreRefusedOrServed) {
  start();
  const auto client = connected();
  // A multi inside a multi, a hundred thousand levels deep: its first header already is refused.
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += body_of(proto::MultiHeader{.op = OpCode::multi});
  EXPECT_EQ(client->call(OpCode::multi, deep).err, ErrorCode::marshalling_error);
  EXPECT_EQ(client->call(OpCode::multi_read, deep).err, ErrorCode::marshalling_error);
  // As many operations as a frame holds, of which the last one fails: none has happened.
  MultiBody wide;
  ASSERT_TRUE(client->create("/w", "0").is_ok());
  for (int i = 0; i < 30'000; ++i) wide.set("/w", "1");
  const Message failed = client->call(OpCode::multi, wide.remove("/none").finish());
  // The first of its results.
  EXPECT_EQ(failed.as<proto::MultiHeader>().op, OpCode::error);
  expect_no_harm();
  EXPECT_EQ(as_text(*client->get("/w").as<proto::DataReply>().data), "0");
  const std::string unended = MultiBody().set("/w", "2").unfinished();
  EXPECT_EQ(client->call(OpCode::multi, unended).err, ErrorCode::marshalling_error);
}

TEST_F(Hostile, MultiReadsThatWouldFillTheMemoryAreCutOff) {
  start();
  const auto client = connected();
  ASSERT_TRUE(client->create("/big", std::string(1'000'000, 'b')).is_ok());
  // 40,000 times one megabyte.
  MultiBody body;
  for (int i = 0; i < 40'000; ++i)
    body.add(OpCode::get_data, proto::PathWatchRequest{"/big", false});
  client->send_request(OpCode::multi_read, body.finish());
  expect_no_harm();
  expect_closed(*client);
  EXPECT_EQ(daemon->mntr("slow_readers_closed"), 1);
}

TEST_F(Hostile, CountsThatTheFrameCannotHoldAreRefused) {
  start();
  const auto client = connected();
  const std::string many = length_word(INT32_MAX);
  const std::string four = length_word(4) + "/abc";
  EXPECT_EQ(client->call(OpCode::create, four + length_word(0) + many).err,
            ErrorCode::marshalling_error);
  EXPECT_EQ(client->call(OpCode::create, four + many).err, ErrorCode::marshalling_error);
  EXPECT_EQ(client->call(OpCode::get_data, many).err, ErrorCode::marshalling_error);
  EXPECT_EQ(client->call(OpCode::set_watches, std::string(8, '\0') + many).err,
            ErrorCode::marshalling_error);
  EXPECT_EQ(client->call(OpCode::set_acl, four + many).err, ErrorCode::marshalling_error);
  for (std::int32_t op = -20; op < 130; ++op) {
    if (op == static_cast<std::int32_t>(OpCode::close_session)) continue;
    const auto other = connected();
    other->send(request(1, static_cast<OpCode>(op), many + many + many + many));
    other->send(request(2, static_cast<OpCode>(op), ""));
    other->shut_down_sending();
    other->receive_all();
  }
}

TEST_F(Hostile, OtherProtocolsAreClosed) {
  start();
  const std::string tls("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), tls + std::string(512, '\x5a'),
        std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(4096, '\xff')}) {
    Client client(daemon->port());
    client.send(bytes);
    expect_closed(client);
  }
}

TEST_F(Hostile, SilentConnectionsAreClosedAfterTheHandshakeTimeout) {
  start({"--handshake-timeout", "1500", "--tick-time", "100"});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 1000; ++i) {
    silent.push_back(std::make_unique<Client>(daemon->port()));
    if (i % 2 == 0) silent.back()->send(std::string("\0\0", 2));  // half a length
    if (i % 100 == 0) expect_no_harm(1);
  }
  for (const auto& client : silent) expect_closed(*client);
  EXPECT_GE(daemon->mntr("sessionless_connections_expired"), 1000);
}

TEST_F(Hostile, HalfOpenConnectionsAreAnsweredAndClosed) {
  start();
  const auto clients = connected(50);
  for (const auto& client : clients) {
    client->send_request(OpCode::create, create_request("/half-", "", 3));
    client->send_request(OpCode::get_children, proto::PathWatchRequest{"/", false});
    client->shut_down_sending();
  }
  for (const auto& client : clients) {
    EXPECT_TRUE(client->receive().is_ok());
    EXPECT_TRUE(client->receive().is_ok());
    expect_closed(*client);
  }
}

/// Reads of a large node whose answers nobody takes.
TEST_F(Hostile, ReadersThatNeverReadAreNotServedOnAndHarmNobody) {
  start();
  const auto writer = connected();
  ASSERT_TRUE(writer->create("/big", std::string(500'000, 'b')).is_ok());
  const auto clients = connected(20);
  std::string reads;
  for (int i = 0; i < 1000; ++i)
    reads += request(i + 1, OpCode::get_data, proto::PathWatchRequest{"/big", false});
  for (const auto& client : clients) client->send(reads);
  expect_no_harm(50);
  // Half a gigabyte is asked for by each; they get what the kernel holds and little more.
  EXPECT_LT(daemon->mntr("output_bytes"), 20 * 4 * mib);
}

/// Notifications cannot wait for a reader as answers can: past the bound it is closed.
TEST_F(Hostile, ANeverReadingWatcherIsClosedPastItsBound) {
  start({"--output-bytes-max", "1048576"});
  const auto watcher = connected();
  const std::string path = "/" + std::string(100'000, 'w');
  const auto writer = connected();
  ASSERT_TRUE(writer->create(path).is_ok());
  ASSERT_TRUE(watcher->call(OpCode::add_watch, proto::AddWatchRequest{path, {}}).is_ok());
  for (int i = 0; i < 300 && daemon->mntr("slow_readers_closed") == 0; ++i)
    ASSERT_TRUE(writer->set(path, "x").is_ok());
  EXPECT_EQ(daemon->mntr("slow_readers_closed"), 1);
}

/// More unanswered input than all connections together may hold: only who sent it waits (R4).
TEST_F(Hostile, AFloodThatFillsTheInputBoundStopsOnlyTheFlooders) {
  start({"--in-flight-bytes-max", "8388608"});
  const auto writer = connected();
  ASSERT_TRUE(writer->create("/big", std::string(500'000, 'b')).is_ok());
  const auto clients = connected(20);
  std::string flood;
  for (int i = 0; i < 40'000; ++i)
    flood += request(i + 1, OpCode::get_data, proto::PathWatchRequest{"/big", false});
  std::vector<std::thread> senders;
  for (const auto& client : clients)
    senders.emplace_back([&flood, c = client.get()] { c->send(flood); });
  daemon->await_above("request_throttle_wait_count", 20);
  expect_no_harm(50);
  for (const auto& client : clients) ::shutdown(client->socket(), SHUT_RDWR);
  for (std::thread& sender : senders) sender.join();
}

/// Writes without end, as fast as they can be sent; half of the clients never read an answer. The
/// flood goes on for as long as the victim needs for its rounds, and until a session that died in
/// it has expired.
TEST_F(Hostile, AFloodOfWritesStarvesNobody) {
  start({"--tick-time", "100", "--max-session-timeout", "40000"});
  const auto clients = connected(8);
  Client doomed(daemon->port());
  ASSERT_TRUE(doomed.connect(200));
  ASSERT_TRUE(doomed.create("/doomed", "", 1).is_ok());
  const auto heir = connected();
  ASSERT_TRUE(heir->exists("/doomed", true).is_ok());
  ASSERT_TRUE(clients[0]->create("/flooded").is_ok());
  std::string flood;
  const std::string data(30'000, 'f');
  for (int i = 0; i < 100; ++i)
    flood +=
        request(i + 1, OpCode::set_data, proto::SetDataRequest{"/flooded", as_bytes(data), -1});
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Client& client = *clients[i];
    threads.emplace_back([&] {
      while (client.send(flood)) continue;
    });
    if (i / 2 % 2 == 0) threads.emplace_back([&] { client.receive_all(); });
  }
  doomed.close();
  EXPECT_EQ(heir->event().type, EventType::node_deleted);
  expect_no_harm(3);  // each of their requests waits behind megabytes of others'
  for (const auto& client : clients) ::shutdown(client->socket(), SHUT_RDWR);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace paddock::hard
