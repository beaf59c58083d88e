#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "recipes/client/client.h"
#include "recipes/hold.h"
#include "recipes/lock.h"
#include "recipes/waiting_line.h"

namespace paddock::recipes {

struct SemaphoreOptions {
  std::string id{};  ///< what the nodes contain; empty = default_holder_id()
  std::vector<client::Acl> acl = client::open_acl();
};

/// Admits a number of holders at a time, fair.
///
///   Semaphore semaphore(client, "/limits/importers", 4);
///   Expected<Hold> permit = semaphore.acquire(30s);
///
/// **Guarantee.** At most `permits` Holds of a path are valid at any moment (lock.h says what valid
/// means), if all who use the path say the same number, which nobody checks. Who asks by acquire()
/// is served in the order of arrival. The permits have no order among each other: a fencing token
/// tells only that it is newer than that of the permit's last holder.
///
/// **Znodes.** `<path>/locks/_c_<uuid>-lock-<number>`, a Lock, whose holder is the one who is next;
/// and `<path>/leases/_c_<uuid>-lease-<number>`, one for each permit in use and for the one who is
/// next. All are ephemeral; only who is next watches the leases. Parents and leftovers: as lock.h.
///
/// **Session**: as lock.h.
///
/// **Interop.** Shares its permits with Curator's InterProcessSemaphoreV2.
///
/// **Round trips.** Uncontended: 2 to acquire, 1 to try, 1 to release, not waited for.
///
/// Threads: any. Borrows the client; its destruction cancels the waits and leaves what is held.
class Semaphore {
 public:
  /// REQUIRES: permits >= 1.
  Semaphore(client::Client& client, std::string path, std::size_t permits,
            SemaphoreOptions options = {});

  /// One permit. Errors: as Lock::lock.
  client::Expected<Hold> acquire(client::Deadline deadline, const client::CancelToken& cancel = {});
  client::Pending<Hold> acquire_async(client::Deadline deadline,
                                      client::Completion<Hold> done = {});

  /// A permit if one is free, else a Hold of nothing. It does not queue, so it may overtake one who
  /// does; of several that try for the last permit together all may fail.
  client::Expected<Hold> try_acquire(client::Deadline deadline,
                                     const client::CancelToken& cancel = {});
  client::Pending<Hold> try_acquire_async(client::Deadline deadline,
                                          client::Completion<Hold> done = {});

 private:
  struct Acquisition;
  WaitingLine::Request lease(bool waits) const;

  const std::size_t permits_;
  const std::string id_;
  WaitingLine leases_;
  Lock turns_;  ///< after leases_: those whose turn comes go on there
};

}  // namespace paddock::recipes
