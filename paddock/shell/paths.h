#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "recipes/paths.h"

namespace paddock::shell {

/// What is wrong with a path, in the words of ZooKeeper's clients ("Path must start with /
/// character"); nullopt if nothing is.
std::optional<std::string> path_problem(std::string_view path);

using recipes::join_path;
using recipes::node_name;

}  // namespace paddock::shell
