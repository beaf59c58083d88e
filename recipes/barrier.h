#pragma once

#include <string>

#include "recipes/paths.h"

namespace paddock::recipes {

/// A gate: whoever comes waits while it is closed, and all go on when it is opened.
///
///     <path>    persistent; closed while it exists
///
/// **Guarantee.** wait() returns ok only if the gate was open at some moment between its call and
/// its return. All who wait are released by one open(). Nobody owns the gate: it stays closed
/// although who closed it has died.
///
/// **Suspended, lost:** everything waits for the connection; a gate that was opened meanwhile lets
/// go after the reconnect, also if it has been closed again since. **Expired:** session_expired.
///
/// **Layouts:** kazoo's Barrier and Curator's DistributedBarrier are the same node.
///
/// **Round trips:** 1 each; wait() that has to wait, 1 and the event. For members that must all
/// arrive before any goes on, see DoubleBarrier.
///
/// Threads: any; it has no state.
class Barrier {
 public:
  Barrier(client::Client& client, std::string path);

  /// Also ok if it is closed. What lacks above the node is made too.
  client::Expected<void> close(client::Deadline deadline, const client::CancelToken& cancel = {});
  /// Also ok if it is open.
  client::Expected<void> open(client::Deadline deadline, const client::CancelToken& cancel = {});
  client::Expected<bool> is_closed(client::Deadline deadline,
                                   const client::CancelToken& cancel = {});
  /// Waits until it is open. Who gives up leaves no watch behind.
  client::Expected<void> wait(client::Deadline deadline, const client::CancelToken& cancel = {});

 private:
  client::Client& client_;
  const std::string path_;
};

}  // namespace paddock::recipes
