#include "core/owner.h"
#include "core/prepare.h"

namespace paddock::core {

proto::ErrorCode Preparation::remove(const proto::PathVersionRequest& request) {
  if (!is_session_open()) return ErrorCode::session_expired;
  if (!request.path) return ErrorCode::marshalling_error;
  const auto split = proto::split_path(*request.path);
  if (!split || proto::is_reserved_path(*request.path)) return ErrorCode::bad_arguments;
  const Znode* parent = trie_.find(split->parent);
  const Version* above = parent != nullptr ? Trie::newest(*parent) : nullptr;
  if (above == nullptr) return ErrorCode::no_node;
  if (!permits(*above, proto::perm_delete)) return ErrorCode::no_auth;
  // By its whole path: "//x" has the root for a parent, and is not "/x".
  Znode* node = trie_.find(*request.path);
  const Version* version = node != nullptr ? Trie::newest(*node) : nullptr;
  if (version == nullptr) return ErrorCode::no_node;
  if (request.version != -1 && request.version != version->version) return ErrorCode::bad_version;
  if (version->num_children() != 0) return ErrorCode::not_empty;
  delete_node(*node, out_->text.keep(*request.path));
  return ErrorCode::ok;
}

/// The server's own removal of a container or TTL node. It was chosen a moment ago; whether it is
/// still to be removed is decided here.
proto::ErrorCode Preparation::remove_container(const proto::PathRequest& request) {
  if (!request.path || proto::is_reserved_path(*request.path)) return ErrorCode::bad_arguments;
  Znode* node = trie_.find(*request.path);
  const Version* version = node != nullptr ? Trie::newest(*node) : nullptr;
  if (version == nullptr) return ErrorCode::no_node;
  if (version->num_children() != 0) return ErrorCode::not_empty;
  switch (owner_kind(version->owner())) {
    case OwnerKind::container:
      break;
    case OwnerKind::ttl:
      if (!is_older_than(ttl_ms_of(version->owner()), version->mtime_ms,
                         clock_steps_.now_since(version->mzxid(), request_->now_ms)))
        return ErrorCode::bad_version;
      break;
    case OwnerKind::persistent:
    case OwnerKind::session:
      return ErrorCode::bad_version;
  }
  delete_node(*node, out_->text.keep(*request.path));
  return ErrorCode::ok;
}

/// The step and the events. REQUIRES: it exists, has no children, is not the root; `path` is kept
/// by `out`.
void Preparation::delete_node(Znode& node, std::string_view path) {
  Znode& parent = *node.parent();
  add_event(proto::EventType::node_deleted, path, node);  // while it has an ACL
  Step step;
  step.kind = StepKind::delete_node;
  step.path = path;
  apply(step, {.parent = &parent, .node = &node});
  add_event(proto::EventType::node_children_changed, parent_path(path), parent);
}

}  // namespace paddock::core
