#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Between a client's paths and the server's. A chroot is "" or an absolute path without a slash at
/// its end.
namespace paddock::client {

/// The server's path; nullopt for what no server would take: not absolute, a NUL in it, or a slash
/// at its end (which only the name of a sequential node may have).
inline std::optional<std::string> server_path(std::string_view path, std::string_view chroot,
                                              bool is_sequential = false) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return std::nullopt;
  if (path.size() > 1 && path.ends_with('/') && !is_sequential) return std::nullopt;
  if (path == "/" && !chroot.empty() && !is_sequential) return std::string(chroot);
  return std::string(chroot) + std::string(path);
}

/// The client's path. What is not below the chroot (/zookeeper/config) stays as it is.
inline std::string client_path(std::string_view path, std::string_view chroot) {
  if (chroot.empty() || !path.starts_with(chroot)) return std::string(path);
  const std::string_view rest = path.substr(chroot.size());
  if (rest.empty()) return "/";
  return std::string(rest.starts_with('/') ? rest : path);
}

}  // namespace paddock::client
