#include "core/prepare.h"

#include <algorithm>

#include "core/acl_list.h"
#include "core/stat.h"

namespace paddock::core {
namespace {

/// Lists with more entries give their memory back instead of keeping it for the next request.
constexpr std::size_t entries_kept_max = 64 * 1024;

template <class T>
void clear_some(std::vector<T>& list) {
  if (list.capacity() > entries_kept_max) list = {};
  list.clear();
}

}  // namespace

void Prepared::clear() {
  for (const Acl* acl : acls) acl->release();
  clear_some(acls);
  clear_some(steps);
  clear_some(events);
  text.clear();
  reply_body.clear();
  txn = {};
  err = proto::ErrorCode::ok;
  zxid = {};
  has_txn = false;
  quota_excess.reset();
  session_ended = {};
}

Preparation::~Preparation() {
  if (last_acl_ != nullptr) last_acl_->release();
}

void Preparation::start(const WriteRequest& request, Prepared& out) {
  CHECK(is_done());
  request_ = &request;
  out_ = &out;
  out.clear();
  arena_.clear();
  session_open_ = request.session.value == 0 || sessions_.find(request.session) != nullptr;
  op_count_ = op_index_ = 0;
  made_quota_node_ = false;
  if (request.op == OpCode::multi) {
    reader_.emplace(request.body, &arena_);
    phase_ = Phase::count_multi;
  } else if (request.op == OpCode::close_session) {
    start_close_session();
  } else {
    phase_ = Phase::single;
  }
}

bool Preparation::run(std::size_t budget) {
  while (phase_ != Phase::done) {
    if (budget == 0) return false;
    switch (phase_) {
      case Phase::single:
        finish(single());
        break;
      case Phase::count_multi:
        count_multi(budget);
        break;
      case Phase::run_multi:
        run_multi(budget);
        break;
      case Phase::close_session:
        close_session(budget);
        break;
      case Phase::quotas:
        write_quota_stats(budget);
        break;
      case Phase::settle:
        settle(budget);
        break;
      case Phase::done:
        UNREACHABLE();
    }
  }
  return true;
}

proto::ErrorCode Preparation::single() {
  proto::Reader in(request_->body, &arena_);
  Znode* node = nullptr;
  // A switch over a few of many values: the rest cannot be prepared.
  switch (static_cast<std::int32_t>(request_->op)) {
    case static_cast<std::int32_t>(OpCode::create):
    case static_cast<std::int32_t>(OpCode::create2):
    case static_cast<std::int32_t>(OpCode::create_container):
      return single_create(in);
    case static_cast<std::int32_t>(OpCode::create_ttl):
      return single_create_ttl(in);
    case static_cast<std::int32_t>(OpCode::remove): {
      proto::PathVersionRequest request;
      in.read(request);
      return in.ok() ? remove(request) : ErrorCode::marshalling_error;
    }
    case static_cast<std::int32_t>(OpCode::delete_container): {
      proto::PathRequest request;
      in.read(request);
      return in.ok() ? remove_container(request) : ErrorCode::marshalling_error;
    }
    case static_cast<std::int32_t>(OpCode::set_data): {
      proto::SetDataRequest request;
      in.read(request);
      if (!in.ok()) return ErrorCode::marshalling_error;
      const ErrorCode err = set_data(request, node);
      return reply_stat(err, node);
    }
    case static_cast<std::int32_t>(OpCode::set_acl): {
      in.read(set_acl_);
      if (!in.ok()) return ErrorCode::marshalling_error;
      const ErrorCode err = set_acl(set_acl_, node);
      return reply_stat(err, node);
    }
    case static_cast<std::int32_t>(OpCode::create_session):
      return open_session();
    default:
      return ErrorCode::unimplemented;
  }
}

proto::ErrorCode Preparation::reply_stat(ErrorCode err, const Znode* node) {
  if (err == ErrorCode::ok) proto::Writer(out_->reply_body).write(stat_of(*Trie::newest(*node)));
  return err;
}

const IdentitySet& Preparation::identities() const {
  static const IdentitySet nobody;
  return request_->identities != nullptr ? *request_->identities : nobody;
}

proto::ErrorCode Preparation::resolve_acl(const proto::Vector<proto::Acl>& asked) {
  return resolve_acl_list(asked, identities(), acl_, {.digest = options_.digest_auth_enabled});
}

proto::ErrorCode Preparation::find_node(const proto::Ustring& path, Znode*& node) const {
  if (!path || path->empty()) return ErrorCode::bad_arguments;  // "" would find the root
  node = trie_.find(*path);
  if (node != nullptr && Trie::newest(*node) != nullptr) return ErrorCode::ok;
  // The path of a node that is there was looked at when it was made.
  return proto::is_valid_path(*path) ? ErrorCode::no_node : ErrorCode::bad_arguments;
}

/// The interned list, held by `out`.
const Acl* Preparation::keep_acl(std::span<const AclEntry> entries) {
  if (last_acl_ == nullptr || !std::ranges::equal(last_acl_->entries(), entries)) {
    const Acl* acl = trie_.acls().intern(entries);
    if (last_acl_ != nullptr) last_acl_->release();
    last_acl_ = acl;
  }
  hold_acl(last_acl_);
  return last_acl_;
}

void Preparation::hold_acl(const Acl* acl) {
  if (!out_->acls.empty() && out_->acls.back() == acl) return;
  acl->retain();
  out_->acls.push_back(acl);
}

void Preparation::begin() {
  if (!txn_.is_open()) txn_.begin(next_zxid(trie_.newest_zxid()), request_->now_ms);
}

Znode* Preparation::apply(const Step& step, const Target& target) {
  begin();
  out_->steps.push_back(step);
  return txn_.apply(step, target);
}

/// `path` is kept by `out`; `node` exists.
void Preparation::add_event(proto::EventType type, std::string_view path, const Znode& node) {
  const Acl* acl = Trie::newest(node)->acl;
  hold_acl(acl);
  out_->events.push_back({type, path, acl});
}

/// The path of the parent of the node at `path`.
std::string_view Preparation::parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

void Preparation::finish(ErrorCode err) {
  if (err != ErrorCode::ok) return answer_without_txn(err);
  begin();  // an empty multi is a transaction, too
  if (totals_.quota_count == 0 && !made_quota_node_) [[likely]]
    return end_steps();
  quota_changes_.start(txn_);
  phase_ = Phase::quotas;
}

void Preparation::end_steps() {
  if (request_->op == OpCode::close_session) {  // the last step of its transaction
    Step step;
    step.kind = StepKind::close_session;
    step.session = request_->session;
    apply(step, {});
  }
  phase_ = Phase::settle;
}

/// The answer of a request that changed nothing: whatever was done is undone.
void Preparation::answer_without_txn(ErrorCode err) {
  if (txn_.is_open()) txn_.undo();
  out_->steps.clear();
  out_->events.clear();
  out_->reply_body.clear();
  out_->err = err;
  out_->zxid = trie_.newest_zxid();
  phase_ = Phase::done;
}

void Preparation::settle(std::size_t& budget) {
  if (!txn_.settle(budget)) return;
  out_->zxid = txn_.zxid();
  out_->has_txn = true;
  out_->txn = {.zxid = txn_.zxid(),
               .time_ms = request_->now_ms,
               .session = request_->session,
               .steps = out_->steps};
  if (request_->op == OpCode::close_session) out_->session_ended = request_->session;
  phase_ = Phase::done;
}

}  // namespace paddock::core
