#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "paddock/shell/command.h"

namespace paddock::shell {

/// A node on the way through a subtree.
struct Visit {
  const std::string& path;
  std::size_t depth;            ///< 0 = where the walk began
  const std::string& branches;  ///< of each level below that, 'l' if the ancestor there (or the
                                ///< node itself) is its parent's last child, '.' if not
  client::Children& children;   ///< names sorted, and the node's own Stat; may be taken away
};

struct WalkOptions {
  std::size_t depth_max = std::numeric_limits<std::size_t>::max();
  client::Watcher watcher = nullptr;  ///< gets a child watch on every node
};

/// Visits a subtree parents first, children sorted, with many requests under way at a time. It is
/// no snapshot: each node is read by itself, and one that goes away meanwhile is left out with what
/// was below it. The first other error ends the walk; it comes with the path that it is about.
/// A `visit` that returns false ends it as well, without an error.
struct WalkError {
  client::Error error;
  std::string path;
};
Result<void, WalkError> walk(const Call& call, const std::string& root, const WalkOptions& options,
                             const std::function<bool(const Visit&)>& visit);

}  // namespace paddock::shell
