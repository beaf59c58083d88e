#include "core/owner.h"
#include "core/prepare.h"

namespace paddock::core {

proto::ErrorCode Preparation::open_session() {
  CHECK(request_->password.size() == sizeof(SessionPassword));
  if (!is_session_id(request_->session)) return ErrorCode::bad_arguments;
  if (sessions_.find(request_->session) != nullptr) return ErrorCode::node_exists;
  Step step;
  step.kind = StepKind::create_session;
  step.session = request_->session;
  step.timeout_ms = request_->timeout_ms;
  step.password = out_->text.keep(request_->password);
  apply(step, {});
  return ErrorCode::ok;
}

void Preparation::start_close_session() {
  if (sessions_.find(request_->session) == nullptr)
    return answer_without_txn(ErrorCode::session_expired);
  op_count_ = sessions_.ephemerals(request_->session).size();
  phase_ = Phase::close_session;
}

/// Deletes the session's ephemerals, then, in end_steps(), the session, in one transaction. The set
/// itself changes only when the transaction settles, so it can be walked by index.
void Preparation::close_session(std::size_t& budget) {
  for (; budget > 0 && op_index_ < op_count_; --budget, ++op_index_) {
    Znode& node = *sessions_.ephemerals(request_->session)[op_index_];
    path_.clear();
    node.append_path(path_);
    delete_node(node, out_->text.keep(path_));
  }
  if (op_index_ == op_count_) finish(ErrorCode::ok);
}

}  // namespace paddock::core
