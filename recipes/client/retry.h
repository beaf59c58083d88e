#pragma once

#include <utility>

#include "recipes/client/client.h"

namespace paddock::client {

/// Calls `attempt()`, which returns some Expected, again for as long as the connection is at fault,
/// waiting for the next connection before each further try. For what may be done twice: reads, and
/// writes whose second try tells by its error that the first had happened (node_exists,
/// bad_version). Gives the last result, or deadline_exceeded, cancelled, or what ended the session.
/// Not on the I/O thread.
///
///   auto data = retry(client, deadline, cancel, [&] { return client.get_data(p).wait(deadline);
///   });
template <class Attempt>
auto retry(const Client& client, Deadline deadline, const CancelToken& cancel, Attempt attempt)
    -> decltype(attempt()) {
  for (;;) {
    auto result = attempt();
    if (result || !is_connection_error(result.error())) return result;
    const Expected<void> connected = client.await_connected(deadline, cancel);
    if (!connected) return tl::unexpected(connected.error());
    if (deadline.has_passed()) return tl::unexpected(Error::deadline_exceeded);
  }
}

}  // namespace paddock::client
