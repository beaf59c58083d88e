#pragma once

#include <span>
#include <string>
#include <vector>

#include "paddock/config/load.h"

namespace paddock {

/// Exit statuses of the program.
enum ExitStatus : int {
  exit_ok = 0,
  exit_failed = 1,  ///< it could not start, or could not go on
  exit_usage = 2,   ///< a wrong flag, a refused configuration
};

/// What the command line asks for.
struct Invocation {
  enum class Action {
    finish,    ///< print `output` and `errors`, and end with `status`: help, version, mistakes
    serve,     ///< run the daemon with `loaded`
    wal_tool,  ///< hand `arguments` to the tool for log files
    shell,     ///< hand `arguments` to the shell
  };
  Action action = Action::finish;
  int status = exit_ok;
  std::string output;  ///< for standard output
  std::string errors;  ///< for standard error
  config::Loaded loaded;
  std::vector<std::string> arguments;
};

/// Reads the arguments (without the program's name), the configuration file that they name, and
/// merges both. `usable_cores`: see startup/cores.h. It prints nothing and starts nothing.
Invocation parse_command_line(std::span<const std::string> arguments, int usable_cores);

}  // namespace paddock
