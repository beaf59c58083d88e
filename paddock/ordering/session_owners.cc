#include "paddock/ordering/session_owners.h"

namespace paddock::ordering {

void SessionOwners::add(SessionId session, std::int32_t timeout_ms, std::int64_t now_ms) {
  Record& record = records_[session.value];
  CHECK(record.session.value == 0);
  record.session = session;
  record.owner.timeout_ms = timeout_ms;
  deadlines_.arm(record, now_ms, timeout_ms);
}

void SessionOwners::remove(SessionId session) {
  const auto at = records_.find(session.value);
  CHECK(at != records_.end());
  if (at->second.is_armed()) deadlines_.remove(at->second);
  records_.erase(at);
}

const SessionOwners::Owner* SessionOwners::find(SessionId session) const {
  const auto at = records_.find(session.value);
  return at == records_.end() ? nullptr : &at->second.owner;
}

std::uint64_t SessionOwners::attach(SessionId session, std::uint16_t reactor,
                                    ConnectionId connection, std::int32_t timeout_ms) {
  const auto at = records_.find(session.value);
  CHECK(at != records_.end());
  Record& record = at->second;
  if (record.is_armed()) deadlines_.remove(record);
  record.owner.attached = true;
  record.owner.reactor = reactor;
  record.owner.connection = connection;
  record.owner.timeout_ms = timeout_ms;
  return ++record.owner.generation;
}

void SessionOwners::detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms,
                           std::int64_t now_ms) {
  const auto at = records_.find(session.value);
  if (at == records_.end() || at->second.owner.generation != generation) return;
  at->second.owner.attached = false;
  deadlines_.arm_at(at->second, now_ms, remaining_ms > 0 ? remaining_ms : 0);
}

void SessionOwners::rearm(std::int64_t now_ms) {
  for (auto& [id, record] : records_)
    if (!record.owner.attached) deadlines_.arm(record, now_ms, record.owner.timeout_ms);
}

}  // namespace paddock::ordering
