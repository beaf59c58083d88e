#include "recipes/barrier.h"

#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

Barrier::Barrier(Client& client, std::string path) : client_(client), path_(std::move(path)) {}

Expected<void> Barrier::close(Deadline deadline, const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<void> {
    const auto created = client_.create(path_, "").wait(deadline, cancel);
    if (created || created.error() == Error::node_exists) return {};
    if (created.error() != Error::no_node) return tl::unexpected(created.error());
    return create_path(client_, path_).wait(deadline, cancel);
  });
}

Expected<void> Barrier::open(Deadline deadline, const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<void> {
    const auto removed = client_.remove(path_).wait(deadline, cancel);
    if (!removed && removed.error() == Error::no_node) return {};
    return removed;
  });
}

Expected<bool> Barrier::is_closed(Deadline deadline, const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<bool> {
    const auto stat = client_.exists(path_).wait(deadline, cancel);
    if (!stat) return tl::unexpected(stat.error());
    return stat->has_value();
  });
}

Expected<void> Barrier::wait(Deadline deadline, const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<void> {
    const Promise<EventType> fired;
    const Watcher watcher =
        make_watcher([fired](const WatchedEvent& event) { fired.set(event.type); });
    const auto stat = client_.exists(path_, watcher).wait(deadline, cancel);
    const bool is_closed = stat && stat->has_value();
    const auto event = is_closed ? fired.pending().wait(deadline, cancel)
                                 : Expected<EventType>(EventType::node_deleted);
    if (!is_closed || !event) client_.remove_watches(path_, WatcherType::data, watcher);
    if (!stat) return tl::unexpected(stat.error());
    if (!event) return tl::unexpected(event.error());
    if (*event == EventType::node_deleted) return {};
    // Its data has changed, or the session is over: look again, with a new watch.
    return tl::unexpected(Error::not_connected);
  });
}

}  // namespace paddock::recipes
