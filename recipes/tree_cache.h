#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/paths.h"
#include "recipes/tree_snapshot.h"

namespace paddock::recipes {

/// What has become of one node between two snapshots.
struct TreeChange {
  enum class Kind { added, changed, removed };
  Kind kind{};
  std::string path;
  TreeNodePtr before;  ///< null if added
  TreeNodePtr after;   ///< null if removed
};

struct TreeUpdate {
  std::vector<TreeChange> changes;  ///< parents before their children
  Zxid zxid{};                      ///< of the snapshot behind them
  bool is_initial = false;          ///< all that there is, as additions; maybe nothing
};

/// A subtree, kept in memory and up to date: read it as often as you like, be told of each change.
///
/// **Guarantee.** A snapshot is the whole tree as it was at one moment of the server's history:
/// never half of a multi, never a child newer than a sibling. Snapshots only go forward. The
/// listener is told the difference of each from the one before, so adding up the changes gives the
/// snapshot; a node that changes faster than it can be read is told with its newest value (compare
/// stat.version), one that came and went between two snapshots is not told. What this session has
/// written or seen before refresh() is in the snapshot behind it.
///
/// **How that is true.** Events on one connection come in the order of the transactions, and a
/// reply comes behind all events of what it shows and before all later ones. Each event makes a
/// node dirty, dirty nodes are read in multi-reads, and a reply that leaves nothing dirty is a cut:
/// all that is in memory is the tree at the moment of that reply. If the events tell their zxid
/// (Paddock, ZooKeeper 3.9) there is also a cut below the first change that has not been read yet.
/// So snapshots lag in a tree that does not rest for one round trip, in which ever other nodes
/// change: nodes that change all the time are read together before long.
///
/// **Znodes:** makes none, and the root need not exist. Watches: one, persistent and recursive. A
/// server without it (before 3.6) gets a data and a child watch on each node.
///
/// **Suspended, lost:** goes on serving the last snapshot; is_current() says that it may be old.
/// After the reconnect, or in the next session, everything is read again and the difference told.
/// **Expired** without ClientOptions::renew_expired: the last snapshot stays, for ever.
///
/// **Round trips:** to load, one per level of the tree and one per 64 nodes, 16 of which are under
/// way together; 1 per change or bunch of changes; to come back from a lost connection, as many as
/// to load. Memory: the data, and about 300 bytes a node.
///
/// Threads: any; a mutex guards the snapshot, the rest belongs to the I/O thread.
class TreeCache {
 public:
  struct Options {
    /// Told on the I/O thread; must not wait. What it is told is in snapshot() already.
    std::function<void(const TreeUpdate&)> listener{};
    /// Levels below the root that belong to it; 0 = the root alone.
    std::size_t depth_max = 1'000'000;
    /// Does without persistent watches, as with an old server.
    bool one_shot_watches = false;
  };

  /// Starts loading and returns.
  TreeCache(client::Client& client, std::string root, Options options);
  TreeCache(client::Client& client, std::string root)
      : TreeCache(client, std::move(root), Options{}) {}
  /// When it returns the listener is not called any more.
  ~TreeCache();
  TreeCache(const TreeCache&) = delete;
  TreeCache& operator=(const TreeCache&) = delete;

  const std::string& root() const;
  /// The newest; the same object until something changes, and null before the first. The first call
  /// after a change copies the index: O(nodes).
  TreeSnapshotPtr snapshot() const;
  /// One node of the newest snapshot, in O(log nodes).
  TreeNodePtr find(std::string_view path) const;
  /// Connected, and nothing is known to have changed behind the snapshot.
  bool is_current() const;

  /// Waits for a snapshot, the present one included, of which `is_wanted` is true; it is called in
  /// the caller's thread. After the end of the session: its error.
  client::Expected<TreeSnapshotPtr> await(const std::function<bool(const TreeSnapshot&)>& is_wanted,
                                          client::Deadline deadline,
                                          const client::CancelToken& cancel = {}) const;
  /// Waits for the first.
  client::Expected<TreeSnapshotPtr> await_loaded(client::Deadline deadline,
                                                 const client::CancelToken& cancel = {}) const;
  /// Waits for a snapshot with everything in it that was committed anywhere before the call.
  client::Expected<TreeSnapshotPtr> refresh(client::Deadline deadline,
                                            const client::CancelToken& cancel = {});

 private:
  class Core;
  std::shared_ptr<Core> core_;
  client::Client& client_;
  client::StateSubscription subscription_;
};

}  // namespace paddock::recipes
