#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/kept_node.h"
#include "recipes/service_instance.h"
#include "recipes/tree_cache.h"

namespace paddock::recipes {

/// `count` ids that nobody else has: first, first + 1, ...
struct IdBlock {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// An instance that stays registered for as long as this object and a session of its client; the
/// node is a KeptNode, see there. Told with it: held() = registered, await_held, leave.
class Registration : public KeptNode {
 public:
  const ServiceInstance& instance() const { return instance_; }

 private:
  friend class NamingService;
  Registration(client::Client& client, std::string path, ServiceInstance instance)
      : KeptNode(client, std::move(path), {.data = to_json(instance)}),
        instance_(std::move(instance)) {}
  ServiceInstance instance_;
};

/// The instances of one service in memory, for callers who choose one for each of their requests.
class ServiceWatch {
 public:
  using Instances = std::vector<ServiceInstance>;
  using InstancesPtr = std::shared_ptr<const Instances>;
  /// Told on the I/O thread of all instances, first of those of now, then after each change. Must
  /// not wait.
  using Listener = std::function<void(const Instances&)>;

  /// Sorted by id; never null. Cheap: no copy.
  InstancesPtr instances() const;
  bool is_current() const { return cache_.is_current(); }
  /// Waits until there are at least this many.
  client::Expected<InstancesPtr> await_instances(std::size_t count, client::Deadline deadline,
                                                 const client::CancelToken& cancel = {}) const;

 private:
  friend class NamingService;
  /// What the listener of the cache has put together.
  struct State {
    std::mutex mutex;
    InstancesPtr instances = std::make_shared<Instances>();
    std::map<std::string, ServiceInstance> by_path;  ///< of the I/O thread
  };
  ServiceWatch(client::Client& client, std::string path, Listener listener);
  static TreeCache::Options tree_options(std::shared_ptr<State> state, Listener listener);

  std::shared_ptr<State> state_ = std::make_shared<State>();
  TreeCache cache_;
};

/// Names and addresses: ids that are unique in the whole system, and services with the instances
/// that serve them.
///
///     <path>/ids/<name>              persistent; data = the next free id, in decimal
///     <path>/services/<service>      persistent
///     <path>/services/<service>/<id> ephemeral; data = the instance as JSON
///
/// **Ids.** No two calls anywhere get the same id from one name. Ids grow in the order of the
/// writes; some are never given out: those of a block whose reply was lost or whose owner ended.
/// One write gives a block of any size.
///
/// **Services.** An instance is found by all while it is registered: until it is taken back or its
/// session ends; after that, in the next session, it registers itself again (see KeptNode).
///
/// **Suspended, lost:** ids: the call waits for the connection. Registrations: KeptNode. Watches:
/// serve the last known instances (is_current() tells), which is what one wants then.
///
/// **Layouts:** an id node is a kazoo Counter. <path>/services is the base path of Curator's
/// service discovery, both ways.
///
/// **Round trips:** ids: 1 per block while no one else takes from the same name (2 the first time,
/// and for each collision), 0 within a block. Register 1, resolve 2.
///
/// Threads: any; a mutex guards the blocks, no call waits with it locked.
class NamingService {
 public:
  /// `path` and what lacks above it is made when something is first written.
  NamingService(client::Client& client, std::string path);

  // --- ids ---

  /// Takes `count` ids (1 .. 2^31) in one write. The first of a name is 0. protocol_error if the
  /// node's data is not a number.
  client::Expected<IdBlock> reserve_ids(std::string_view name, std::int64_t count,
                                        client::Deadline deadline,
                                        const client::CancelToken& cancel = {});
  /// The next of a block that this object has reserved; a new block of `block_size` if there is
  /// none. What is left of a block is lost with this object.
  client::Expected<std::int64_t> next_id(std::string_view name, std::int64_t block_size,
                                         client::Deadline deadline,
                                         const client::CancelToken& cancel = {});

  // --- services ---

  /// Starts registering; Registration::await_held waits. An empty id becomes a unique one.
  /// bad_arguments if name or id cannot be a node's name.
  client::Expected<std::unique_ptr<Registration>> register_service(ServiceInstance instance);
  /// All instances of now, sorted by id; none for a service that nobody knows.
  client::Expected<std::vector<ServiceInstance>> resolve(std::string_view service,
                                                         client::Deadline deadline,
                                                         const client::CancelToken& cancel = {});
  /// The services that have, or have had, instances.
  client::Expected<std::vector<std::string>> service_names(client::Deadline deadline,
                                                           const client::CancelToken& cancel = {});
  /// Starts watching. bad_arguments if `service` cannot be a node's name.
  client::Expected<std::unique_ptr<ServiceWatch>> watch(std::string_view service,
                                                        ServiceWatch::Listener listener = nullptr);

 private:
  /// The node of the ids as this object has seen it last.
  struct Counter {
    std::int64_t next = 0;
    std::int32_t version = 0;
  };

  client::Expected<Counter> read_counter(const std::string& path, client::Deadline deadline,
                                         const client::CancelToken& cancel);
  std::string service_path(std::string_view service) const;

  client::Client& client_;
  const std::string path_;
  std::mutex mutex_;
  std::map<std::string, Counter, std::less<>> counters_;
  std::map<std::string, std::vector<IdBlock>, std::less<>> blocks_;
};

}  // namespace paddock::recipes
