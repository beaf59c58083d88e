#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "recipes/paths.h"
#include "recipes/tree_cache.h"

namespace paddock::recipes {

/// A value as it was at one moment. stat.version is what publish compares with; stat.mzxid tells
/// its place in history and only grows.
using ConfigValuePtr = TreeNodePtr;

/// In publish's `version`: there must be no node yet.
inline constexpr std::int32_t no_version = -2;
/// Publishes a value if the present version is this one; any_version = whatever is there. Gives
/// the new version. (Versions count from 0 again in a node that was deleted and made anew.)
/// bad_version: someone else was faster; node_exists likewise for no_version; no_node: a version
/// was given and the node is gone. The node is made if it lacks, and what lacks above it.
///
/// A reply that was lost: any_version publishes again; with a version, the node is asked, and what
/// has this data under the next version counts as ours.
client::Expected<std::int32_t> publish_value(client::Client& client, const std::string& path,
                                             std::string_view data, std::int32_t version,
                                             client::Deadline deadline,
                                             const client::CancelToken& cancel = {});

/// The configuration centre: one node whose data everyone has in memory. Its change is pushed (a
/// watch), its data then pulled, and the listener told.
///
/// **Guarantee.** value() is a value that was published, whole; values only go forward; after the
/// last of several changes the listener is told the last one (those between may be skipped; each
/// value's version tells). A value published by this client and confirmed is seen by its own cache
/// soon, and by refresh() at once.
///
///     <path>    persistent, the data is the value; made by the first publish() if it lacks, and
///               what lacks above it too
///
/// **Suspended, lost, expired:** goes on serving the last known value; is_current() says that it
/// may be old. After the reconnect, or in the next session, it is read again. Layout: that of
/// Curator's NodeCache and kazoo's DataWatch, a plain node.
///
/// **Round trips:** 1 to load, 1 per change, 1 per publish (3 for the first).
///
/// Threads: any; a mutex makes it so.
class ConfigCache {
 public:
  struct Options {
    /// Told on the I/O thread of each value, null = the node is gone or is not there. First of the
    /// one of now. Must not wait.
    std::function<void(const ConfigValuePtr&)> listener{};
  };

  /// Starts loading and returns.
  ConfigCache(client::Client& client, std::string path, Options options);
  ConfigCache(client::Client& client, std::string path)
      : ConfigCache(client, std::move(path), Options{}) {}

  const std::string& path() const { return cache_.root(); }
  /// The newest known; null = there is no node that may be read, or nothing has been read yet
  /// (await_loaded). Cheap: no copy.
  ConfigValuePtr value() const;
  /// Connected, and nothing newer is known to be there.
  bool is_current() const { return cache_.is_current(); }

  client::Expected<ConfigValuePtr> await_loaded(client::Deadline deadline,
                                                const client::CancelToken& cancel = {}) const;
  /// Waits for a value that is newer than that of `zxid` (0 = for any).
  client::Expected<ConfigValuePtr> await_newer(Zxid zxid, client::Deadline deadline,
                                               const client::CancelToken& cancel = {}) const;
  /// Reads what was published anywhere before the call.
  client::Expected<ConfigValuePtr> refresh(client::Deadline deadline,
                                           const client::CancelToken& cancel = {});

  /// publish_value of this node.
  client::Expected<std::int32_t> publish(std::string_view data, std::int32_t version,
                                         client::Deadline deadline,
                                         const client::CancelToken& cancel = {}) {
    return publish_value(client_, path(), data, version, deadline, cancel);
  }

 private:
  static TreeCache::Options tree_options(Options options);

  client::Client& client_;
  TreeCache cache_;
};

}  // namespace paddock::recipes
