#include "core/prepare.h"

namespace paddock::core {

proto::ErrorCode Preparation::set_data(const proto::SetDataRequest& request, Znode*& node) {
  if (!is_session_open()) return ErrorCode::session_expired;
  if (const ErrorCode err = find_node(request.path, node); err != ErrorCode::ok) return err;
  const Version& version = *Trie::newest(*node);
  if (!permits(version, proto::perm_write)) return ErrorCode::no_auth;
  const auto data_bytes = static_cast<std::int64_t>(request.data ? request.data->size() : 0);
  if (const ErrorCode err = check_quota(*request.path, 0, data_bytes - version.data_length());
      err != ErrorCode::ok)
    return err;
  if (request.version != -1 && request.version != version.version) return ErrorCode::bad_version;
  Step step;
  step.kind = StepKind::set_data;
  step.path = out_->text.keep(*request.path);
  if (request.data) step.data = out_->text.keep(*request.data);
  step.version = version_after(version.version);
  apply(step, {.node = node});
  add_event(proto::EventType::node_data_changed, step.path, *node);
  return ErrorCode::ok;
}

}  // namespace paddock::core
