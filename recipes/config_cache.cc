#include "recipes/config_cache.h"

#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

namespace {

ConfigValuePtr value_of(const TreeNodePtr& node) {
  return node && node->error == Error::ok ? node : nullptr;
}

Expected<std::int32_t> create_value(Client& client, const std::string& path, std::string_view data,
                                    Deadline deadline, const CancelToken& cancel) {
  const auto make = [&] { return client.create(path, data).wait(deadline, cancel); };
  Expected<Created> created = make();
  if (!created && created.error() == Error::no_node) {
    const auto parent = create_path(client, parent_of(path)).wait(deadline, cancel);
    if (!parent) return tl::unexpected(parent.error());
    created = make();
  }
  if (!created) return tl::unexpected(created.error());
  return created->stat.version;
}

}  // namespace

Expected<std::int32_t> publish_value(Client& client, const std::string& path, std::string_view data,
                                     std::int32_t version, Deadline deadline,
                                     const CancelToken& cancel) {
  bool may_have_happened = false;
  return retry(client, deadline, cancel, [&]() -> Expected<std::int32_t> {
    Error error = Error::no_node;
    if (version != no_version) {
      const auto stat = client.set_data(path, data, version).wait(deadline, cancel);
      if (stat) return stat->version;
      error = stat.error();
      if (error == Error::no_node && version != any_version) return tl::unexpected(error);
    }
    if (error == Error::no_node) {
      const auto created = create_value(client, path, data, deadline, cancel);
      if (created) return created;
      error = created.error();
      // Someone else made it since: set it then.
      if (error == Error::node_exists && version == any_version) error = Error::not_connected;
    }
    if ((error == Error::bad_version || error == Error::node_exists) && may_have_happened) {
      const auto node = client.get_data(path).wait(deadline, cancel);
      if (!node) return tl::unexpected(node.error());
      const std::int32_t ours = version == no_version ? 0 : version + 1;
      if (node->data == data && node->stat.version == ours) return ours;
    }
    may_have_happened |= error == Error::connection_loss;
    return tl::unexpected(error);
  });
}

TreeCache::Options ConfigCache::tree_options(Options options) {
  TreeCache::Options tree{.depth_max = 0};
  if (options.listener) {
    tree.listener = [listener = std::move(options.listener)](const TreeUpdate& update) {
      listener(update.changes.empty() ? nullptr : value_of(update.changes.front().after));
    };
  }
  return tree;
}

ConfigCache::ConfigCache(Client& client, std::string path, Options options)
    : client_(client), cache_(client, std::move(path), tree_options(std::move(options))) {}

ConfigValuePtr ConfigCache::value() const { return value_of(cache_.find(path())); }

Expected<ConfigValuePtr> ConfigCache::await_loaded(Deadline deadline,
                                                   const CancelToken& cancel) const {
  const auto snapshot = cache_.await_loaded(deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return value_of((*snapshot)->find(path()));
}

Expected<ConfigValuePtr> ConfigCache::await_newer(Zxid zxid, Deadline deadline,
                                                  const CancelToken& cancel) const {
  const auto is_newer = [&](const TreeSnapshot& snapshot) {
    const TreeNodePtr node = snapshot.find(path());
    return node && node->error == Error::ok && node->stat.mzxid > zxid;
  };
  const auto snapshot = cache_.await(is_newer, deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return value_of((*snapshot)->find(path()));
}

Expected<ConfigValuePtr> ConfigCache::refresh(Deadline deadline, const CancelToken& cancel) {
  const auto snapshot = cache_.refresh(deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return value_of((*snapshot)->find(path()));
}

}  // namespace paddock::recipes
