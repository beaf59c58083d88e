#include "core/state.h"

#include <algorithm>

#include "core/owner.h"
#include "core/proto/paths.h"
#include "core/state_impl.h"

namespace paddock::core {
namespace {

/// What every tree has from the start, as ZooKeeper makes it: empty data, all times and zxids 0,
/// create counters 0 although there are children. Reading the configuration is anybody's, changing
/// it nobody's.
void make_reserved_nodes(State& state) {
  static const AclEntry open{proto::perm_all, "world", "anyone"};
  static const AclEntry read_only{proto::perm_read, "world", "anyone"};
  for (const std::string_view path :
       {std::string_view("/"), proto::zookeeper_path, proto::quota_path, proto::config_path}) {
    const bool is_config = path == proto::config_path;
    NodeValue node;
    node.path = path;
    node.data = Bytes{};
    node.acl = {is_config ? &read_only : &open, 1};
    node.aversion = is_config ? -1 : 0;
    CHECK(state.load_node(node).has_value());
  }
  CHECK(state.finish_load(Zxid{0}).has_value());
}

bool is_due(const Version& version, const State::RemovableWhen& when, const ClockSteps& steps) {
  if (version.num_children() != 0) return false;
  const std::int64_t now_ms = steps.now_since(version.mzxid(), when.now_ms);
  if (owner_kind(version.owner()) == OwnerKind::ttl)
    return is_older_than(ttl_ms_of(version.owner()), version.mtime_ms, now_ms);
  if (version.create_counter() > 0) return true;
  return when.never_used_ms_max > 0 &&
         is_older_than(when.never_used_ms_max, version.mtime_ms, now_ms);
}

}  // namespace

State::State(const Options& options) : impl_(std::make_unique<Impl>(options)) {
  make_reserved_nodes(*this);
}

State::~State() = default;

State::Progress State::prepare(const WriteRequest& request, Prepared& out,
                               std::size_t step_budget) {
  impl_->preparation.start(request, out);
  return resume(step_budget);
}

State::Progress State::resume(std::size_t step_budget) {
  return impl_->preparation.run(step_budget) ? Progress::done : Progress::more;
}

Zxid State::newest() const { return impl_->trie.newest_zxid(); }
Zxid State::committed() const { return impl_->trie.pins().committed(); }
void State::seal() { impl_->trie.seal(); }
void State::commit(Zxid zxid) { impl_->trie.commit(zxid); }

void State::reclaim() {
  impl_->trie.reclaim();
  if (!impl_->sessions.has_closed()) return;
  const Pins::Scan& scan = impl_->trie.pins().scan();
  impl_->sessions.forget_closed(Zxid{std::min(scan.committed, scan.lowest)});
}

std::uint64_t State::digest() const { return impl_->totals.digest; }

const State::Session* State::find_session(SessionId id) const { return impl_->sessions.find(id); }
std::size_t State::session_count() const { return impl_->sessions.size(); }

void State::visit_sessions(Zxid zxid, const std::function<void(const SessionValue&)>& visit) const {
  impl_->sessions.visit(zxid, [&](SessionId id, const Session& session) {
    visit({id, session.timeout_ms, session.password});
  });
}

void State::begin_session_walk(Zxid zxid) { impl_->sessions.begin_walk(zxid); }

bool State::walk_sessions(std::size_t budget,
                          const std::function<void(const SessionValue&)>& visit) {
  return impl_->sessions.walk(budget, [&](SessionId id, const Session& session) {
    visit({id, session.timeout_ms, session.password});
  });
}

std::vector<std::string> State::ephemerals(SessionId id) const {
  std::vector<std::string> paths;
  for (const Znode* node : impl_->sessions.ephemerals(id)) node->append_path(paths.emplace_back());
  return paths;
}

std::size_t State::ephemeral_count() const { return impl_->sessions.ephemeral_count(); }

void State::clock_stepped(Zxid newest, std::int64_t step_ms) {
  impl_->clock_steps.add(newest, step_ms);
}

void State::visit_removable(RemovableRound& round, const RemovableWhen& when, std::size_t looks_max,
                            const std::function<bool(std::string_view path)>& visit) const {
  const RemovableSet& nodes = impl_->removable;
  std::string path;
  for (; looks_max > 0; --looks_max) {
    round.left = std::min(round.left, nodes.size());
    if (round.left == 0) return;
    const Znode& node = nodes.at(round.left - 1);
    if (is_due(*Trie::newest(node), when, impl_->clock_steps)) {
      path.clear();
      node.append_path(path);
      if (!visit(path)) return;
    }
    --round.left;
  }
}

std::size_t State::removable_count() const { return impl_->removable.size(); }

std::size_t State::node_count() const { return impl_->totals.node_count; }
std::int64_t State::approximate_data_bytes() const { return impl_->totals.path_and_data_bytes; }

Trie& State::trie() { return impl_->trie; }
const Trie& State::trie() const { return impl_->trie; }

}  // namespace paddock::core
