#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "paddock/shell/text.h"
#include "recipes/client/types.h"

/// The file that `export` writes and `import` reads: one JSON document,
///
///     {"format": "paddock-export", "version": 1, "root": "/app", "nodes": [
///     {"path": "", "data": "...", "acl": [{"scheme": "world", "id": "anyone", "perms": "cdrwa"}]},
///     {"path": "/a", "data_base64": "AP8=", "acl": [...], "ephemeralOwner": "0x1"}
///     ]}
///
/// with the nodes on a line each, parents first. Paths are relative to the root, whose own is "".
/// Data that is not UTF-8 is in base64; null data is null.
namespace paddock::shell {

struct ExportedNode {
  std::string path;
  std::string data;
  bool is_null = false;
  std::vector<client::Acl> acl;
  bool is_ephemeral = false;
};

/// What stands before the nodes; behind each but the last comes ",\n", and at the end export_end.
std::string export_begin(std::string_view root);
inline constexpr std::string_view export_end = "\n]}\n";
Json exported_node_json(const ExportedNode& node, SessionId ephemeral_owner);

/// Everything is checked: format, paths, ACLs, that no node comes before its parent or twice. An
/// error says what and where.
Result<std::vector<ExportedNode>, std::string> parse_export(std::string_view text);

}  // namespace paddock::shell
