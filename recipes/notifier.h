#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "recipes/config_cache.h"
#include "recipes/kept_node.h"
#include "recipes/tree_cache.h"

namespace paddock::recipes {

/// A message of a topic as a subscriber gets it.
struct Notification {
  std::string message;
  std::int64_t number = 0;  ///< 0, 1, 2, ... of one topic node
  /// Messages before this one that this subscriber was not told of: overwritten before it could
  /// read them. 0 for the first that it is told.
  std::int64_t missed = 0;
};

/// A topic that one listens to; ends with this object.
class Subscription {
 public:
  using Listener = std::function<void(const Notification&)>;
  /// Waits until the subscriber has been told what there was, so that it misses no later message.
  client::Expected<void> await_ready(client::Deadline deadline,
                                     const client::CancelToken& cancel = {}) const;
  bool is_current() const { return cache_.is_current(); }

 private:
  friend class Notifier;
  Subscription(client::Client& client, std::string path, Listener listener);
  ConfigCache cache_;
};

/// A worker that shows that it lives and how far it is. What it says is kept by a KeptNode.
class Worker {
 public:
  /// Says it; ready when the server has it. The last one counts if there are several.
  client::Pending<void> report(std::string progress, client::Completion<void> done = {}) {
    return node_.set_data(std::move(progress), std::move(done));
  }
  /// Waits until others can see it.
  client::Expected<void> await_started(client::Deadline deadline,
                                       const client::CancelToken& cancel = {}) const {
    return node_.await_held(deadline, cancel);
  }
  /// The heartbeat goes on. False as soon as the others may think that it is dead.
  bool is_alive() const { return node_.held(); }
  /// Says goodbye; the destructor starts it too.
  client::Pending<void> stop(client::Completion<void> done = {}) {
    return node_.leave(std::move(done));
  }

 private:
  friend class Notifier;
  Worker(client::Client& client, std::string path, std::string progress)
      : node_(client, std::move(path), {.data = std::move(progress)}) {}
  KeptNode node_;
};

struct WorkerEvent {
  enum class Kind { started, progress, gone };
  Kind kind{};
  std::string id;
  std::string progress;  ///< of `gone`: the last that was known
};

/// Sees all workers; ends with this object.
class WorkerWatch {
 public:
  using Listener = std::function<void(const WorkerEvent&)>;
  using Workers = std::map<std::string, std::string>;  ///< progress by id
  Workers workers() const;
  bool is_current() const { return cache_.is_current(); }
  /// Waits until `is_wanted` is true of workers().
  client::Expected<Workers> await(const std::function<bool(const Workers&)>& is_wanted,
                                  client::Deadline deadline,
                                  const client::CancelToken& cancel = {}) const;

 private:
  friend class Notifier;
  WorkerWatch(client::Client& client, std::string path, Listener listener);
  Workers workers_of(const TreeSnapshot& snapshot) const;
  TreeCache cache_;
};

/// Machines that tell each other things: messages on topics, and workers that report how far they
/// are and are seen to be dead when they are.
///
///     <path>/topics/<topic>   persistent; data = the last message, version = its number
///     <path>/workers/<id>     ephemeral, the heartbeat; data = the last progress report
///
/// **Guarantee.** A subscriber is told of each message, in order and once, unless another message
/// follows before it has been read: then only of the last, and how many it has missed. So a message
/// is to say how things stand, not what to do; for the latter there is Queue. Progress likewise. A
/// worker that dies is told `gone` when its session has run out.
///
/// **Suspended, lost:** subscribers are told nothing (is_current() is false), and after the
/// reconnect, or in the next session, the last message if it is a new one. Workers: see KeptNode.
///
/// **Round trips:** 1 to notify (3 for the first message of a topic), to report, and for each
/// subscriber to read it.
///
/// Threads: any. Listeners run on the I/O thread and must not wait.
class Notifier {
 public:
  Notifier(client::Client& client, std::string path);

  /// Sends a message to all subscribers of now; later ones get the last one. Gives its number. A
  /// reply that was lost: it may be sent twice.
  client::Expected<std::int64_t> notify(std::string_view topic, std::string_view message,
                                        client::Deadline deadline,
                                        const client::CancelToken& cancel = {});
  /// Starts listening. A topic that nobody has sent to may be subscribed to. bad_arguments if
  /// `topic` cannot be a node's name; likewise `id` below.
  client::Expected<std::unique_ptr<Subscription>> subscribe(std::string_view topic,
                                                            Subscription::Listener listener);

  /// Starts to show a worker. An id that another session has waits until that one is gone.
  client::Expected<std::unique_ptr<Worker>> start_worker(std::string_view id, std::string progress);
  std::unique_ptr<WorkerWatch> watch_workers(WorkerWatch::Listener listener = nullptr);

 private:
  std::string topic_path(std::string_view topic) const;

  client::Client& client_;
  const std::string path_;
};

}  // namespace paddock::recipes
