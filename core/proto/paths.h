#pragma once

#include <optional>
#include <string_view>

/// Which strings name a node. All text here is well-formed UTF-8, as Reader gives it. ZooKeeper
/// judges UTF-16 code units, and each operation in its own way; the odd parts are kept because
/// clients see them as different error codes.
namespace paddock::proto {

/// Whether `path` can be a node's: "/" or components behind slashes, none of them empty, "." or
/// "..", and no control character, surrogate (so nothing outside the basic plane), private-use
/// character or one of U+FFF0..U+FFFF. Asked of setData, setACL, check, and of a create with its
/// sequence number appended.
bool is_valid_path(std::string_view path);

/// A path cut at its last slash. The parent of "/x" is "", which names the root, as "/" does.
struct ParentAndName {
  std::string_view parent;
  std::string_view name;
  bool operator==(const ParentAndName&) const = default;
};

/// What create and delete ask first, before they look for the parent: nullopt for a path without a
/// slash or with a NUL. What is returned may still be an invalid path.
std::optional<ParentAndName> split_path(std::string_view path);

/// What exists asks.
inline bool has_nul(std::string_view path) { return path.find('\0') != std::string_view::npos; }

/// "" and "/" both name the root where a path is only looked up.
inline bool names_root(std::string_view path) { return path.empty() || path == "/"; }

/// The nodes that every tree has and that cannot be deleted.
bool is_reserved_path(std::string_view path);
inline constexpr std::string_view zookeeper_path = "/zookeeper";
inline constexpr std::string_view quota_path = "/zookeeper/quota";
inline constexpr std::string_view config_path = "/zookeeper/config";

}  // namespace paddock::proto
