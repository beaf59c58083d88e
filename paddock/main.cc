#include <cstdio>
#include <string>
#include <vector>

#include "paddock/command_line.h"
#include "paddock/serve.h"
#include "paddock/shell/run.h"
#include "paddock/startup/cores.h"
#include "paddock/tools/wal_tool.h"

namespace {

/// Prints both texts; a full disk or a closed pipe behind standard output is a failure.
int finish(const paddock::Invocation& invocation) {
  std::fputs(invocation.errors.c_str(), stderr);
  std::fputs(invocation.output.c_str(), stdout);
  if (std::fflush(stdout) == 0) return invocation.status;
  std::perror("paddock: standard output");
  return paddock::exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const paddock::Invocation invocation =
      paddock::parse_command_line(arguments, paddock::startup::usable_cores());
  switch (invocation.action) {
    case paddock::Invocation::Action::finish:
      return finish(invocation);
    case paddock::Invocation::Action::serve:
      return paddock::serve(invocation.loaded);
    case paddock::Invocation::Action::wal_tool:
      return paddock::wal_tool(invocation.arguments);
    case paddock::Invocation::Action::shell:
      return paddock::shell::run(invocation.arguments);
  }
  return paddock::exit_failed;
}
