#include "recipes/tree_snapshot.h"

#include "recipes/paths.h"

namespace paddock::recipes {

TreeNodePtr TreeSnapshot::find(std::string_view path) const {
  const auto node = nodes_.find(path);
  return node == nodes_.end() ? nullptr : node->second;
}

std::vector<std::string> TreeSnapshot::children(std::string_view path) const {
  std::vector<std::string> names;
  auto [node, end] = descendants(nodes_, path);
  while (node != end) {
    const std::string& child = node->first;
    names.emplace_back(node_name(child));
    node = descendants(nodes_, child).second;
  }
  return names;
}

std::pair<TreeNodes::const_iterator, TreeNodes::const_iterator> descendants(const TreeNodes& nodes,
                                                                            std::string_view path) {
  const std::string below = path == "/" ? "/" : std::string(path) + "/";
  auto begin = nodes.upper_bound(below);
  if (path != "/") begin = nodes.lower_bound(below);
  // No path has this byte in it: it is not UTF-8.
  return {begin, nodes.lower_bound(below + "\xff")};
}

}  // namespace paddock::recipes
