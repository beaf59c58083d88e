#include "paddock/shell/complete.h"

#include <fmt/format.h>

#include <algorithm>

#include "paddock/shell/command.h"
#include "paddock/shell/words.h"

namespace paddock::shell {
namespace {

/// Those that begin with `start`.
std::vector<std::string> beginning_with(std::string_view start, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(start); });
  std::sort(names.begin(), names.end());
  return names;
}

std::string common_start(const std::vector<std::string>& names) {
  // Of a sorted list the first and the last agree on what all agree on.
  const std::string& first = names.front();
  const auto end =
      std::mismatch(first.begin(), first.end(), names.back().begin(), names.back().end()).first;
  std::string start(first.begin(), end);
  // Not a part of a character.
  while (start.size() < first.size() && !start.empty() &&
         (static_cast<unsigned char>(first[start.size()]) & 0xc0) == 0x80)
    start.pop_back();
  return start;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) names.emplace_back(command.name);
  return names;
}

std::vector<std::string> option_names(std::string_view command_name) {
  std::vector<std::string> names;
  if (const Command* command = find_command(command_name)) {
    for (const Option& option : command->options) names.push_back(fmt::format("-{}", option.name));
  }
  return names;
}

}  // namespace

Completion complete(
    std::string_view line,
    const std::function<std::vector<std::string>(const std::string& path)>& children_of) {
  const LastWord last = last_word(line);
  const std::string_view word = line.substr(last.start);
  std::string_view typed = word;  // the part that names are compared with
  std::vector<std::string> candidates;
  std::string parent;
  const bool is_path = last.index > 0 && word.starts_with('/');
  if (is_path) {
    const std::size_t slash = word.rfind('/');
    parent = slash == 0 ? "/" : word.substr(0, slash);
    typed = word.substr(slash + 1);
    candidates = beginning_with(typed, children_of(parent));
  } else if (last.index == 0 || (last.index == 1 && last.first == "help")) {
    candidates = beginning_with(typed, command_names());
  } else if (word.starts_with('-')) {
    candidates = beginning_with(typed, option_names(last.first));
  }
  if (candidates.empty()) return {};
  Completion completion{.insert = common_start(candidates).substr(typed.size())};
  if (candidates.size() > 1) {
    completion.candidates = std::move(candidates);
    return completion;
  }
  if (is_path && !children_of(join_path(parent, candidates.front())).empty()) {
    completion.insert += '/';
  } else {
    if (last.quote != '\0') completion.insert += last.quote;
    completion.insert += ' ';
  }
  return completion;
}

}  // namespace paddock::shell
