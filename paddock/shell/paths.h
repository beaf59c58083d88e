#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace paddock::shell {

/// What is wrong with a path, in the words of ZooKeeper's clients ("Path must start with /
/// character"); nullopt if nothing is.
std::optional<std::string> path_problem(std::string_view path);

/// The path of a child: join("/", "a") = "/a".
std::string join(std::string_view parent, std::string_view name);

/// The last component; "/" for the root.
std::string_view base_name(std::string_view path);

}  // namespace paddock::shell
