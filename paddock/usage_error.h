#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace paddock {

/// For CLI::App::failure_message: who complains, of what, and where what is allowed stands.
inline std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  for (const CLI::App* subcommand : app->get_subcommands())
    command.append(" ").append(subcommand->get_name());
  return std::string("paddock: ") + error.what() + "\n'" + command +
         " --help' lists what there is\n";
}

}  // namespace paddock
