#include "recipes/tree_store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace paddock::recipes {

using namespace client;

TreeSnapshotPtr TreeStore::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_locked();
}

TreeSnapshotPtr TreeStore::snapshot_locked() const {
  if (published_ > 0 && !snapshot_) snapshot_ = std::make_shared<TreeSnapshot>(tree_, zxid_);
  return snapshot_;
}

TreeNodePtr TreeStore::find(std::string_view path) const {
  std::lock_guard lock(mutex_);
  const auto node = tree_.find(path);
  return node == tree_.end() ? nullptr : node->second;
}

Expected<TreeSnapshotPtr> TreeStore::await(
    const std::function<bool(const TreeSnapshot&)>& is_wanted, Deadline deadline,
    const CancelToken& cancel) const {
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::uint64_t seen = published_;
    const TreeSnapshotPtr snapshot = snapshot_locked();
    const Error ended = ended_;
    lock.unlock();
    if (snapshot && is_wanted(*snapshot)) return snapshot;
    if (ended != Error::ok) return tl::unexpected(ended);
    lock.lock();
    const auto is_news = [&] { return published_ != seen || ended_ != ended; };
    if (changed_.wait_until(lock, cancel, deadline.at(), is_news)) continue;
    return tl::unexpected(cancel.stop_requested() ? Error::cancelled : Error::deadline_exceeded);
  }
}

TreeUpdate TreeStore::publish(TreeNodes pending, Zxid newest) {
  TreeUpdate update;
  {
    std::lock_guard lock(mutex_);
    update.is_initial = published_ == 0;
    for (auto& [path, node] : pending) apply(path, std::move(node), update.changes);
    zxid_ = update.zxid = std::max(zxid_, newest);
    snapshot_.reset();
    ++published_;
  }
  changed_.notify_all();
  return update;
}

void TreeStore::apply(const std::string& path, TreeNodePtr node, std::vector<TreeChange>& changes) {
  const auto known = tree_.find(path);
  const TreeNodePtr before = known == tree_.end() ? nullptr : known->second;
  if (!node && !before) return;
  if (!node) {
    tree_.erase(known);
  } else if (before) {
    known->second = node;
  } else {
    tree_.emplace(path, node);
  }
  const bool is_same = node && before && node->error == before->error &&
                       node->stat.czxid == before->stat.czxid &&
                       node->stat.mzxid == before->stat.mzxid;
  if (is_same) return;  // only its children or its ACL
  const auto kind = !before ? TreeChange::Kind::added
                    : node  ? TreeChange::Kind::changed
                            : TreeChange::Kind::removed;
  changes.push_back({kind, path, before, std::move(node)});
}

void TreeStore::set_ended(Error error) {
  {
    std::lock_guard lock(mutex_);
    ended_ = error;
  }
  if (error != Error::ok) changed_.notify_all();
}

}  // namespace paddock::recipes
