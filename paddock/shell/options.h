#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "recipes/client/options.h"

namespace paddock::shell {

/// What stands before the command: `paddock shell [options] [command ...]`.
struct ShellOptions {
  std::string servers = "localhost:2181";
  client::Milliseconds timeout{30'000};
  bool is_json = false;
  bool stops_on_error = false;
  bool wants_help = false;
  std::vector<client::AuthData> auth;
  std::size_t reply_bytes_max = 64u << 20;
  std::vector<std::string> command;  ///< empty: read commands from standard input
};

/// zkCli.sh's options with one dash or two, and the shell's own; the first word that is no option
/// begins the command. Reads the files that options name. An error is a text for the user.
Result<ShellOptions, std::string> parse_shell_options(const std::vector<std::string>& arguments);

/// "scheme:auth", cut at the first colon; an error without one.
Result<client::AuthData, std::string> parse_auth(const std::string& text);

/// What `paddock shell --help` prints.
std::string help_text();

}  // namespace paddock::shell
