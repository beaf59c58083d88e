#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "paddock/ordering/ordering_core.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/core/requests.h"
#include "wal/log_end.h"

/// An ordering core with a state, a feed of two reactors and a log on a simulated disk, no sockets:
/// the test is the reactors, the clock and the loop.
namespace paddock::ordering::test {

/// A record of the feed, with its own memory.
struct Answer {
  AnswerKind kind{};
  std::uint16_t reactor = 0;
  std::uint32_t connection = 0;
  proto::ErrorCode err{};
  Zxid zxid{};
  std::string body;
  SessionId session{};
  std::uint64_t generation = 0;
  std::int32_t timeout_ms = 0;
  bool session_ended = false;
  std::vector<std::string> events;
};

class CoreWorld {
 public:
  struct Options {
    Zxid start{};  ///< where state and log begin
    std::size_t steps_per_turn = 2000;
    std::uint64_t disk_seed = 1;
    bool reorder = false;
    Reaper::Options reaper{};
  };
  static constexpr std::int64_t tick_ms = 1000;
  static constexpr std::uint64_t first_session = 0x100;

  explicit CoreWorld(const Options& options);
  CoreWorld() : CoreWorld(Options{}) {}
  ~CoreWorld() { log.reset(); }

  sim::SimDisk disk;
  core::State state;
  Feed feed{2};
  std::vector<std::string> closed;  ///< "0x100 expired", as the hook was told
  std::vector<bool> read_only_changes;
  OrderingCore core;
  std::unique_ptr<wal::Log> log;
  std::int64_t session_now_ms = 10'000;
  std::int64_t now_ms = 1'000'000;
  std::int64_t monotonic_ns = 1'000'000'000;

  // --- The loop.
  void turn() { core.turn(session_now_ms, now_ms, monotonic_ns); }
  /// Runs the disk until it has nothing to do, without a turn.
  void drain_disk() {
    while (disk.in_flight() > 0) disk.poll();
  }
  /// Turns until nothing is on its way any more.
  void settle();

  // --- Requests, each as submit() takes it.
  bool open(std::uint32_t connection, std::int32_t timeout_ms = 5000);
  bool resume(SessionId session, std::string_view password, std::uint32_t connection,
              std::int32_t timeout_ms = 5000);
  bool expire(SessionId session, std::uint64_t generation);
  void detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms);
  /// Of `client`, on its connection.
  struct Client {
    SessionId session{};
    std::uint64_t generation = 0;
    std::uint32_t connection = 0;
    std::string password;
  };
  bool write(const Client& client, proto::OpCode op, std::string_view body);
  bool read(const Client& client, proto::OpCode op, std::string_view path);
  bool create(const Client& client, std::string_view path, std::int32_t flags = 0) {
    return write(client, proto::OpCode::create,
                 core::test::body_of(core::test::create_request(path, "", flags)));
  }
  bool close(const Client& client) { return write(client, proto::OpCode::close_session, ""); }
  /// Opens a session and waits for it.
  Client make_client(std::uint32_t connection, std::int32_t timeout_ms = 5000);

  // --- What reactor 0 gets to see. Reactor 1 keeps up unless it is `stuck`.
  std::vector<Answer> answers();
  bool is_reactor_1_stuck = false;
  bool has(std::string_view path);  ///< in the newest state

 private:
  OrderingCore::Hooks hooks();

  std::uint64_t position_ = 0;
};

}  // namespace paddock::ordering::test
