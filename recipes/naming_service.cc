#include "recipes/naming_service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::int64_t block_ids_max = std::int64_t{1} << 31;

std::optional<std::int64_t> parse_id(std::string_view text) {
  if (text.empty()) return 0;  // as kazoo's Counter reads it
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0) return std::nullopt;
  return id;
}

std::int64_t unix_ms() {
  return std::chrono::duration_cast<Milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool is_before(const ServiceInstance& a, const ServiceInstance& b) { return a.id < b.id; }

}  // namespace

// --- ServiceWatch ---

TreeCache::Options ServiceWatch::tree_options(std::shared_ptr<State> state, Listener listener) {
  return {.listener =
              [state = std::move(state), listener = std::move(listener)](const TreeUpdate& update) {
                for (const TreeChange& change : update.changes) {
                  std::optional<ServiceInstance> instance;
                  if (change.after) instance = parse_service_instance(change.after->data);
                  if (instance) {
                    state->by_path[change.path] = std::move(*instance);
                  } else {
                    state->by_path.erase(change.path);
                  }
                }
                auto instances = std::make_shared<Instances>();
                for (const auto& [path, instance] : state->by_path) instances->push_back(instance);
                std::sort(instances->begin(), instances->end(), is_before);
                {
                  std::lock_guard lock(state->mutex);
                  state->instances = instances;
                }
                if (listener) listener(*instances);
              },
          .depth_max = 1};
}

ServiceWatch::ServiceWatch(Client& client, std::string path, Listener listener)
    : cache_(client, std::move(path), tree_options(state_, std::move(listener))) {}

ServiceWatch::InstancesPtr ServiceWatch::instances() const {
  std::lock_guard lock(state_->mutex);
  return state_->instances;
}

