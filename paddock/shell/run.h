#pragma once

#include <string>
#include <vector>

namespace paddock::shell {

/// `paddock shell ...`: runs one command, or the commands that standard input or a user gives, and
/// returns the exit status. On the main thread, before any other is started.
int run(const std::vector<std::string>& arguments);

}  // namespace paddock::shell
