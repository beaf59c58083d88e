#include "paddock/shell/paths.h"

#include <fmt/format.h>

#include "core/proto/paths.h"

namespace paddock::shell {

std::optional<std::string> path_problem(std::string_view path) {
  if (path.empty()) return "Path length must be > 0";
  if (path.front() != '/') return "Path must start with / character";
  if (path.size() > 1 && path.back() == '/') return "Path must not end with / character";
  if (proto::is_valid_path(path)) return std::nullopt;
  std::string reason = "invalid character";
  for (std::size_t slash = 0; slash < path.size();) {
    const std::size_t end = std::min(path.find('/', slash + 1), path.size());
    const std::string_view name = path.substr(slash + 1, end - slash - 1);
    // ZooKeeper counts to where it sees that the name is over.
    if (name.empty()) reason = fmt::format("empty node name specified @{}", end);
    if (name == "." || name == "..") reason = fmt::format("relative paths not allowed @{}", end);
    slash = end;
  }
  return fmt::format("Invalid path string \"{}\" caused by {}", path, reason);
}

}  // namespace paddock::shell
