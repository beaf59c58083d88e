#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/hard/client.h"

namespace paddock::hard {

/// How many of `wanted` clients a test may have: this process and the daemon may not open more
/// files. The limit is raised as far as it goes.
int clients_at_most(int wanted);

/// Many sessions that do the same at the same time, each with an ephemeral of its own.
/// Threads: one at a time.
class Crowd {
 public:
  Crowd(std::uint16_t port, std::string base) : port_(port), base_(std::move(base)) {}

  /// `count` sessions more. REQUIRES: there is a node with the name of the crowd.
  void add(int count, std::int32_t timeout_ms);
  /// All are heard of now.
  void ping_all();
  /// All connections end without a word, half of them with RST.
  void cut();

  std::size_t size() const { return clients_.size(); }
  Client& client(std::size_t i) { return *clients_[i]; }
  std::vector<Client*> clients();
  std::string path(std::size_t i) const { return base_ + "/" + std::to_string(i); }

 private:
  const std::uint16_t port_;
  const std::string base_;
  std::vector<std::unique_ptr<Client>> clients_;
};

/// Keeps sessions alive as clients do: a ping of each, and its answer, again and again. They are
/// nobody else's meanwhile. Threads: any; the pings come from a thread of its own.
class Heartbeat {
 public:
  Heartbeat(std::vector<Client*> clients, int interval_ms);
  /// Expects that each ping was answered.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// Returns when so many rounds have been answered that began after the call, or one has failed.
  void await_beats(int count);

 private:
  void run();
  bool beat();

  const std::vector<Client*> clients_;
  const int interval_ms_;
  std::atomic<std::int64_t> beats_{0};
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> has_failed_{false};
  std::thread thread_;
};

/// Waits until all of `paths` have been told of once as deleted, in any order, with zxids that
/// never go down, and nothing else with them.
void expect_deletions(Client& watcher, const std::vector<std::string>& paths);
/// Expects that no event is on its way to the client.
void expect_no_event(Client& watcher);

}  // namespace paddock::hard
