#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

#include "recipes/client/client.h"

/// What the contenders of all recipes share: their place in the contest, told by the command line
/// (contest.py), and the history that they write for the checkers (checkers.py).
namespace paddock::contest {

using client::Client;
using client::Clock;
using client::Deadline;
using client::Error;
using client::Milliseconds;

struct Arguments {
  std::string recipe;
  std::string server;  ///< of a proxy
  std::string base;    ///< node of the recipe
  std::string name;    ///< of this worker
  std::uint16_t resource = 0;
  int threads = 1;
  std::uint64_t seed = 0;
  int timeout_ms = 2000;
  int rounds = 0;  ///< 0 = until told to finish
  int members = 2;
  std::string layout = "curator";
  bool impatient = true;  ///< some waits are short, some are cancelled
  bool downgrades = true;
  bool renews = false;  ///< the client goes on with a new session when one has expired
};

/// What the test has told on the standard input. `finish` implies `report`. Threads: any.
struct Orders {
  std::atomic<bool> report = false;
  std::atomic<bool> finish = false;
};

/// Lines of JSON on the standard output, each written at once. Threads: any.
class History {
 public:
  using Fields = nlohmann::json;
  static void tell(std::string_view who, std::string_view what, Fields fields = Fields::object());
  /// Nanoseconds of the machine's monotonic clock.
  static std::int64_t now();
};

/// A connection to the resource of fenced.py. Threads: one.
class FencedResource {
 public:
  explicit FencedResource(std::uint16_t port);
  ~FencedResource();
  FencedResource(const FencedResource&) = delete;
  FencedResource& operator=(const FencedResource&) = delete;

  /// Whether the write was accepted. Ends the process if the resource is gone: so is the test.
  bool write(std::string_view who, std::int64_t token);

 private:
  int socket_ = -1;
};

/// One thread of a worker in one session. Threads: one.
class Contender {
 public:
  Contender(Client& client, const Arguments& arguments, int number, std::uint64_t seed,
            const Orders& orders);

  Client& client;
  const Arguments& arguments;
  const std::string who;

  void tell(std::string_view what, History::Fields fields = History::Fields::object()) const {
    History::tell(who, what, std::move(fields));
  }

  /// Whether to begin another round.
  bool goes_on();
  /// Until the test wants the final state; await_finish() until nobody needs us any more.
  bool is_to_report() const { return orders_.report.load(); }
  void await_report() const { orders_.report.wait(false); }
  void await_finish() const { orders_.finish.wait(false); }
  /// A number from 0 to `end`, without it.
  std::size_t random(std::size_t end);

  /// How long to wait this time: nearly always as long as nothing waits unless something is wrong;
  /// if impatient, sometimes hardly at all, or until a cancellation a few round trips later.
  struct Patience {
    Deadline deadline;
    client::CancelSource cancel;
    bool is_short = false;
  };
  Patience patience();
  static Deadline long_deadline() { return Deadline(std::chrono::seconds(100)); }

  /// Tells of an error and returns whether this session can go on.
  bool survives(Error error, std::string_view where, bool was_short = false);

 private:
  const Orders& orders_;
  std::mt19937_64 random_;
  int rounds_done_ = 0;
};

/// What the test writes last: who has seen it has seen everything.
inline constexpr std::string_view end_name = "end";

/// What a contender does until told to finish or until its session ends.
using Use = void (*)(Contender&);

void use_lock(Contender&);
void use_reentrant_lock(Contender&);
void use_read_write_lock(Contender&);
void use_semaphore(Contender&);
void use_election(Contender&);
void use_counter(Contender&);
void use_config_cache(Contender&);
void use_tree_cache(Contender&);
void use_membership(Contender&);
void use_services(Contender&);
void use_ids(Contender&);
void use_notifier(Contender&);
void use_workers(Contender&);
void use_queue(Contender&);
void use_priority_queue(Contender&);
/// Takes what is left.
void drain_queue(Contender&);
void use_barrier(Contender&);
/// Closes and opens the barrier of the others.
void keep_barrier(Contender&);
void use_double_barrier(Contender&);
/// Not a recipe: changes the nodes that the caches watch.
void write_tree(Contender&);
void write_config(Contender&);

}  // namespace paddock::contest
