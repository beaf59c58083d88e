#include "recipes/notifier.h"

#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

namespace {

/// Turns values of the topic's node into messages. A node made anew starts to count again.
ConfigCache::Options topic_options(Subscription::Listener listener) {
  struct Last {
    Zxid czxid{};
    std::int64_t number = -1;
  };
  return {.listener = [last = std::make_shared<Last>(),
                       listener = std::move(listener)](const ConfigValuePtr& value) {
    if (!value) return;
    const std::int64_t number = value->stat.version;
    const bool is_first = last->number < 0;
    if (last->czxid != value->stat.czxid) *last = {value->stat.czxid, -1};
    const std::int64_t missed = is_first ? 0 : number - last->number - 1;
    last->number = number;
    listener({value->data, number, missed});
  }};
}

void tell(const TreeUpdate& update, const std::string& folder,
          const WorkerWatch::Listener& listener) {
  for (const TreeChange& change : update.changes) {
    if (change.path == folder) continue;
    const std::string id(node_name(change.path));
    const bool is_same =
        change.before && change.after && change.before->stat.czxid == change.after->stat.czxid;
    if (change.before && !is_same) listener({WorkerEvent::Kind::gone, id, change.before->data});
    if (!change.after) continue;
    listener({is_same ? WorkerEvent::Kind::progress : WorkerEvent::Kind::started, id,
              change.after->data});
  }
}

TreeCache::Options worker_options(const std::string& folder, WorkerWatch::Listener listener) {
  TreeCache::Options options{.depth_max = 1};
  if (listener) {
    options.listener = [folder, listener = std::move(listener)](const TreeUpdate& update) {
      tell(update, folder, listener);
    };
  }
  return options;
}

}  // namespace

Subscription::Subscription(Client& client, std::string path, Listener listener)
    : cache_(client, std::move(path), topic_options(std::move(listener))) {}

Expected<void> Subscription::await_ready(Deadline deadline, const CancelToken& cancel) const {
  const auto loaded = cache_.await_loaded(deadline, cancel);
  if (!loaded) return tl::unexpected(loaded.error());
  return {};
}

WorkerWatch::WorkerWatch(Client& client, std::string path, Listener listener)
    : cache_(client, path, worker_options(path, std::move(listener))) {}

WorkerWatch::Workers WorkerWatch::workers_of(const TreeSnapshot& snapshot) const {
  Workers workers;
  for (const auto& [path, node] : snapshot.nodes()) {
    if (path != cache_.root()) workers.emplace(node_name(path), node->data);
  }
  return workers;
}

WorkerWatch::Workers WorkerWatch::workers() const {
  const TreeSnapshotPtr snapshot = cache_.snapshot();
  return snapshot ? workers_of(*snapshot) : Workers();
}

Expected<WorkerWatch::Workers> WorkerWatch::await(
    const std::function<bool(const Workers&)>& is_wanted, Deadline deadline,
    const CancelToken& cancel) const {
  const auto snapshot = cache_.await(
      [&](const TreeSnapshot& tree) { return is_wanted(workers_of(tree)); }, deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return workers_of(**snapshot);
}

Notifier::Notifier(Client& client, std::string path) : client_(client), path_(std::move(path)) {}

std::string Notifier::topic_path(std::string_view topic) const {
  return join_path(join_path(path_, "topics"), topic);
}

Expected<std::int64_t> Notifier::notify(std::string_view topic, std::string_view message,
                                        Deadline deadline, const CancelToken& cancel) {
  if (!is_node_name(topic)) return tl::unexpected(Error::bad_arguments);
  const auto version =
      publish_value(client_, topic_path(topic), message, any_version, deadline, cancel);
  if (!version) return tl::unexpected(version.error());
  return *version;
}

Expected<std::unique_ptr<Subscription>> Notifier::subscribe(std::string_view topic,
                                                            Subscription::Listener listener) {
  if (!is_node_name(topic)) return tl::unexpected(Error::bad_arguments);
  return std::unique_ptr<Subscription>(
      new Subscription(client_, topic_path(topic), std::move(listener)));
}

Expected<std::unique_ptr<Worker>> Notifier::start_worker(std::string_view id,
                                                         std::string progress) {
  if (!is_node_name(id)) return tl::unexpected(Error::bad_arguments);
  return std::unique_ptr<Worker>(
      new Worker(client_, join_path(join_path(path_, "workers"), id), std::move(progress)));
}

std::unique_ptr<WorkerWatch> Notifier::watch_workers(WorkerWatch::Listener listener) {
  return std::unique_ptr<WorkerWatch>(
      new WorkerWatch(client_, join_path(path_, "workers"), std::move(listener)));
}

}  // namespace paddock::recipes
