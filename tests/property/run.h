#pragma once

#include <concepts>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/read.h"
#include "core/state.h"
#include "tests/property/coverage.h"
#include "tests/property/generator.h"
#include "tests/property/logged_txn.h"
#include "tests/property/model.h"

namespace paddock::property {

/// How the server of a run is set up.
struct Setup {
  std::string name;
  core::State::Options options;
  Tree start;  ///< loaded as if from a snapshot
};

/// One seed's worth of random work on a core::State, compared with the model after every step:
///
///   - each answer byte for byte, its zxid, its events with their ACLs and order, the totals, and
///     the digest against one computed from scratch;
///   - the transactions replayed, as they come, into a second State with the same digest;
///   - reads of readers that stay pinned or hold a snapshot for a while, at any time, between the
///     slices of a transaction too, against the copy that the model kept of that snapshot;
///   - batches of any length, several of them sealed and not committed, reclaim at any moment;
///   - now and then a round of the server's own removals, in slices, some of its nodes removed;
///   - now and then a snapshot at a pin, walked shard by shard in the middle of all that, loaded
///     into a third State, brought up to date from the log, and from then on the second one;
///   - now and then a crash: the second State goes on as the first;
///   - at the end nothing is left over: not a version, a node or an ACL list too many.
///
/// The first difference ends the run.
class Run {
 public:
  Run(const Setup& setup, std::uint64_t seed, Coverage& coverage);
  ~Run();

  /// One random step; false when a difference was found.
  bool step();
  /// The checks of the end.
  bool finish();
  const std::string& difference() const { return difference_; }
  /// The last request.
  std::string last_request() const { return describe(request_); }

 private:
  using Snapshot = std::shared_ptr<const Tree>;
  struct Reader {
    Snapshot pinned;
    Snapshot held;
  };

  void write(Request request);
  void drive(const core::WriteRequest& write);
  void compare_answer(const Answer& answer);
  void compare_events(const Answer& answer);
  void compare_excess(const Answer& answer);
  void compare_totals(const core::State& state, const char* which);
  void replay();
  void compare_content(core::State& state, const Tree& tree, const char* which);

  void do_something_between();
  void reap();
  void seal();
  void commit_some();
  void move_a_reader();
  void read();
  void read_at(std::uint32_t reader, const Tree& tree);
  void compare_read(const char* name, proto::ErrorCode err, const ReadAnswer& answer);
  void compare_sessions(const Tree& tree);
  void load_from_snapshot();
  void crash();
  void let_go_of_readers();
  void forget_log();

  void differ(const std::string& what, const std::string& core, const std::string& model);
  template <class T>
  void equal(const std::string& what, const T& core, const T& model) {
    if (!(core == model)) differ(what, shown(core), shown(model));
  }
  template <class T>
  static std::string shown(const T& value) {
    if constexpr (std::same_as<T, std::string>)
      return printable(value);
    else
      return std::to_string(value);
  }

  const Setup& setup_;
  Coverage& coverage_;
  Random random_;
  Generator generator_;
  Model model_;
  std::unique_ptr<core::State> state_;
  std::unique_ptr<core::State> replica_;
  core::Prepared out_;
  std::deque<std::unique_ptr<LoggedTxn>> log_;  ///< what a snapshot may still need behind it
  Request request_;

  Snapshot committed_;
  std::deque<Snapshot> sealed_;  ///< ends of batches in flight
  std::vector<Reader> readers_;
  ByteBuffer reply_;  ///< of the last read
  std::string difference_;
};

}  // namespace paddock::property
