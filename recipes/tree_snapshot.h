#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/client/types.h"

namespace paddock::recipes {

/// One node of a cached tree. Immutable once shared.
struct TreeNode {
  std::string data;
  /// num_children, cversion and pzxid are those of when the node was last read; what children there
  /// are is the snapshot's business.
  client::Stat stat;
  /// Not ok (no_auth): the node is there, and this session may not read it. data and stat are
  /// empty.
  client::Error error = client::Error::ok;
};
using TreeNodePtr = std::shared_ptr<const TreeNode>;

/// Paths with '/' before every other character, so that a node's descendants follow it without a
/// gap.
struct PathOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (at_b == b.end()) return false;
    if (at_a == a.end()) return true;
    return *at_b != '/' &&
           (*at_a == '/' || static_cast<unsigned char>(*at_a) < static_cast<unsigned char>(*at_b));
  }
};
using TreeNodes = std::map<std::string, TreeNodePtr, PathOrder>;

/// A subtree as it was at one moment. Threads: immutable.
class TreeSnapshot {
 public:
  TreeSnapshot(TreeNodes nodes, Zxid zxid) : nodes_(std::move(nodes)), zxid_(zxid) {}

  /// By full path, the root of the cached tree first; empty if there is no root.
  const TreeNodes& nodes() const { return nodes_; }
  /// nullptr = no such node.
  TreeNodePtr find(std::string_view path) const;
  /// Names, sorted.
  std::vector<std::string> children(std::string_view path) const;
  /// The newest change that is known to be in it. No change of the tree up to this one lacks.
  Zxid zxid() const { return zxid_; }

 private:
  TreeNodes nodes_;
  Zxid zxid_;
};
using TreeSnapshotPtr = std::shared_ptr<const TreeSnapshot>;

/// The nodes below `path`, without it.
std::pair<TreeNodes::const_iterator, TreeNodes::const_iterator> descendants(const TreeNodes& nodes,
                                                                            std::string_view path);

}  // namespace paddock::recipes
