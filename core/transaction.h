#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/removable_set.h"
#include "core/session_table.h"
#include "core/trie.h"
#include "core/txn.h"

namespace paddock::core {

/// What is kept up to date beside the tree, for the newest state.
struct Totals {
  std::uint64_t digest = 0;
  std::size_t node_count = 0;
  std::int64_t path_and_data_bytes = 0;
  std::size_t quota_count = 0;  ///< limits nodes (core/quota.h): 0 = nothing is counted for quotas
};

/// Where a step acts: looked up by whoever made the step, once.
struct Target {
  Znode* parent = nullptr;   ///< create_node, delete_node
  Znode* node = nullptr;     ///< create_node: what is left of an earlier node there, or null
  std::string_view name;     ///< create_node: the last component of step.path
  const Acl* acl = nullptr;  ///< create_node, set_acl: step.acl, interned
};

/// A node's part of the digest, as of `version`.
std::uint64_t digest_term(const Znode& node, const Version& version);

/// Carries out the steps of one transaction: the only code that changes the state, shared by
/// prepare and replay. It decides nothing: steps are resolved, targets looked up.
///
/// The tree changes step by step, and Trie::undo() takes that back. What has no versions (totals,
/// sessions, sets of ephemeral and removable nodes) changes in settle(), when nothing can fail any
/// more (R10). For that each node is noted once, as it was before the transaction.
///
/// Threads: loop-local.
class Transaction {
 public:
  Transaction(Trie& trie, SessionTable& sessions, RemovableSet& removable, Totals& totals)
      : trie_(trie), sessions_(sessions), removable_(removable), totals_(totals) {}

  bool is_open() const { return trie_.is_open(); }
  Zxid zxid() const { return zxid_; }

  void begin(Zxid zxid, std::int64_t time_ms);
  /// REQUIRES: the step can be carried out there: the node of a create does not exist, the others
  /// do; a deleted one has no children; a session is not yet, or still, open.
  /// Returns the node of a create, else target.node.
  Znode* apply(const Step& step, const Target& target);
  /// Nothing of it happened.
  void undo();
  /// Brings totals and sessions up to what the steps did, at most `budget` nodes at a time. When it
  /// returns true it is done and the transaction stands. `budget` is reduced by what was used.
  bool settle(std::size_t& budget);

  /// A node as it was before the transaction.
  struct Touched {
    Znode* node = nullptr;
    std::uint64_t term = 0;        ///< in the digest before; 0 = did not exist
    std::int64_t owner = 0;        ///< before; 0 = did not exist
    std::int32_t data_length = 0;  ///< before
    std::uint32_t path_bytes = 0;
    bool existed = false;
  };
  /// The nodes that the steps so far have made, changed or deleted, each once.
  std::size_t touched_count() const { return touched_.size(); }
  const Touched& touched(std::size_t index) const { return touched_[index]; }

  /// Whether each ephemeral that the steps made has an open session and each session that they
  /// close has lost its ephemerals: always so when prepared, to be asked of a log.
  bool is_consistent() const;

 private:
  void touch(Znode& node, std::size_t path_bytes);
  Znode* create_node(const Step& step, const Target& target);
  void delete_node(const Step& step, const Target& target);
  void settle_node(const Touched& touched);
  void settle_session(const Step& step);
  void end();

  Trie& trie_;
  SessionTable& sessions_;
  RemovableSet& removable_;
  Totals& totals_;
  Zxid zxid_{};
  std::int64_t time_ms_ = 0;
  std::vector<Touched> touched_;
  std::size_t settled_ = 0;  ///< how many of touched_ are
  std::vector<Step> session_steps_;
  Totals after_;
};

}  // namespace paddock::core
