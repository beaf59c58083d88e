#include "core/owner.h"
#include "core/state_impl.h"

// What comes in here was read from the log: nothing of it meets a CHECK.
namespace paddock::core {
namespace {

/// Replaced versions wait for a reclaim(); this many transactions' worth may wait.
constexpr std::uint32_t replays_between_reclaims = 256;

using Found = Result<Target, const char*>;

Found find_node(Trie& trie, std::string_view path) {
  Target target;
  target.node = trie.find(path);
  if (path.empty() || target.node == nullptr || Trie::newest(*target.node) == nullptr)
    return fail("changes a node that is not there");
  target.parent = target.node->parent();
  return target;
}

Found find_place_to_create(Trie& trie, std::string_view path) {
  Target target;
  const std::size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || path.back() == '/')
    return fail("creates a node at an impossible path");
  target.parent = trie.find(path.substr(0, slash));
  target.name = path.substr(slash + 1);
  if (path[1] == '/' || target.parent == nullptr || Trie::newest(*target.parent) == nullptr)
    return fail("creates a node whose parent is not there");
  target.node = trie.find(path);
  if (target.node != nullptr && Trie::newest(*target.node) != nullptr)
    return fail("creates a node that is there");
  return target;
}

Found find_place_to_delete(Trie& trie, std::string_view path) {
  Found found = find_node(trie, path);
  if (!found) return found;
  if (found->parent == nullptr) return fail("deletes the root");
  if (Trie::newest(*found->node)->num_children() != 0) return fail("deletes a node with children");
  return found;
}

Found check_session(const SessionTable& sessions, const Step& step) {
  const bool is_open = sessions.find(step.session) != nullptr;
  if (step.kind == StepKind::close_session) {
    if (!is_open) return fail("closes a session that is not open");
    return Target{};
  }
  if (!is_session_id(step.session)) return fail("opens a session with an impossible id");
  if (is_open) return fail("opens a session that is open");
  if (step.password.size() != sizeof(SessionPassword))
    return fail("opens a session whose password is not 16 bytes long");
  return Target{};
}

Found find_target(Trie& trie, const SessionTable& sessions, const Step& step) {
  switch (step.kind) {
    case StepKind::create_node:
      return find_place_to_create(trie, step.path);
    case StepKind::delete_node:
      return find_place_to_delete(trie, step.path);
    case StepKind::set_data:
    case StepKind::set_acl:
    case StepKind::set_quota_stats:
      return find_node(trie, step.path);
    case StepKind::create_session:
    case StepKind::close_session:
      return check_session(sessions, step);
  }
  return fail("has a step of unknown kind");
}

bool is_session_step(const Step& step) {
  return step.kind == StepKind::create_session || step.kind == StepKind::close_session;
}

/// Null, or what is wrong; the steps up to there are then applied.
const char* replay_steps(Transaction& txn, Trie& trie, const SessionTable& sessions,
                         std::span<const Step> steps) {
  for (const Step& step : steps) {
    // One per transaction and the last of it: so it is written, and so it can be settled.
    if (is_session_step(step) && &step != &steps.back())
      return "goes on behind the end of a session";
    Found target = find_target(trie, sessions, step);
    if (!target) return target.error();
    if (step.kind == StepKind::create_node || step.kind == StepKind::set_acl)
      target->acl = trie.acls().intern(step.acl);
    txn.apply(step, *target);
    if (target->acl != nullptr) target->acl->release();
  }
  return txn.is_consistent() ? nullptr : "leaves an ephemeral node without its session";
}

}  // namespace

Result<void, std::string> State::replay(const Txn& logged) {
  Impl& impl = *impl_;
  const std::string name = "transaction " + std::to_string(logged.zxid.value);
  if (logged.zxid != next_zxid(newest()))
    return fail(name + " does not follow transaction " + std::to_string(newest().value));
  impl.txn.begin(logged.zxid, logged.time_ms);
  const char* wrong = replay_steps(impl.txn, impl.trie, impl.sessions, logged.steps);
  if (wrong != nullptr) {
    impl.txn.undo();
    return fail(name + " " + wrong);
  }
  std::size_t budget = SIZE_MAX;
  CHECK(impl.txn.settle(budget));
  if (++impl.replayed_count >= replays_between_reclaims) {
    impl.replayed_count = 0;
    reclaim();
  }
  return {};
}

}  // namespace paddock::core
