#include "core/prepare.h"

namespace paddock::core {

proto::ErrorCode Preparation::set_acl(const proto::SetAclRequest& request, Znode*& node) {
  if (!is_session_open()) return ErrorCode::session_expired;
  if (!request.path || !proto::is_valid_path(*request.path)) return ErrorCode::bad_arguments;
  if (const ErrorCode err = resolve_acl(request.acl); err != ErrorCode::ok) return err;
  if (const ErrorCode err = find_node(request.path, node); err != ErrorCode::ok) return err;
  const Version& version = *Trie::newest(*node);
  if (!permits(version, proto::perm_admin)) return ErrorCode::no_auth;
  if (request.version != -1 && request.version != version.aversion()) return ErrorCode::bad_version;
  const Acl* acl = keep_acl(acl_);
  Step step;
  step.kind = StepKind::set_acl;
  step.path = out_->text.keep(*request.path);
  step.acl = acl->entries();
  step.version = version_after(version.aversion());
  apply(step, {.node = node, .acl = acl});
  return ErrorCode::ok;
}

}  // namespace paddock::core
