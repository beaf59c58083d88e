#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Whether a history of one node's reads and writes could have come from one node that does one
/// operation at a time, each between its call and its return (Wing and Gong; the search is Lowe's:
/// it takes operations off the front of the history, remembers the states it has been in, and goes
/// back when it is stuck).
namespace paddock::hard {

/// A node as its readers see it.
struct NodeState {
  std::int32_t version = -1;  ///< -1: it is not there
  std::string data;
  bool operator==(const NodeState&) const = default;
};

struct Operation {
  enum class Kind : std::uint8_t { read, set, create, remove };
  /// When it was called and when it returned, as places in one order of all such moments of all
  /// clients. `returned` of an operation whose answer was lost is never: it may have happened at
  /// any time since the call, or not at all.
  static constexpr std::uint64_t never = UINT64_MAX;
  std::uint64_t called = 0;
  std::uint64_t returned = never;
  std::uint64_t happened_by = never;  ///< without an answer: it has not happened later than this

  Kind kind = Kind::read;
  std::int32_t wanted_version = -1;  ///< set and remove: -1 = whatever it is
  std::string data;                  ///< set and create: what is written
  /// Its answer. A failure is a wrong version, or a node that is there (create) or not (others).
  bool succeeded = false;
  NodeState seen;  ///< successful read: what it gave; successful set: the version it made
};

/// What the operation makes of the node, or nothing if its answer does not fit.
std::optional<NodeState> apply(const Operation& operation, const NodeState& before);

/// Gives up, with false, on histories that would take more than `steps_max` steps.
bool is_linearizable(std::vector<Operation> history, const NodeState& at_first,
                     std::size_t steps_max = 20'000'000);

}  // namespace paddock::hard
