#include "core/transaction.h"

#include <algorithm>

#include "core/digest.h"
#include "core/owner.h"
#include "core/quota.h"

namespace paddock::core {
namespace {

/// Beyond this, the list of touched nodes gives its memory back.
constexpr std::size_t touched_kept_max = 64 * 1024;

std::size_t parent_path_bytes(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? 1 : slash;
}

bool is_session_owner(std::int64_t owner) { return owner_kind(owner) == OwnerKind::session; }

}  // namespace

std::uint64_t digest_term(const Znode& node, const Version& version) {
  const NodeDigest term{
      .path_hash = node.path_hash(),
      .czxid = version.czxid,
      .mzxid = version.mzxid(),
      .pzxid = version.pzxid(),
      .ctime_ms = version.ctime_ms,
      .mtime_ms = version.mtime_ms,
      .owner = version.owner(),
      .version = version.version,
      .aversion = version.aversion(),
      .create_counter = version.create_counter(),
      .num_children = version.num_children(),
      .data_length = version.has_data() ? version.data_length() : -1,
      .data_hash = version.data_hash(),
      .acl_hash = version.acl->hash(),
  };
  return digest_of(term);
}

void Transaction::begin(Zxid zxid, std::int64_t time_ms) {
  trie_.begin(zxid);
  zxid_ = zxid;
  time_ms_ = time_ms;
  after_ = totals_;
}

/// Notes what the node is now, unless this transaction has changed it already.
void Transaction::touch(Znode& node, std::size_t path_bytes) {
  if (Trie::last_change(node) == zxid_) return;
  Touched& touched = touched_.emplace_back();
  touched.node = &node;
  touched.path_bytes = static_cast<std::uint32_t>(path_bytes);
  const Version* before = Trie::newest(node);
  touched.existed = before != nullptr;
  touched.term = before != nullptr ? digest_term(node, *before) : 0;
  touched.owner = before != nullptr ? before->owner() : 0;
  touched.data_length = before != nullptr ? before->data_length() : 0;
}

Znode* Transaction::apply(const Step& step, const Target& target) {
  DCHECK(is_open());
  switch (step.kind) {
    case StepKind::create_node:
      return create_node(step, target);
    case StepKind::delete_node:
      delete_node(step, target);
      return target.node;
    case StepKind::set_data: {
      touch(*target.node, step.path.size());
      Version& version = trie_.edit_data(*target.node, step.data);
      version.version = step.version;
      version.mtime_ms = time_ms_;
      return target.node;
    }
    case StepKind::set_acl: {
      touch(*target.node, step.path.size());
      Version& version = trie_.edit(*target.node);
      version.set_acl(target.acl);
      version.rare().aversion = step.version;
      return target.node;
    }
    case StepKind::set_quota_stats:
      touch(*target.node, step.path.size());
      trie_.edit_data(*target.node, step.data, Trie::Mzxid::stays);
      return target.node;
    case StepKind::create_session:
    case StepKind::close_session:
      session_steps_.push_back(step);
      return nullptr;
  }
  UNREACHABLE();
}

Znode* Transaction::create_node(const Step& step, const Target& target) {
  touch(*target.parent, parent_path_bytes(step.path));
  if (target.node != nullptr) touch(*target.node, step.path.size());
  Znode& node = trie_.add_child(*target.parent, target.name, step.data, target.acl, step.owner);
  if (target.node == nullptr) {
    Touched& touched = touched_.emplace_back();
    touched.node = &node;
    touched.path_bytes = static_cast<std::uint32_t>(step.path.size());
  }
  Version& made = trie_.created(node);
  made.ctime_ms = made.mtime_ms = time_ms_;
  Version::Rare& parent = trie_.edit(*target.parent).rare();
  parent.pzxid = zxid_.value;
  parent.create_counter = step.create_counter;
  ++parent.num_children;
  return &node;
}

void Transaction::delete_node(const Step& step, const Target& target) {
  touch(*target.parent, parent_path_bytes(step.path));
  touch(*target.node, step.path.size());
  trie_.remove(*target.node);
  Version::Rare& parent = trie_.edit(*target.parent).rare();
  parent.pzxid = zxid_.value;
  --parent.num_children;
}

void Transaction::undo() {
  trie_.undo();
  end();
}

/// Forgets the transaction but for what it did.
void Transaction::end() {
  settled_ = 0;
  session_steps_.clear();
  if (touched_.size() > touched_kept_max) touched_ = {};
  touched_.clear();
}

bool Transaction::settle(std::size_t& budget) {
  for (; settled_ < touched_.size(); ++settled_, --budget) {
    if (budget == 0) return false;
    settle_node(touched_[settled_]);
  }
  for (const Step& step : session_steps_) settle_session(step);
  trie_.keep();
  totals_ = after_;
  end();
  return true;
}

void Transaction::settle_node(const Touched& touched) {
  const Version* now = Trie::newest(*touched.node);
  after_.digest -= touched.term;
  if (touched.existed) {
    --after_.node_count;
    after_.path_and_data_bytes -= touched.path_bytes + touched.data_length;
  }
  if (now != nullptr) {
    after_.digest += digest_term(*touched.node, *now);
    ++after_.node_count;
    after_.path_and_data_bytes += touched.path_bytes + now->data_length();
  }
  if ((now != nullptr) != touched.existed && is_quota_node(trie_, *touched.node, quota_limits_name))
    after_.quota_count += now != nullptr ? 1 : -1;
  const std::int64_t owner = now != nullptr ? now->owner() : 0;
  if (owner == touched.owner) return;
  if (is_session_owner(touched.owner))
    sessions_.remove_ephemeral(SessionId{touched.owner}, *touched.node, touched.path_bytes);
  if (is_session_owner(owner))
    sessions_.add_ephemeral(SessionId{owner}, *touched.node, touched.path_bytes);
  const bool was_removable = is_removable_owner(touched.owner);
  const bool is_removable = is_removable_owner(owner);
  if (was_removable && !is_removable) removable_.remove(*touched.node);
  if (is_removable && !was_removable) removable_.add(*touched.node);
}

void Transaction::settle_session(const Step& step) {
  if (step.kind == StepKind::create_session) {
    Session session{.timeout_ms = step.timeout_ms, .created = zxid_};
    CHECK(step.password.size() == session.password.size());
    std::ranges::copy(step.password, session.password.begin());
    sessions_.add(step.session, session);
    after_.digest += digest_of_session(step.session, session.timeout_ms, session.password);
    return;
  }
  const Session& session = *sessions_.find(step.session);
  after_.digest -= digest_of_session(step.session, session.timeout_ms, session.password);
  sessions_.close(step.session, zxid_);
}

bool Transaction::is_consistent() const {
  std::size_t lost = 0;  // ephemerals of the closed session
  SessionId closed{};
  for (const Step& step : session_steps_)
    if (step.kind == StepKind::close_session) closed = step.session;
  for (const Touched& touched : touched_) {
    const Version* now = Trie::newest(*touched.node);
    const std::int64_t owner = now != nullptr ? now->owner() : 0;
    if (owner == touched.owner) continue;
    if (is_session_owner(owner) &&
        (owner == closed.value || sessions_.find(SessionId{owner}) == nullptr))
      return false;
    if (closed.value != 0 && touched.owner == closed.value) ++lost;
  }
  return closed.value == 0 || lost == sessions_.ephemerals(closed).size();
}

}  // namespace paddock::core
