#pragma once

#include <string>
#include <vector>

#include "recipes/client/client.h"
#include "recipes/hold.h"
#include "recipes/lock.h"
#include "recipes/waiting_line.h"

namespace paddock::recipes {

/// Many readers or one writer, fair: a reader that comes after a waiting writer waits for it, so
/// nobody starves.
///
///   ReadWriteLock lock(client, "/locks/table");
///   Expected<Hold> writer = lock.write_lock(5s);
///   change(...);
///   Expected<Hold> reader = lock.downgrade(std::move(*writer), 5s);   // no writer comes between
///
/// **Guarantee.** While a writer's Hold is_valid() no other one of the path is; see lock.h for what
/// that means and for fencing tokens. A writer's token is greater than those of all who held before
/// it; those of readers that share say nothing about each other. Not reentrant, and a reader cannot
/// become a writer: two that tried would wait for each other.
///
/// **Znodes.** `<path>/_c_<uuid>-__READ__<number>` and `...__WRIT__<number>`, ephemeral. A writer
/// watches the one node before its own, a reader the last writer before it. Parents and leftovers:
/// as lock.h. A downgrade deletes the writer's node and creates a reader's with the same number in
/// one transaction, so the reader has the writer's place in line, and keeps its token: those who
/// wait behind it have greater ones.
///
/// **Session**: as lock.h.
///
/// **Interop.** Layout `curator`: excludes Curator's InterProcessReadWriteLock, and kazoo's locks
/// if they are made with extra_lock_patterns (ReadLock ["__WRIT__"], WriteLock ["__WRIT__",
/// "__READ__"]). Layout `kazoo` (`__rlock__`, `__lock__`): excludes kazoo's ReadLock and WriteLock
/// as they are, not Curator's. Ours exclude each other whatever their layouts. (Curator's own
/// downgrade lets a writer that already waits in before the reader; ours does not.)
///
/// **Round trips.** As lock.h; downgrade: 2.
///
/// Threads: any; each call is a contender of its own. Borrows the client; its destruction cancels
/// the waits and leaves what is held.
class ReadWriteLock {
 public:
  ReadWriteLock(client::Client& client, std::string path, LockOptions options = {});

  /// Errors: as Lock::lock.
  client::Expected<Hold> read_lock(client::Deadline deadline,
                                   const client::CancelToken& cancel = {});
  client::Pending<Hold> read_lock_async(client::Deadline deadline,
                                        client::Completion<Hold> done = {});
  client::Expected<Hold> write_lock(client::Deadline deadline,
                                    const client::CancelToken& cancel = {});
  client::Pending<Hold> write_lock_async(client::Deadline deadline,
                                         client::Completion<Hold> done = {});
  /// A Hold of nothing if it would have to wait; see Lock::try_lock.
  client::Expected<Hold> try_read_lock(client::Deadline deadline,
                                       const client::CancelToken& cancel = {});
  client::Expected<Hold> try_write_lock(client::Deadline deadline,
                                        const client::CancelToken& cancel = {});

  /// Turns a writer into a reader without letting another writer in. `writer` is used up: after an
  /// error nothing is held. session_expired if it was lost before, or bad_arguments if it is not a
  /// writer of this lock.
  client::Expected<Hold> downgrade(Hold writer, client::Deadline deadline,
                                   const client::CancelToken& cancel = {});

 private:
  client::Pending<Hold> join(bool is_writer, bool waits, client::Deadline deadline,
                             client::Completion<Hold> done);

  const LockLayout layout_;
  const std::string id_;
  WaitingLine line_;
};

}  // namespace paddock::recipes
