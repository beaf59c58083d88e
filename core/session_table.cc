#include "core/session_table.h"

#include <iterator>

#include "core/owner.h"

namespace paddock::core {

SessionTable::Entry* SessionTable::entry(SessionId id) {
  const std::list<Entry>::iterator* found = by_id_.find(key_of(id));
  return found ? &**found : nullptr;
}

const Session* SessionTable::find(SessionId id) const {
  const Entry* found = entry(id);
  return found ? &found->session : nullptr;
}

void SessionTable::add(SessionId id, const Session& session) {
  CHECK(is_session_id(id));
  CHECK(entry(id) == nullptr);
  Entry& opened = open_.emplace_back();
  opened.id = id;
  opened.session = session;
  by_id_.insert(key_of(id), std::prev(open_.end()));
}

void SessionTable::close(SessionId id, Zxid closed) {
  const std::list<Entry>::iterator* place = by_id_.find(key_of(id));
  CHECK(place != nullptr);
  const std::list<Entry>::iterator found = *place;
  CHECK(found->ephemerals.empty());
  if (!closed_.empty()) CHECK(closed_.back().closed < closed);
  closed_.push_back({id, found->session, found->walk, closed});
  if (walk_open_ == found) ++walk_open_;
  open_.erase(found);
  by_id_.erase(key_of(id));
}

void SessionTable::forget_closed(Zxid oldest) {
  while (!closed_.empty() && closed_.front().closed <= oldest) closed_.pop_front();
}

void SessionTable::begin_walk(Zxid at) {
  ++walk_;
  walk_at_ = walk_closed_ = at;
  walk_closed_end_ = {};
  walk_open_ = open_.begin();
}

void SessionTable::add_ephemeral(SessionId owner, Znode& node, std::size_t path_bytes) {
  Entry* found = entry(owner);
  CHECK(found != nullptr);
  CHECK(found->ephemerals.size() < UINT32_MAX);
  place_.insert(key_of(node), static_cast<std::uint32_t>(found->ephemerals.size()));
  found->ephemerals.push_back(&node);
  found->path_bytes += path_bytes;
}

void SessionTable::remove_ephemeral(SessionId owner, Znode& node, std::size_t path_bytes) {
  Entry* found = entry(owner);
  CHECK(found != nullptr);
  const std::uint32_t* place = place_.find(key_of(node));
  CHECK(place != nullptr);
  const std::uint32_t hole = *place;
  CHECK(found->ephemerals[hole] == &node);
  place_.erase(key_of(node));
  Znode* last = found->ephemerals.back();
  found->ephemerals.pop_back();
  if (last != &node) {
    found->ephemerals[hole] = last;
    *place_.find(key_of(*last)) = hole;
  }
  found->path_bytes -= path_bytes;
}

std::span<Znode* const> SessionTable::ephemerals(SessionId owner) const {
  const Entry* found = entry(owner);
  return found ? std::span<Znode* const>(found->ephemerals) : std::span<Znode* const>();
}

std::size_t SessionTable::ephemeral_path_bytes(SessionId owner) const {
  const Entry* found = entry(owner);
  return found ? found->path_bytes : 0;
}

}  // namespace paddock::core
