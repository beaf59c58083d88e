#include "core/prepare.h"

namespace paddock::core {

/// Inside a multi only: it adds no step, but decides whether the others happen.
proto::ErrorCode Preparation::check(const proto::PathVersionRequest& request) {
  if (!is_session_open()) return ErrorCode::session_expired;
  Znode* node = nullptr;
  if (const ErrorCode err = find_node(request.path, node); err != ErrorCode::ok) return err;
  const Version& version = *Trie::newest(*node);
  if (!permits(version, proto::perm_read)) return ErrorCode::no_auth;
  if (request.version != -1 && request.version != version.version) return ErrorCode::bad_version;
  return ErrorCode::ok;
}

}  // namespace paddock::core
