#include "paddock/shell/export_file.h"

#include <fmt/format.h>

#include <unordered_set>

#include "paddock/shell/paths.h"

namespace paddock::shell {
namespace {

constexpr std::string_view format_name = "paddock-export";
constexpr int format_version = 1;

template <class T = std::string>
std::optional<T> field(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return std::nullopt;
  } else {
    if (!found->is_number_integer()) return std::nullopt;
  }
  return found->template get<T>();
}

/// Fills in the data; false if there is none that makes sense.
bool read_data(const Json& json, ExportedNode& node) {
  if (json.contains("data_base64")) {
    const std::optional<std::string> text = field(json, "data_base64");
    std::optional<std::string> bytes = text ? from_base64(*text) : std::nullopt;
    if (!bytes || json.contains("data")) return false;
    node.data = *std::move(bytes);
    return true;
  }
  const auto found = json.find("data");
  if (found == json.end()) return false;
  node.is_null = found->is_null();
  if (node.is_null) return true;
  if (!found->is_string()) return false;
  node.data = found->get<std::string>();
  return true;
}

bool read_acl(const Json& json, ExportedNode& node) {
  const auto list = json.find("acl");
  if (list == json.end() || !list->is_array() || list->empty()) return false;
  for (const Json& entry : *list) {
    if (!entry.is_object()) return false;
    const auto scheme = field(entry, "scheme");
    const auto id = field(entry, "id");
    const auto perms = field(entry, "perms");
    const std::optional<std::int32_t> bits = perms ? parse_perms(*perms) : std::nullopt;
    if (!scheme || !id || !bits) return false;
    node.acl.push_back({.perms = *bits, .scheme = *scheme, .id = *id});
  }
  return true;
}

/// What is wrong with a node; nullopt if it was read.
std::optional<std::string> read_node(const Json& json, ExportedNode& node) {
  if (!json.is_object()) return "is no object";
  const std::optional<std::string> path = field(json, "path");
  if (!path) return "has no path";
  node.path = *path;
  if (!node.path.empty() && (node.path == "/" || path_problem(node.path)))
    return "has a malformed path";
  if (!read_data(json, node)) return "has neither \"data\" nor \"data_base64\", or bad ones";
  if (!read_acl(json, node)) return "has no \"acl\", or a bad one";
  node.is_ephemeral = json.contains("ephemeralOwner");
  return std::nullopt;
}

}  // namespace

std::string export_begin(std::string_view root) {
  return fmt::format("{{\"format\": \"{}\", \"version\": {}, \"root\": {}, \"nodes\": [\n",
                     format_name, format_version, dump(Json(root)));
}

Json exported_node_json(const ExportedNode& node, SessionId ephemeral_owner) {
  Json json{{"path", node.path}};
  set_data(json, node.data, node.is_null);
  json["acl"] = acl_json(node.acl);
  if (node.is_ephemeral) json["ephemeralOwner"] = hex(ephemeral_owner.value);
  return json;
}

Result<std::vector<ExportedNode>, std::string> parse_export(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || field(json, "format") != format_name)
    return tl::unexpected(std::string("this is not what export writes"));
  if (field<int>(json, "version") != format_version)
    return tl::unexpected(fmt::format("only version {} can be read", format_version));
  const auto list = json.find("nodes");
  if (list == json.end() || !list->is_array() || list->empty())
    return tl::unexpected(std::string("it has no nodes"));
  std::vector<ExportedNode> nodes;
  std::unordered_set<std::string> paths;
  for (const Json& item : *list) {
    ExportedNode node;
    std::optional<std::string> problem = read_node(item, node);
    if (!problem && nodes.empty() && !node.path.empty())
      problem = "is first and not the root (\"\")";
    if (!problem && !nodes.empty() && !paths.contains(node.path.substr(0, node.path.rfind('/'))))
      problem = "comes before its parent";
    if (!problem && !paths.insert(node.path).second) problem = "is there twice";
    if (problem)
      return tl::unexpected(fmt::format("node {} {} {}", nodes.size() + 1, node.path, *problem));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace paddock::shell
