#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "core/session_table.h"
#include "core/trie.h"
#include "core/txn.h"
#include "core/write.h"

namespace paddock::core {

/// One znode as a snapshot or a test sees it. Borrowed memory.
struct NodeValue {
  std::string_view path;
  std::optional<Bytes> data;
  std::span<const AclEntry> acl;
  std::int64_t czxid = 0, mzxid = 0, pzxid = 0;
  std::int64_t ctime_ms = 0, mtime_ms = 0;
  std::int64_t owner = 0;
  std::int32_t version = 0, aversion = 0, create_counter = 0;
};

/// `version` of the node at `path`; borrows from both.
NodeValue value_of(std::string_view path, const Version& version);

struct SessionValue {
  SessionId id{};
  std::int32_t timeout_ms = 0;
  Bytes password;  ///< 16 bytes
};

/// Everything the daemon must not forget: the tree, the sessions, their ephemerals, the digest. The
/// only way to change it is a transaction, prepared here or replayed from the log.
///
/// It reads no clock, opens no file and knows no socket; the same calls give the same bytes.
///
/// Threads: the ordering core's thread only, but for trie(), which readers use under a pin and an
/// epoch (trie.h).
class State {
 public:
  struct Options {
    bool extended_types_enabled = true;  ///< TTL nodes
    bool digest_auth_enabled = true;     ///< entries of scheme digest in new ACLs
    bool skip_acl = false;
    bool enforce_quota = false;           ///< hard quotas refuse; else they are only told of
    std::uint32_t reader_count_max = 16;  ///< pins and epoch slots: reactors + the snapshot thread
  };

  /// An empty tree with the reserved nodes, at zxid 0.
  explicit State(const Options& options);
  ~State();

  // --- Recovery: a snapshot's content in any order, finish_load, then replayed transactions. No
  // reader may exist yet. A string is a reason for the operator; the state is then unusable.
  Result<void, std::string> load_node(const NodeValue& node);
  Result<void, std::string> load_session(const SessionValue& session);
  /// Checks that every parent is there, rebuilds what is derived (child counts, sets of ephemeral
  /// and removable nodes, the digest), and stands at `zxid`, committed.
  Result<void, std::string> finish_load(Zxid zxid);
  /// Applies a logged transaction, which must be the one behind newest(); prepared, not committed.
  Result<void, std::string> replay(const Txn& txn);

  // --- The ordering core.
  enum class Progress { done, more };

  /// Validates `request` against the newest state, pending versions included, and installs its
  /// effect as pending versions. The answer is in `out`; a refused request changes nothing.
  /// `more`: `step_budget` sub-steps are done and the transaction is not; call resume() until done
  /// before anything else but commit() and reclaim(). `request` (its body too) and `out` must live
  /// until then.
  Progress prepare(const WriteRequest& request, Prepared& out, std::size_t step_budget);
  Progress resume(std::size_t step_budget);

  /// An upper bound for the log bytes of the transaction that `request` would make (R20).
  std::size_t log_bytes_max(const WriteRequest& request) const;

  Zxid newest() const;     ///< last prepared
  Zxid committed() const;  ///< what readers may see; Threads: any (acquire)
  /// From now on nothing at or below newest() is rewritten in place (R3b).
  void seal();
  /// Makes everything up to `zxid` visible: a sealed batch end, never backwards (R3).
  void commit(Zxid zxid);
  /// Unlinks versions nobody can see and frees memory nobody can reach; bounded work per call.
  void reclaim();

  /// Order-independent hash of the newest state, sessions included (docs/architecture.md).
  std::uint64_t digest() const;

  // --- Sessions, as of newest().
  using Session = core::Session;
  const Session* find_session(
      SessionId id) const;  ///< null: unknown or closed; until the next prepare
  std::size_t session_count() const;
  /// Calls `visit(SessionValue)` for the sessions that exist at `zxid`, a pinned committed one
  /// (R17).
  void visit_sessions(Zxid zxid, const std::function<void(const SessionValue&)>& visit) const;
  /// The same cut into slices, so that a snapshot of many sessions holds nobody up: begins a walk
  /// (an earlier one is given up) at `zxid`, which must stay pinned until the end.
  void begin_session_walk(Zxid zxid);
  /// Visits at most `budget` sessions; true if there is more to do. Transactions may come between
  /// the slices.
  bool walk_sessions(std::size_t budget, const std::function<void(const SessionValue&)>& visit);
  /// Paths of a session's ephemerals as of newest(), in no order (R18).
  std::vector<std::string> ephemerals(SessionId id) const;
  std::size_t ephemeral_count() const;  ///< of all sessions

  // --- What the server removes by itself, as of newest(): containers that have lost their last
  // child, or never had one for too long, and TTL nodes without children.
  /// The wall clock was set: it moved by `step_ms` beside the time that passed. Transactions up to
  /// `newest` were stamped before, and their nodes are neither older nor younger for it (R22).
  void clock_stepped(Zxid newest, std::int64_t step_ms);
  /// Where a round over all of them stands.
  struct RemovableRound {
    std::size_t left = SIZE_MAX;  ///< of the nodes to look at, at most
    bool is_over() const { return left == 0; }
  };
  struct RemovableWhen {
    std::int64_t now_ms = 0;  ///< wall clock; one that was set removes nothing (R22)
    std::int64_t never_used_ms_max =
        0;  ///< age of a container that never had a child; 0 = it stays
  };
  /// Looks at the next `looks_max` containers and TTL nodes of the round and calls `visit(path)`
  /// for those that are due. `visit` may prepare changes, and returns false to stop the call; the
  /// next one then begins with that node. Nodes made during a round may be left to the next.
  void visit_removable(RemovableRound& round, const RemovableWhen& when, std::size_t looks_max,
                       const std::function<bool(std::string_view path)>& visit) const;
  std::size_t removable_count() const;  ///< containers and TTL nodes, due or not

  std::size_t node_count() const;               ///< as of newest(), reserved nodes included
  std::int64_t approximate_data_bytes() const;  ///< sum of path and data lengths, as mntr shows it

  Trie& trie();
  const Trie& trie() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace paddock::core
