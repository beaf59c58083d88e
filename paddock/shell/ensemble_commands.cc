#include <fmt/format.h>

#include <optional>

#include "paddock/config/properties.h"
#include "paddock/shell/files.h"
#include "paddock/shell/shell.h"
#include "paddock/version.h"

/// Commands about servers.
namespace paddock::shell {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

/// "version host:port,host:port": what clients need of a configuration.
std::string for_clients(std::string_view config) {
  std::string version;
  std::string hosts;
  const auto properties = config::parse_properties(config);
  if (!properties) return " ";
  for (const config::Property& property : *properties) {
    if (property.key == "version") version = property.value;
    if (!property.key.starts_with("server.")) continue;
    const std::size_t semicolon = property.value.rfind(';');
    if (semicolon == std::string::npos) continue;
    const std::string address = property.value.substr(semicolon + 1);
    // "2181" alone is a port on the server's own host.
    const bool is_port = address.find(':') == std::string::npos;
    const std::string host = property.value.substr(0, property.value.find(':'));
    hosts += (hosts.empty() ? "" : ",") + (is_port ? host + ":" + address : address);
  }
  return version + " " + hosts;
}

void print_config(Call& call, const client::NodeData& node, const std::string& text) {
  if (call.out.is_json()) {
    Json json{{"config", text}, {"version", node.stat.version}};
    if (call.has("s")) json["stat"] = stat_json(node.stat);
    call.out.json(json);
    return;
  }
  call.out.line(text);
  if (call.has("s")) call.out.text(stat_text(node.stat));
}

int config(Call& call) {
  const auto node = call.wait(call.client().get_config(call.watcher_if("w")));
  if (!node) return call.out.failed(node.error(), "/zookeeper/config");
  print_config(call, *node, call.has("c") ? for_clients(node->data) : node->data);
  return status_ok;
}

/// The server lines of a configuration file, as reconfig takes them.
Result<std::string, std::string> members_of(const std::string& path) {
  const Result<std::string, std::string> text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto properties = config::parse_properties(*text);
  if (!properties)
    return tl::unexpected(
        fmt::format("{}:{}: {}", path, properties.error().line, properties.error().reason));
  std::string members;
  for (const config::Property& property : *properties) {
    if (property.key.starts_with("server."))
      members += fmt::format("{}{}={}", members.empty() ? "" : ",", property.key, property.value);
  }
  if (members.empty()) return tl::unexpected(path + ": no server.N line");
  return members;
}

std::optional<std::string> lower_value(const Call& call, std::string_view option) {
  const auto value = call.arguments.value(option);
  return value ? std::optional(lower(*value)) : std::nullopt;
}

int reconfig(Call& call) {
  const bool is_whole = call.has("file") || call.has("members");
  const bool is_change = call.has("add") || call.has("remove");
  if (!is_whole && !is_change) return call.out.usage(usage_of(*find_command("reconfig")));
  if (is_whole && is_change)
    return call.out.usage(
        "Can't use -file or -members together with -add or -remove (mixing "
        "incremental and non-incremental modes is not allowed)");
  if (call.has("file") && call.has("members"))
    return call.out.usage(
        "Can't use -file and -members together (conflicting non-incremental modes)");
  client::Client::Reconfig change{.joining = lower_value(call, "add"),
                                  .leaving = lower_value(call, "remove"),
                                  .new_members = lower_value(call, "members")};
  if (const auto file = call.arguments.value("file")) {
    Result<std::string, std::string> members = members_of(std::string(*file));
    if (!members) return call.out.failed(members.error());
    change.new_members = *std::move(members);
  }
  if (const auto version = call.arguments.value("v")) {
    const std::optional<std::int64_t> number = parse_hex(*version);
    if (!number) return call.out.usage("-v must be followed by a long (configuration version)");
    change.from_config = *number;
  }
  const auto node = call.wait(call.client().reconfig(change));
  if (!node) return call.out.failed(node.error(), "");
  print_config(call, *node,
               call.out.is_json() ? node->data : "Committed new configuration:\n" + node->data);
  return status_ok;
}

int print_version(Call& call) {
  if (call.out.is_json()) {
    call.out.json(Json::object({{"version", version}}));
  } else {
    call.out.line(fmt::format("Paddock shell version: {}", version));
  }
  return status_ok;
}

}  // namespace

std::vector<Command> ensemble_commands() {
  return {
      {.name = "config",
       .usage = "[-c] [-w] [-s]",
       .summary = "Print the configuration of the ensemble",
       .details = "-c  only what clients need: its version and where to connect\n"
                  "-w  set a watch: the next change is printed\n"
                  "-s  print the Stat as well",
       .options = {{"c"}, {"w"}, {"s"}},
       .run = config},
      {.name = "reconfig",
       .usage = "[-s] [-v version] [[-file path] | "
                "[-members serverID=host:port1:port2;port3[,...]*]] | "
                "[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
       .summary = "Change the members of the ensemble",
       .details = "-s        print the Stat afterwards\n"
                  "-v        only if this (hexadecimal) is the present version\n"
                  "-file     the new members, from the server lines of a configuration file\n"
                  "-members  the new members\n"
                  "-add      members to add\n"
                  "-remove   members to remove\n"
                  "Paddock refuses it: its servers are configured and not elected.",
       .options =
           {{"s"}, {"v", true}, {"file", true}, {"members", true}, {"add", true}, {"remove", true}},
       .run = reconfig},
      {.name = "version",
       .usage = "",
       .summary = "Print the version of this shell",
       .needs_client = false,
       .run = print_version},
  };
}

}  // namespace paddock::shell
