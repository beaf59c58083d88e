#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "recipes/client/client.h"

namespace paddock::recipes {

/// How it stands with something that is held.
enum class HoldState {
  held,
  /// The connection is gone. It is still held, until valid_until() at least: time to come to a
  /// point where one can stop.
  suspended,
  /// The session is over or may be, or the node was taken away: someone else may hold it now.
  /// Final, even if the session comes back; the node is deleted then.
  lost,
  released,
};
std::string_view hold_state_name(HoldState state);

/// What locks, semaphores and elections hand out: a node that is first in its line and lives with
/// the session. Destroying the Hold releases it without waiting.
///
///   Expected<Hold> hold = lock.lock(5s);
///   storage.write(hold->fencing_token(), ...);   // refuses a token below the highest it has seen
///
/// **Fencing.** The token is the czxid of the node. A later holder's is always greater, so a
/// resource that remembers the greatest one and refuses smaller ones is safe from a holder that was
/// paused and does not know yet that it has lost. Nothing that the holder asks about itself can
/// give that; is_valid() is right only for the moment of the call.
///
/// **Threads.** Any; const members may be called by several at a time. Handlers run on the I/O
/// thread. release() and the destructor wait for a handler that is running (unless called by it),
/// so do not call them with a lock that a handler takes.
///
/// Borrows the client, and must be gone before it.
class Hold {
 public:
  Hold() = default;  ///< of nothing: as if released
  ~Hold();
  Hold(Hold&&) noexcept = default;
  Hold& operator=(Hold&& other) noexcept;

  /// Whether there is something to release: it was granted and is not released, lost or not.
  explicit operator bool() const;
  HoldState state() const;
  /// Nobody else can hold it at this moment: not lost, not released, valid_until() not passed.
  bool is_valid() const;
  /// Until when nobody else can hold it. While connected it moves on with every reply; in the past
  /// when lost or released, and from Client::close() on.
  client::TimePoint valid_until() const;
  /// The czxid of the node, or of the one whose place it has taken (ReadWriteLock::downgrade);
  /// stays readable after the release. 0 of nothing.
  Zxid fencing_token() const;
  const std::string& node() const;  ///< its path; empty of nothing

  using StateHandler = std::function<void(HoldState)>;
  /// Told of every change from now on, and first, soon, of the state of now. `suspended` comes
  /// before the session can have ended anywhere (unless this process stands still: is_valid() knows
  /// it all the same), `lost` when valid_until() passes. A release by its own hand is not told.
  /// nullptr = nobody.
  void on_change(StateHandler handler);

  /// Told once when someone asks for it back (Lock::request_revocation, Curator's Revoker); whether
  /// to release is the holder's business. Costs a read, not waited for, and a watch on the node, by
  /// which a holder also learns (on_change: lost) that an operator has deleted it.
  void on_revoke(std::function<void()> handler);

  /// Lets go: it counts as released at once, and ready when the server has deleted the node, which
  /// is tried over all reconnects while the session lives (Client::remove_guaranteed). Waiting for
  /// it is not required. Again: ok. Of nothing: ok at once, told by the caller's thread.
  client::Pending<void> release(client::Completion<void> done = {});

  // --- for recipes ---

  /// session_expired unless the node belongs to the client's present session.
  static client::Expected<Hold> grant(client::Client& client, const client::Created& node);
  /// Holds nothing any more, and leaves the node to the caller. REQUIRES: not of nothing.
  std::string detach();

 private:
  class Core;
  explicit Hold(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

/// What a node's data is set to by who wants it released (Curator's).
inline constexpr std::string_view revoke_message = "__REVOKE__";

/// What a holder writes into its node if it is told nothing better, for people who look:
/// "<host>/<pid>".
std::string default_holder_id();

}  // namespace paddock::recipes
