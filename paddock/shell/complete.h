#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace paddock::shell {

/// What Tab does to a line.
struct Completion {
  std::string insert;                   ///< to put behind the line
  std::vector<std::string> candidates;  ///< to show if nothing could be put in; sorted
};

/// Completes the end of `line`: names of commands, options of a command, and paths, for which it
/// asks for the names of a node's children (none if they cannot be had). One candidate is put in
/// whole, with a space behind it, or a slash if it is a node with children; several as far as they
/// agree.
Completion complete(
    std::string_view line,
    const std::function<std::vector<std::string>(const std::string& path)>& children_of);

}  // namespace paddock::shell
