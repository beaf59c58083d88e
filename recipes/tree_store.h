#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "recipes/tree_cache.h"

namespace paddock::recipes {

/// What everybody may see of a TreeCache: the newest snapshot, and whether there will be more.
/// Private to the library.
///
/// Threads: any, but for what says otherwise; the mutex guards it.
class TreeStore {
 public:
  // --- as TreeCache's ---

  TreeSnapshotPtr snapshot() const;
  TreeNodePtr find(std::string_view path) const;
  client::Expected<TreeSnapshotPtr> await(const std::function<bool(const TreeSnapshot&)>& is_wanted,
                                          client::Deadline deadline,
                                          const client::CancelToken& cancel) const;

  // --- the I/O thread's ---

  /// Borrowed until the next publish().
  const TreeNodes& nodes() const { return tree_; }
  /// Makes `pending` (null = gone) part of the tree. Gives what differs, and the snapshot's zxid.
  TreeUpdate publish(TreeNodes pending, Zxid newest);
  /// Who waits is told of the error; ok = it goes on after all.
  void set_ended(client::Error error);

 private:
  TreeSnapshotPtr snapshot_locked() const;
  void apply(const std::string& path, TreeNodePtr node, std::vector<TreeChange>& changes);

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  TreeNodes tree_;  ///< written by the I/O thread only, which therefore reads it without the lock
  Zxid zxid_{};
  mutable TreeSnapshotPtr snapshot_;  ///< made when asked for
  std::uint64_t published_ = 0;
  client::Error ended_ = client::Error::ok;
};

}  // namespace paddock::recipes