Expected<ServiceWatch::InstancesPtr> ServiceWatch::await_instances(
    std::size_t count, Deadline deadline, const CancelToken& cancel) const {
  InstancesPtr found;
  const auto is_enough = [&](const TreeSnapshot& snapshot) {
    auto instances = std::make_shared<Instances>();
    for (const auto& [path, node] : snapshot.nodes()) {
      auto instance = parse_service_instance(node->data);
      if (instance && path != cache_.root()) instances->push_back(std::move(*instance));
    }
    std::sort(instances->begin(), instances->end(), is_before);
    found = instances;
    return instances->size() >= count;
  };
  const auto snapshot = cache_.await(is_enough, deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return found;
}

// --- NamingService ---

NamingService::NamingService(Client& client, std::string path)
    : client_(client), path_(std::move(path)) {}

Expected<NamingService::Counter> NamingService::read_counter(const std::string& path,
                                                             Deadline deadline,
                                                             const CancelToken& cancel) {
  auto node = client_.get_data(path).wait(deadline, cancel);
  if (!node && node.error() == Error::no_node) {
    const auto made = create_path(client_, path).wait(deadline, cancel);
    if (!made) return tl::unexpected(made.error());
    node = client_.get_data(path).wait(deadline, cancel);
  }
  if (!node) return tl::unexpected(node.error());
  const std::optional<std::int64_t> next = parse_id(node->data);
  if (!next) return tl::unexpected(Error::protocol_error);
  return Counter{*next, node->stat.version};
}

Expected<IdBlock> NamingService::reserve_ids(std::string_view name, std::int64_t count,
                                             Deadline deadline, const CancelToken& cancel) {
  if (!is_node_name(name) || count < 1 || count > block_ids_max) {
    return tl::unexpected(Error::bad_arguments);
  }
  const std::string path = join_path(join_path(path_, "ids"), name);
  std::optional<Counter> counter;
  {
    std::lock_guard lock(mutex_);
    if (const auto known = counters_.find(name); known != counters_.end()) counter = known->second;
  }
  return retry(client_, deadline, cancel, [&]() -> Expected<IdBlock> {
    for (;;) {
      if (!counter) {
        const auto read = read_counter(path, deadline, cancel);
        if (!read) return tl::unexpected(read.error());
        counter = *read;
      }
      const std::int64_t first = counter->next;
      if (first > std::numeric_limits<std::int64_t>::max() - count) {
        return tl::unexpected(Error::protocol_error);
      }
      const auto stat = client_.set_data(path, std::to_string(first + count), counter->version)
                            .wait(deadline, cancel);
      counter.reset();
      if (stat) {
        std::lock_guard lock(mutex_);
        counters_.insert_or_assign(std::string(name), Counter{first + count, stat->version});
        return IdBlock{first, count};
      }
      // Someone was faster, or it was deleted; after a lost reply the block may be wasted.
      if (stat.error() != Error::bad_version && stat.error() != Error::no_node) {
        return tl::unexpected(stat.error());
      }
    }
  });
}

Expected<std::int64_t> NamingService::next_id(std::string_view name, std::int64_t block_size,
                                              Deadline deadline, const CancelToken& cancel) {
  {
    std::lock_guard lock(mutex_);
    const auto known = blocks_.find(name);
    if (known != blocks_.end() && !known->second.empty()) {
      IdBlock& block = known->second.front();
      const std::int64_t id = block.first++;
      if (--block.count == 0) known->second.erase(known->second.begin());
      return id;
    }
  }
  // Threads that come here together reserve a block each, which is used up later.
  const auto block = reserve_ids(name, block_size, deadline, cancel);
  if (!block) return tl::unexpected(block.error());
  if (block->count > 1) {
    std::lock_guard lock(mutex_);
    blocks_[std::string(name)].push_back({block->first + 1, block->count - 1});
  }
  return block->first;
}

std::string NamingService::service_path(std::string_view service) const {
  return join_path(join_path(path_, "services"), service);
}

Expected<std::unique_ptr<Registration>> NamingService::register_service(ServiceInstance instance) {
  if (instance.id.empty()) instance.id = unique_name();
  if (!is_node_name(instance.name) || !is_node_name(instance.id)) {
    return tl::unexpected(Error::bad_arguments);
  }
  instance.registered_ms = unix_ms();
  std::string path = join_path(service_path(instance.name), instance.id);
  return std::unique_ptr<Registration>(
      new Registration(client_, std::move(path), std::move(instance)));
}

Expected<std::vector<ServiceInstance>> NamingService::resolve(std::string_view service,
                                                              Deadline deadline,
                                                              const CancelToken& cancel) {
  if (!is_node_name(service)) return tl::unexpected(Error::bad_arguments);
  const std::string path = service_path(service);
  return retry(client_, deadline, cancel, [&]() -> Expected<std::vector<ServiceInstance>> {
    std::vector<ServiceInstance> instances;
    const auto ids = client_.get_child_names(path).wait(deadline, cancel);
    if (!ids) {
      if (ids.error() == Error::no_node) return instances;
      return tl::unexpected(ids.error());
    }
    std::vector<Pending<NodeData>> reads;
    for (const std::string& id : *ids) reads.push_back(client_.get_data(join_path(path, id)));
    for (const Pending<NodeData>& read : reads) {
      const auto node = read.wait(deadline, cancel);
      if (!node && node.error() == Error::no_node) continue;  // gone since
      if (!node) return tl::unexpected(node.error());
      auto instance = parse_service_instance(node->data);
      if (instance) instances.push_back(std::move(*instance));
    }
    std::sort(instances.begin(), instances.end(), is_before);
    return instances;
  });
}

Expected<std::vector<std::string>> NamingService::service_names(Deadline deadline,
                                                                const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<std::vector<std::string>> {
    auto names = client_.get_child_names(join_path(path_, "services")).wait(deadline, cancel);
    if (!names && names.error() == Error::no_node) return std::vector<std::string>();
    if (names) std::sort(names->begin(), names->end());
    return names;
  });
}

Expected<std::unique_ptr<ServiceWatch>> NamingService::watch(std::string_view service,
                                                             ServiceWatch::Listener listener) {
  if (!is_node_name(service)) return tl::unexpected(Error::bad_arguments);
  return std::unique_ptr<ServiceWatch>(
      new ServiceWatch(client_, service_path(service), std::move(listener)));
}

}  // namespace paddock::recipes
