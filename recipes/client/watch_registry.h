#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/proto/request_records.h"
#include "recipes/client/types.h"

namespace paddock::client {

/// The five ways in which a client waits for news of a path. data, exist and child are one-shot.
enum class WatchKind { data, exist, child, persistent, recursive };
inline constexpr std::size_t watch_kind_count = 5;

/// Which watchers wait for what. Paths are the server's, chroot included. Threads: loop-local.
class WatchRegistry {
 public:
  /// Nothing happens if this watcher waits there already.
  void add(WatchKind kind, std::string_view path, const Watcher& watcher);

  /// Those that an event concerns, each once; the one-shot ones are taken out.
  std::vector<Watcher> take(EventType type, std::string_view path);

  struct Removed {
    bool found = false;    ///< the watcher was there (null: any was)
    bool is_last = false;  ///< and none of this type is left at the path
  };
  /// Takes `watcher` (null = all) out of the kinds that `type` means.
  Removed remove(std::string_view path, WatcherType type, const Watcher& watcher);
  bool has(std::string_view path, WatcherType type) const;

  /// Takes everything out: each watcher with the paths at which it waited.
  std::vector<std::pair<Watcher, std::string>> take_all();

  /// What must be set again on a new connection, in pieces: each but for a single huge path takes
  /// at most `bytes_max` on the wire. The records borrow the registry's paths.
  std::vector<proto::SetWatches2Request> set_watches(Zxid relative_zxid,
                                                     std::size_t bytes_max) const;
  /// Whether an old setWatches will do.
  bool has_persistent() const { return !of(WatchKind::persistent).empty() || has_recursive(); }

  bool empty() const;
  std::size_t path_count(WatchKind kind) const { return of(kind).size(); }

 private:
  struct PathHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view path) const {
      return std::hash<std::string_view>{}(path);
    }
  };
  using Table = std::unordered_map<std::string, std::vector<Watcher>, PathHash, std::equal_to<>>;

  bool has_recursive() const { return !of(WatchKind::recursive).empty(); }
  Table& of(WatchKind kind) { return tables_[static_cast<std::size_t>(kind)]; }
  const Table& of(WatchKind kind) const { return tables_[static_cast<std::size_t>(kind)]; }
  void collect(WatchKind kind, std::string_view path, std::vector<Watcher>& into);

  std::array<Table, watch_kind_count> tables_;
};

}  // namespace paddock::client
