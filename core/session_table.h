#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <span>
#include <vector>

#include "core/base/types.h"
#include "core/flat_table.h"

namespace paddock::core {

class Znode;

using SessionPassword = std::array<std::byte, 16>;

struct Session {
  std::int32_t timeout_ms = 0;
  SessionPassword password{};
  Zxid created{};  ///< of the createSession transaction; 0 after a load from a snapshot
};

/// The sessions and the ephemeral nodes of each, as of the newest transaction. None of it has
/// versions: it changes only when a transaction can no longer fail, and what a snapshot below needs
/// to see of a closed session is kept aside until no pin is below its closing (R17).
///
/// Threads: loop-local.
class SessionTable {
 public:
  std::size_t size() const { return by_id_.size(); }
  /// Null when unknown or closed. Lives until the session is closed.
  const Session* find(SessionId id) const;

  /// REQUIRES: is_session_id(id), and no open session has it.
  void add(SessionId id, const Session& session);
  /// REQUIRES: open, without ephemerals.
  void close(SessionId id, Zxid closed);
  /// Whether closed sessions are kept for readers below their closing.
  bool has_closed() const { return !closed_.empty(); }
  /// No reader will ask for a zxid below `oldest` again.
  void forget_closed(Zxid oldest);

  /// Calls `visit(id, session)` for the sessions that existed at `at`, in no order.
  template <class Visit>
  void visit(Zxid at, Visit&& visit) const {
    for (const Entry& entry : open_)
      if (entry.session.created <= at) visit(entry.id, entry.session);
    for (const Closed& closed : closed_) {
      if (closed.session.created <= at && at < closed.closed) visit(closed.id, closed.session);
    }
  }

  /// Begins a walk over the same sessions that is cut into slices, with openings and closings in
  /// between; an earlier walk is given up. No closed session that existed at `at` may be forgotten
  /// before the end.
  void begin_walk(Zxid at);
  /// Goes on with it for at most `budget` sessions; true if there is more to do. Each session comes
  /// once.
  template <class Visit>
  bool walk(std::size_t budget, Visit&& visit);

  // --- Ephemerals. `path_bytes` is the length of the node's path, the same for add and remove.

  /// REQUIRES: the session is open and the node is in no session's set.
  void add_ephemeral(SessionId owner, Znode& node, std::size_t path_bytes);
  /// REQUIRES: the node is in the set of `owner`.
  void remove_ephemeral(SessionId owner, Znode& node, std::size_t path_bytes);
  /// In no promised order, but the same calls give the same order. Empty for an unknown session.
  /// Lives until the next add, remove or close.
  std::span<Znode* const> ephemerals(SessionId owner) const;
  /// Sum over the session's ephemerals.
  std::size_t ephemeral_path_bytes(SessionId owner) const;
  std::size_t ephemeral_count() const { return place_.size(); }
  /// Whether the node is in a session's set.
  bool is_ephemeral(const Znode& node) const { return place_.find(key_of(node)) != nullptr; }

 private:
  struct Entry {
    SessionId id{};
    Session session;
    std::uint32_t walk = 0;  ///< number of the last walk that came by
    std::vector<Znode*> ephemerals;
    std::size_t path_bytes = 0;
  };
  struct Closed {
    SessionId id{};
    Session session;
    std::uint32_t walk = 0;
    Zxid closed{};
  };

  static std::uint64_t key_of(SessionId id) { return static_cast<std::uint64_t>(id.value); }
  static std::uint64_t key_of(const Znode& node) { return reinterpret_cast<std::uintptr_t>(&node); }
  Entry* entry(SessionId id);
  const Entry* entry(SessionId id) const { return const_cast<SessionTable*>(this)->entry(id); }

  std::list<Entry> open_;  ///< in the order of their opening: a walk's place in it stays right
  FlatTable<std::list<Entry>::iterator> by_id_;  ///< into `open_`
  std::deque<Closed> closed_;                    ///< ascending by closed, one for each zxid

  // The walk: first all of `open_`, then what was closed before it came by.
  std::uint32_t walk_ = 0;  ///< its number
  Zxid walk_at_{};
  std::list<Entry>::iterator walk_open_ = open_.end();  ///< where it goes on in `open_`
  Zxid walk_closed_{};                                  ///< up to where it is done in `closed_`
  Zxid walk_closed_end_{};                              ///< up to where it has to go there

  /// For each ephemeral node its index in its session's list, so that removing one is O(1).
  FlatTable<std::uint32_t> place_;
};

template <class Visit>
bool SessionTable::walk(std::size_t budget, Visit&& visit) {
  for (; budget != 0 && walk_open_ != open_.end(); ++walk_open_, --budget) {
    if (walk_open_->session.created > walk_at_) {
      walk_open_ = open_.end();  // all behind it were opened later
      break;
    }
    walk_open_->walk = walk_;
    visit(walk_open_->id, walk_open_->session);
  }
  if (walk_open_ != open_.end()) return true;
  // What is closed from now on has been visited, so the end stands, however many are closed.
  if (walk_closed_end_ == Zxid{0} && !closed_.empty()) walk_closed_end_ = closed_.back().closed;
  auto at = std::upper_bound(closed_.begin(), closed_.end(), walk_closed_,
                             [](Zxid zxid, const Closed& closed) { return zxid < closed.closed; });
  const auto is_left = [&] { return at != closed_.end() && at->closed <= walk_closed_end_; };
  for (; budget != 0 && is_left(); ++at, --budget) {
    walk_closed_ = at->closed;
    if (at->session.created <= walk_at_ && at->walk != walk_) visit(at->id, at->session);
  }
  return is_left();
}

}  // namespace paddock::core
