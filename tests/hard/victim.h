#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "tests/hard/client.h"

namespace paddock::hard {

/// Two well-behaved clients that hand one lock to and fro while others misbehave. Whoever attacks a
/// daemon asks it for some rounds more, with await_rounds(): every one of their requests has then
/// been answered as it must, and every watch has fired.
///
/// Threads: any; the rounds run on a thread of their own.
class Victim {
 public:
  /// `connections` of them sit on the daemon and wait for nothing but their turn, so that some are
  /// on each reactor; two of them have the turn in each round.
  Victim(std::uint16_t port, int connections);
  /// Expects that all their answers were right.
  ~Victim();
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  /// Returns when so many rounds have been made that began after the call, or when one has failed.
  void await_rounds(int count);
  std::int64_t rounds() const { return rounds_.load(); }

 private:
  void run();
  bool hand_over(Client& from, Client& to);

  std::vector<std::unique_ptr<Client>> clients_;
  std::atomic<std::int64_t> rounds_{0};
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> has_failed_{false};
  std::thread thread_;
};

}  // namespace paddock::hard
