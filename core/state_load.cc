#include <algorithm>

#include "core/digest.h"
#include "core/flat_table.h"
#include "core/owner.h"
#include "core/proto/paths.h"
#include "core/quota.h"
#include "core/state_impl.h"

// Recovery. What comes in here was read from files: nothing of it meets a CHECK.
namespace paddock::core {
namespace {

std::string quoted(std::string_view path) { return "'" + std::string(path) + "'"; }

std::string path_of(const Znode& node) {
  std::string path;
  node.append_path(path);
  return quoted(path);
}

}  // namespace

NodeValue value_of(std::string_view path, const Version& version) {
  return {.path = path,
          .data = version.data(),
          .acl = version.acl->entries(),
          .czxid = version.czxid,
          .mzxid = version.mzxid(),
          .pzxid = version.pzxid(),
          .ctime_ms = version.ctime_ms,
          .mtime_ms = version.mtime_ms,
          .owner = version.owner(),
          .version = version.version,
          .aversion = version.aversion(),
          .create_counter = version.create_counter()};
}

Result<void, std::string> State::load_node(const NodeValue& node) {
  if (node.path != "/" &&
      (node.path.size() < 2 || node.path.front() != '/' || node.path.back() == '/'))
    return fail("a node has the impossible path " + quoted(node.path));
  Trie& trie = impl_->trie;
  const Acl* acl = trie.acls().intern(node.acl);
  const bool is_usual = node.mzxid > 0 && node.pzxid == node.czxid && node.owner == 0 &&
                        node.aversion == 0 && node.create_counter == 0;
  Version* version = is_usual ? trie.load_node(node.path, node.data, acl, Zxid{node.mzxid})
                              : trie.load_node(node.path, node.data, acl);
  acl->release();
  if (version == nullptr) return fail("a node has the impossible path " + quoted(node.path));
  version->czxid = node.czxid;
  version->ctime_ms = node.ctime_ms;
  version->mtime_ms = node.mtime_ms;
  version->version = node.version;
  if (is_usual) return {};
  Version::Rare& rare = version->rare();
  rare.mzxid = node.mzxid;
  rare.pzxid = node.pzxid;
  rare.owner = node.owner;
  rare.aversion = node.aversion;
  rare.create_counter = node.create_counter;
  return {};
}

Result<void, std::string> State::load_session(const SessionValue& value) {
  const std::string name = "session " + std::to_string(value.id.value);
  if (!is_session_id(value.id)) return fail(name + " has an id that no session can have");
  if (impl_->sessions.find(value.id) != nullptr) return fail(name + " is there twice");
  Session session{.timeout_ms = value.timeout_ms};
  if (value.password.size() != session.password.size())
    return fail(name + " has a password that is not 16 bytes long");
  std::ranges::copy(value.password, session.password.begin());
  impl_->sessions.add(value.id, session);
  return {};
}

/// Everything derived is computed here from scratch, so that it may be called again after more has
/// been loaded: an empty tree is a load of the reserved nodes.
Result<void, std::string> State::finish_load(Zxid zxid) {
  Trie& trie = impl_->trie;
  SessionTable& sessions = impl_->sessions;
  // By parent, taken out when it is met. Counted from below: lists of children lead all over the
  // memory.
  FlatTable<std::int32_t> children;
  const auto key_of = [](const Znode* node) { return reinterpret_cast<std::uintptr_t>(node); };
  trie.visit_all([&](Znode& node) {
    if (node.parent() == nullptr) return;
    const std::uint64_t parent = key_of(node.parent());
    std::int32_t* count = children.find(parent);
    ++(count != nullptr ? *count : children.insert(parent, 0));
  });
  Totals totals;
  std::string wrong;
  trie.visit_all([&](Znode& node) {
    const std::int32_t* counted = children.find(key_of(&node));
    const std::int32_t count = counted != nullptr ? *counted : 0;
    if (counted != nullptr) children.erase(key_of(&node));
    // A damaged file may hold what no server has made: children that its parent did not count, a
    // change later than all of the state.
    if (count != Trie::newest(node)->num_children() || Trie::last_change(node) > zxid)
      trie.edit_loaded(node).rare().num_children = count;
    const Version& version = *Trie::newest(node);
    totals.digest += digest_term(node, version);
    ++totals.node_count;
    if (is_quota_node(trie, node, quota_limits_name)) ++totals.quota_count;
    const std::size_t path_bytes = node.path_bytes();
    totals.path_and_data_bytes += static_cast<std::int64_t>(path_bytes) + version.data_length();
    if (is_removable_owner(version.owner()) && !impl_->removable.has(node))
      impl_->removable.add(node);
    if (owner_kind(version.owner()) != OwnerKind::session || sessions.is_ephemeral(node)) return;
    const SessionId owner{version.owner()};
    if (sessions.find(owner) == nullptr)
      wrong = "the ephemeral node " + path_of(node) + " belongs to no session";
    else
      sessions.add_ephemeral(owner, node, path_bytes);
  });
  children.for_each([&](std::uint64_t lost, std::int32_t) {
    wrong = "the node " + path_of(*reinterpret_cast<const Znode*>(lost)) +
            " has children and is not there itself";
  });
  if (!wrong.empty()) return fail(std::move(wrong));
  sessions.visit(Zxid{INT64_MAX}, [&](SessionId id, const Session& session) {
    totals.digest += digest_of_session(id, session.timeout_ms, session.password);
  });
  impl_->totals = totals;
  trie.start_at(zxid);
  return {};
}

}  // namespace paddock::core
