#pragma once

#include <string>
#include <vector>

#include "recipes/client/client.h"
#include "recipes/hold.h"
#include "recipes/waiting_line.h"

namespace paddock::recipes {

/// Which library's spelling the nodes of a lock have. Ours reads both and ZooKeeper's own.
enum class LockLayout {
  curator,  ///< `_c_<uuid>-lock-<number>`
  kazoo,    ///< `_c_<uuid>-__lock__<number>`
};

struct LockOptions {
  LockLayout layout = LockLayout::curator;
  /// What the nodes contain, for people who look; empty = default_holder_id().
  std::string id{};
  std::vector<client::Acl> acl = client::open_acl();
};

/// An exclusive lock between processes, fair: whoever came first has it first.
///
///   Lock lock(client, "/locks/report");
///   Expected<Hold> hold = lock.lock(5s);
///   if (hold) write_report(hold->fencing_token());      // released at the end of its scope
///
/// **Guarantee.** At any moment at most one Hold of a path is_valid(), as far as the clocks of its
/// holder and of the server run at the same speed. Fencing tokens only grow from holder to holder;
/// a resource that checks them needs no clock (hold.h). Grants follow the order of arrival at the
/// server. Not reentrant: see ReentrantLock.
///
/// **Znodes.** `<path>/_c_<uuid>-lock-<number>`, ephemeral, one for each holder or waiter, with the
/// holder's id as data. <path> is made as a container when it is missing. A waiter watches the one
/// node before its own. Nothing is left behind on a deadline, a cancellation, a destruction or
/// after lost replies; a killed process's node goes with its session.
///
/// **Session.** Suspended: a holder is told (Hold::on_change) and still holds until valid_until();
/// a waiter keeps its place. Lost: a hold is over for good. Over (expired): waits fail with
/// session_expired.
///
/// **Interop.** With the layout `curator`: excludes Curator's InterProcessMutex and LeaderSelector,
/// ZooKeeper's WriteLock recipe (Java and C), and kazoo's Lock if that is made with
/// extra_lock_patterns=["-lock-"]. With the layout `kazoo`: excludes kazoo's Lock as it is; not on
/// a path that Curator or ZooKeeper's recipe uses too, since they cannot place a name without
/// "lock-" or a dash before the number. Locks of ours exclude each other whatever their layouts.
/// Nodes of other names are ignored.
///
/// **Round trips.** Uncontended: 1 to lock (create and getChildren leave together), 1 to release,
/// not waited for. The first use of a path: 2 more. Handed over: the event, then 1.
///
/// Threads: any; each call is a contender of its own. Borrows the client; its destruction cancels
/// the waits and leaves what is held.
class Lock {
 public:
  Lock(client::Client& client, std::string path, LockOptions options = {});

  /// Waits for its turn. Errors: deadline_exceeded, cancelled, session_expired, client_closed,
  /// no_auth or another refusal; would_deadlock in a callback. In all cases without a trace.
  client::Expected<Hold> lock(client::Deadline deadline, const client::CancelToken& cancel = {});
  client::Pending<Hold> lock_async(client::Deadline deadline, client::Completion<Hold> done = {});

  /// The lock if nobody has it or waits for it, else a Hold of nothing (false). The deadline is for
  /// the round trip. It joins and leaves the line, which costs the server two writes.
  client::Expected<Hold> try_lock(client::Deadline deadline,
                                  const client::CancelToken& cancel = {});
  client::Pending<Hold> try_lock_async(client::Deadline deadline,
                                       client::Completion<Hold> done = {});

  /// Asks the one who is first in line, of whatever library, to release (Hold::on_revoke, Curator's
  /// makeRevocable): sets its node's data to revoke_message. false = there is nobody. Asking is
  /// all; wait with lock().
  client::Expected<bool> request_revocation(client::Deadline deadline,
                                            const client::CancelToken& cancel = {});

 private:
  client::Pending<Hold> join(bool waits, client::Deadline deadline, client::Completion<Hold> done);

  const LockLayout layout_;
  const std::string id_;
  WaitingLine line_;
};

}  // namespace paddock::recipes
