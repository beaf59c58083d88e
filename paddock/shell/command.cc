#include "paddock/shell/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "paddock/shell/shell.h"

namespace paddock::shell {

client::Client& Call::client() const { return *shell.client(); }

client::Watcher Call::watcher_if(std::string_view option) const {
  return has(option) ? shell.watcher() : nullptr;
}

std::string usage_of(const Command& command) {
  return fmt::format("{}{}{}", command.name, command.usage.empty() ? "" : " ", command.usage);
}

std::span<const Command> all_commands() {
  static const std::vector<Command> commands = [] {
    std::vector<Command> all;
    for (std::vector<Command> (*group)() :
         {read_commands, write_commands, acl_commands, quota_commands, watch_commands,
          ensemble_commands, session_commands, tree_commands, copy_commands, hold_commands}) {
      std::vector<Command> commands_of_group = group();
      std::move(commands_of_group.begin(), commands_of_group.end(), std::back_inserter(all));
    }
    // As a dictionary would: getAcl before getEphemerals, addauth before addWatch.
    const auto lower = [](std::string_view name) {
      std::string text(name);
      for (char& c : text) c |= 0x20;
      return text;
    };
    std::sort(all.begin(), all.end(),
              [&](const Command& a, const Command& b) { return lower(a.name) < lower(b.name); });
    return all;
  }();
  return commands;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : all_commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace paddock::shell
