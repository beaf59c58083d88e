#include "tests/hard/linearizable.h"

#include <algorithm>
#include <set>
#include <utility>

namespace paddock::hard {
namespace {

using Kind = Operation::Kind;

bool fits_version(const Operation& operation, const NodeState& state) {
  return operation.wanted_version == -1 || operation.wanted_version == state.version;
}

/// What the operation does, whatever its answer was.
NodeState effect(const Operation& operation, const NodeState& before) {
  const bool is_there = before.version >= 0;
  switch (operation.kind) {
    case Kind::read:
      return before;
    case Kind::set:
      if (!is_there || !fits_version(operation, before)) return before;
      return {before.version + 1, operation.data};
    case Kind::create:
      return is_there ? before : NodeState{0, operation.data};
    case Kind::remove:
      return is_there && fits_version(operation, before) ? NodeState{} : before;
  }
  return before;
}

/// The answered operations stand in the order of their calls, those without an answer behind them.
/// All answered ones before `base_` have their place in the order that is sought, and of those
/// behind it only a few can have: those that were called before it returned.
class Search {
 public:
  Search(std::vector<Operation> history, std::size_t steps_max)
      : history_(std::move(history)), is_done_(history_.size(), false), steps_left_(steps_max) {
    std::sort(history_.begin(), history_.end(), [](const Operation& a, const Operation& b) {
      return std::pair(!is_answered(a), a.called) < std::pair(!is_answered(b), b.called);
    });
    answered_ =
        static_cast<std::size_t>(std::count_if(history_.begin(), history_.end(), is_answered));
  }

  bool run(NodeState state) {
    std::size_t from = 0;
    for (; steps_left_ > 0; --steps_left_) {
      if (base_ == answered_) return true;
      const std::size_t next = next_candidate(from, state);
      if (next != history_.size()) {
        taken_.push_back({next, state});
        state = effect(history_[next], state);
        put(next, true);
        from = base_;
      } else {
        if (taken_.empty()) return false;
        const std::size_t last = taken_.back().index;
        state = std::move(taken_.back().before);
        taken_.pop_back();
        put(last, false);
        from = last + 1;
      }
    }
    return false;
  }

 private:
  struct Step {
    std::size_t index = 0;
    NodeState before;
  };
  /// Where the search has been: which operations are done, and what they made of the node.
  using Place = std::pair<std::vector<std::size_t>, std::pair<std::int32_t, std::string>>;

  static bool is_answered(const Operation& operation) {
    return operation.returned != Operation::never;
  }

  void put(std::size_t index, bool done) {
    is_done_[index] = done;
    if (index < base_) base_ = index;
    while (base_ < answered_ && is_done_[base_]) ++base_;
  }

  /// Calls `visit(index)` for each that may be done before or right behind base_, until it says so.
  template <class Visit>
  std::size_t find_around_base(std::size_t from, Visit&& visit) const {
    for (std::size_t i = std::max(from, base_); i < answered_; ++i) {
      if (history_[i].called > history_[base_].returned) break;
      if (visit(i)) return i;
    }
    for (std::size_t i = std::max(from, answered_); i < history_.size(); ++i)
      if (visit(i)) return i;
    return history_.size();
  }

  /// The first operation at or behind `from` that may come next, to a place not tried before.
  std::size_t next_candidate(std::size_t from, const NodeState& state) {
    std::uint64_t first_return = Operation::never;
    std::uint64_t last_call = base_ == 0 ? 0 : history_[base_ - 1].called;
    find_around_base(base_, [&](std::size_t i) {
      if (!is_done_[i])
        first_return = std::min(first_return, history_[i].returned);
      else if (i < answered_)
        last_call = std::max(last_call, history_[i].called);
      return false;
    });
    return find_around_base(from, [&](std::size_t i) {
      // One that was called after another has returned comes behind that one.
      if (is_done_[i] || history_[i].called > first_return) return false;
      if (history_[i].happened_by < last_call) return false;
      const std::optional<NodeState> after = apply(history_[i], state);
      // What nobody has seen the answer of and changes nothing might as well not have happened.
      if (!after || (i >= answered_ && *after == state)) return false;
      return is_new(i, *after);
    });
  }

  bool is_new(std::size_t taken, const NodeState& after) {
    const std::size_t base_before = base_;
    put(taken, true);
    Place place{{base_}, {after.version, after.data}};
    if (base_ != answered_) {
      find_around_base(base_, [&](std::size_t i) {
        if (is_done_[i]) place.first.push_back(i);
        return false;
      });
    }
    put(taken, false);
    base_ = base_before;
    return tried_.insert(std::move(place)).second;
  }

  std::vector<Operation> history_;
  std::vector<bool> is_done_;
  std::size_t answered_ = 0;
  std::size_t base_ = 0;  ///< of the answered: all before it are done, it is not
  std::size_t steps_left_;
  std::vector<Step> taken_;
  std::set<Place> tried_;
};

}  // namespace

std::optional<NodeState> apply(const Operation& operation, const NodeState& before) {
  const NodeState after = effect(operation, before);
  if (operation.returned == Operation::never) return after;
  const bool is_there = before.version >= 0;
  bool could_succeed = false;
  switch (operation.kind) {
    case Kind::read:
      could_succeed = is_there;
      if (operation.succeeded && operation.seen != before) return std::nullopt;
      break;
    case Kind::set:
      could_succeed = is_there && fits_version(operation, before);
      if (operation.succeeded && operation.seen.version != after.version) return std::nullopt;
      break;
    case Kind::create:
      could_succeed = !is_there;
      break;
    case Kind::remove:
      could_succeed = is_there && fits_version(operation, before);
      break;
  }
  if (operation.succeeded != could_succeed) return std::nullopt;
  return after;
}

bool is_linearizable(std::vector<Operation> history, const NodeState& at_first,
                     std::size_t steps_max) {
  return Search(std::move(history), steps_max).run(at_first);
}

}  // namespace paddock::hard
