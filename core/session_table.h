#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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
  std::size_t size() const { return open_.size(); }
  /// Null when unknown or closed. Lives until the session is closed.
  const Session* find(SessionId id) const;

  /// REQUIRES: is_session_id(id), and no open session has it.
  void open(SessionId id, const Session& session);
  /// REQUIRES: open, without ephemerals.
  void close(SessionId id, Zxid closed);
  /// Whether closed sessions are kept for readers below their closing.
  bool has_closed() const { return !closed_.empty(); }
  /// No reader will ask for a zxid below `oldest` again.
  void forget_closed(Zxid oldest);

  /// Calls `visit(id, session)` for the sessions that existed at `at`, in no order.
  template <class Visit>
  void visit(Zxid at, Visit&& visit) const {
    open_.for_each([&](std::uint64_t id, const std::unique_ptr<Entry>& entry) {
      if (entry->session.created <= at)
        visit(SessionId{static_cast<std::int64_t>(id)}, entry->session);
    });
    for (const Closed& closed : closed_) {
      if (closed.session.created <= at && at < closed.closed) visit(closed.id, closed.session);
    }
  }

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
    Session session;
    std::vector<Znode*> ephemerals;
    std::size_t path_bytes = 0;
  };
  struct Closed {
    SessionId id{};
    Session session;
    Zxid closed{};
  };

  static std::uint64_t key_of(SessionId id) { return static_cast<std::uint64_t>(id.value); }
  static std::uint64_t key_of(const Znode& node) { return reinterpret_cast<std::uintptr_t>(&node); }
  Entry* entry(SessionId id) const;

  FlatTable<std::unique_ptr<Entry>> open_;
  std::deque<Closed> closed_;  ///< ascending by closed
  /// For each ephemeral node its index in its session's list, so that removing one is O(1).
  FlatTable<std::uint32_t> place_;
};

}  // namespace paddock::core
