#pragma once

#include <cstdint>
#include <unordered_map>

#include "core/base/types.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/session_deadlines.h"

namespace paddock::ordering {

/// Who serves each session (R14): a reactor's connection under a generation that grows with each
/// move, or nobody, in which case the session's deadline is kept here. Sessions themselves (timeout
/// as created, password) are core::State's; this is what need not survive a restart. Threads:
/// loop-local, the ordering core's.
class SessionOwners {
 public:
  struct Owner {
    std::uint64_t generation = 0;
    std::int32_t timeout_ms = 0;  ///< as negotiated last; a restart goes back to the created one
    bool attached = false;
    std::uint16_t reactor = 0;
    ConnectionId connection{};
  };

  explicit SessionOwners(std::int64_t tick_ms) : deadlines_(tick_ms) {}

  /// A session found at start-up or just created; detached and armed with its full timeout.
  void add(SessionId session, std::int32_t timeout_ms, std::int64_t now_ms);
  void remove(SessionId session);
  const Owner* find(SessionId session) const;

  /// Moves the session to a connection; returns the new generation. REQUIRES: find(session).
  std::uint64_t attach(SessionId session, std::uint16_t reactor, ConnectionId connection,
                       std::int32_t timeout_ms);
  /// The connection is gone. Ignored when `generation` is not the present one. `remaining_ms`:
  /// until the deadline that the reactor kept.
  void detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms,
              std::int64_t now_ms);

  /// Calls `expired(session)` for each detached session that is due; it stays until remove(), armed
  /// again for one tick in case the close is refused.
  template <class Expired>
  void expire(std::int64_t now_ms, Expired&& expired) {
    deadlines_.expire(now_ms, [&](SessionDeadlines::Entry& entry) {
      Record& record = static_cast<Record&>(entry);
      deadlines_.arm(record, now_ms, 0);
      expired(record.session);
    });
  }
  std::int64_t next_deadline_ms() const { return deadlines_.next_ms(); }
  /// Calls `visit(session, remaining_ms)` for each detached session, in no order.
  template <class Visit>
  void visit_detached(std::int64_t now_ms, Visit&& visit) const {
    for (const auto& [id, record] : records_)
      if (!record.owner.attached) visit(record.session, record.expires_ms - now_ms);
  }
  /// Gives every detached session its full timeout again (R20).
  void rearm(std::int64_t now_ms);

 private:
  struct Record : SessionDeadlines::Entry {
    SessionId session{};
    Owner owner;
  };

  SessionDeadlines deadlines_;
  std::unordered_map<std::int64_t, Record> records_;
};

}  // namespace paddock::ordering
