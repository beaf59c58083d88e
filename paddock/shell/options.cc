#include "paddock/shell/options.h"

#include <fmt/format.h>

#include "paddock/config/properties.h"
#include "paddock/shell/arguments.h"
#include "paddock/shell/command.h"
#include "paddock/shell/files.h"

namespace paddock::shell {
namespace {

const std::vector<Option> options = {{"server", true},
                                     {"timeout", true},
                                     {"client-configuration", true},
                                     {"auth", true},
                                     {"auth-file", true},
                                     {"waitforconnection"},
                                     {"r"},
                                     {"json"},
                                     {"stop-on-error"},
                                     {"help"},
                                     {"h"}};

constexpr std::string_view help_before =
    R"(Usage: paddock shell [OPTION...] [COMMAND [ARGUMENT...]]

A shell for Paddock and Apache ZooKeeper with zkCli.sh's commands and more. With a COMMAND it runs
that, prints its result to standard output and ends. Without one it reads commands from standard
input: at a terminal with history and with completion of paths on Tab.

Options (one dash or two):
  -server HOST:PORT[,HOST:PORT...][/CHROOT]
                        Where to connect; default localhost:2181
  -timeout MS           Session timeout, and how long to wait for a connection; default 30000
  -auth SCHEME:AUTH     Identify as that on every connection (digest:USER:PASSWORD); repeatable
  -auth-file FILE       The same from a file, one SCHEME:AUTH a line, so that nobody sees the
                        password in the list of processes
  -json                 Print results, errors and events as JSON, one document a line
  -stop-on-error        End at the first command that fails, with its exit status
  -client-configuration FILE
                        A client's properties file; of its keys jute.maxbuffer counts, and
                        zookeeper.client.secure=true is refused: there is no TLS here
  -r                    Accepted for zkCli.sh's sake, without effect
  -waitforconnection    Accepted for zkCli.sh's sake: every command waits for a connection
  -h, -help             Print this help

Commands ('help COMMAND' tells more):
)";
constexpr std::string_view help_after = R"(
Exit status, of the last command if there are several: 0 = ok, 1 = the operation failed, 2 = wrong
usage, 3 = no server answered or the session ended, 130 = interrupted. lock and elect end as what
they ran did, or with 124 (not obtained in time), 125 (the session was lost while it ran), 126 or
127 (it could not be run, or found), 128+N (signal N ended it).
)";

Result<void, std::string> read_auth_file(const std::string& path, ShellOptions& parsed) {
  const Result<std::string, std::string> text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.front() == '#') continue;
    Result<client::AuthData, std::string> auth = parse_auth(line);
    // Without the line, which is a secret.
    if (!auth) return tl::unexpected(path + ": a line is not SCHEME:AUTH");
    parsed.auth.push_back(*std::move(auth));
  }
  return {};
}

Result<void, std::string> read_configuration(const std::string& path, ShellOptions& parsed) {
  const Result<std::string, std::string> text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto properties = config::parse_properties(*text);
  if (!properties)
    return tl::unexpected(
        fmt::format("{}:{}: {}", path, properties.error().line, properties.error().reason));
  for (const config::Property& property : *properties) {
    if (property.key == "zookeeper.client.secure" && property.value == "true")
      return tl::unexpected(path + ": zookeeper.client.secure: there is no TLS here");
    if (property.key != "jute.maxbuffer") continue;
    const std::optional<std::int64_t> bytes = parse_integer(property.value);
    if (!bytes || *bytes < 1 || *bytes > INT32_MAX)
      return tl::unexpected(path + ": jute.maxbuffer is not a number of bytes");
    parsed.reply_bytes_max = static_cast<std::size_t>(*bytes);
  }
  return {};
}

/// How many of the words are options and their values.
std::size_t option_words(const std::vector<std::string>& words) {
  std::size_t count = 0;
  while (count < words.size() && words[count].size() > 1 && words[count].front() == '-') {
    const std::string name = words[count].substr(words[count][1] == '-' ? 2 : 1);
    ++count;
    for (const Option& option : options) {
      if (option.name == name && option.takes_value && count < words.size()) ++count;
    }
  }
  return count;
}

}  // namespace

Result<client::AuthData, std::string> parse_auth(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos)
    return tl::unexpected(std::string("an identity is written SCHEME:AUTH"));
  return client::AuthData{.scheme = text.substr(0, colon), .auth = text.substr(colon + 1)};
}

Result<ShellOptions, std::string> parse_shell_options(const std::vector<std::string>& arguments) {
  ShellOptions parsed;
  const std::size_t count = option_words(arguments);
  parsed.command.assign(arguments.begin() + static_cast<long>(count), arguments.end());
  const Result<Arguments, std::string> given =
      Arguments::parse(options, std::span(arguments).first(count));
  if (!given) return tl::unexpected(given.error());
  if (const auto servers = given->value("server")) parsed.servers = *servers;
  const auto timeout = given->number("timeout", 1, INT32_MAX);
  if (!timeout) return tl::unexpected(timeout.error());
  if (*timeout) parsed.timeout = client::Milliseconds(**timeout);
  parsed.is_json = given->has("json");
  parsed.stops_on_error = given->has("stop-on-error");
  parsed.wants_help = given->has("help") || given->has("h");
  for (const std::string_view text : given->values("auth")) {
    Result<client::AuthData, std::string> auth = parse_auth(std::string(text));
    if (!auth) return tl::unexpected(auth.error());
    parsed.auth.push_back(*std::move(auth));
  }
  for (const std::string_view path : given->values("auth-file")) {
    const Result<void, std::string> read = read_auth_file(std::string(path), parsed);
    if (!read) return tl::unexpected(read.error());
  }
  if (const auto path = given->value("client-configuration")) {
    const Result<void, std::string> read = read_configuration(std::string(*path), parsed);
    if (!read) return tl::unexpected(read.error());
  }
  if (!client::parse_connect_string(parsed.servers))
    return tl::unexpected(
        fmt::format("-server: \"{}\" is not HOST:PORT[,...][/CHROOT]", parsed.servers));
  return parsed;
}

std::string help_text() {
  std::string text(help_before);
  for (const Command& command : all_commands())
    text += fmt::format("  {}\n      {}\n", usage_of(command), command.summary);
  return text.append(help_after);
}

}  // namespace paddock::shell
