#include "recipes/client/watch_registry.h"

#include <algorithm>

namespace paddock::client {
namespace {

constexpr bool is_one_shot(WatchKind kind) {
  return kind == WatchKind::data || kind == WatchKind::exist || kind == WatchKind::child;
}

/// The kinds that a WatcherType covers.
std::vector<WatchKind> kinds_of(WatcherType type) {
  switch (type) {
    case WatcherType::children:
      return {WatchKind::child};
    case WatcherType::data:
      return {WatchKind::data, WatchKind::exist};
    case WatcherType::any:
      return {WatchKind::data, WatchKind::exist, WatchKind::child, WatchKind::persistent,
              WatchKind::recursive};
    case WatcherType::persistent:
      return {WatchKind::persistent};
    case WatcherType::persistent_recursive:
      return {WatchKind::recursive};
  }
  return {};
}

/// "/a/b" -> "/a" -> "/" -> "".
std::string_view parent_of(std::string_view path) {
  if (path.size() <= 1) return {};
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

}  // namespace

void WatchRegistry::add(WatchKind kind, std::string_view path, const Watcher& watcher) {
  std::vector<Watcher>& watchers = of(kind)[std::string(path)];
  if (std::find(watchers.begin(), watchers.end(), watcher) == watchers.end())
    watchers.push_back(watcher);
}

void WatchRegistry::collect(WatchKind kind, std::string_view path, std::vector<Watcher>& into) {
  Table& table = of(kind);
  if (table.empty()) return;
  const auto at = table.find(path);
  if (at == table.end()) return;
  for (const Watcher& watcher : at->second) {
    if (std::find(into.begin(), into.end(), watcher) == into.end()) into.push_back(watcher);
  }
  if (is_one_shot(kind)) table.erase(at);
}

std::vector<Watcher> WatchRegistry::take(EventType type, std::string_view path) {
  std::vector<Watcher> watchers;
  if (type == EventType::watch_lost) return watchers;
  if (type != EventType::node_children_changed) {
    collect(WatchKind::data, path, watchers);
    collect(WatchKind::exist, path, watchers);
  }
  if (type == EventType::node_children_changed || type == EventType::node_deleted)
    collect(WatchKind::child, path, watchers);
  collect(WatchKind::persistent, path, watchers);
  // A recursive watch never tells of child lists: the children's own events come.
  if (type != EventType::node_children_changed && has_recursive()) {
    for (std::string_view at = path; !at.empty(); at = parent_of(at))
      collect(WatchKind::recursive, at, watchers);
  }
  return watchers;
}

WatchRegistry::Removed WatchRegistry::remove(std::string_view path, WatcherType type,
                                             const Watcher& watcher) {
  Removed removed;
  for (const WatchKind kind : kinds_of(type)) {
    Table& table = of(kind);
    const auto at = table.find(path);
    if (at == table.end()) continue;
    const std::size_t erased =
        watcher ? std::erase(at->second, watcher) : std::exchange(at->second, {}).size();
    removed.found |= erased != 0;
    if (at->second.empty()) table.erase(at);
  }
  removed.is_last = !has(path, type);
  return removed;
}

bool WatchRegistry::has(std::string_view path, WatcherType type) const {
  const std::vector<WatchKind> kinds = kinds_of(type);
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](WatchKind kind) { return of(kind).find(path) != of(kind).end(); });
}

std::vector<std::pair<Watcher, std::string>> WatchRegistry::take_all() {
  std::vector<std::pair<Watcher, std::string>> all;
  for (Table& table : tables_) {
    for (const auto& [path, watchers] : table) {
      for (const Watcher& watcher : watchers) all.emplace_back(watcher, path);
    }
    table.clear();
  }
  // Once for a watcher and a path, whatever kinds it was there for.
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<proto::SetWatches2Request> WatchRegistry::set_watches(Zxid relative_zxid,
                                                                  std::size_t bytes_max) const {
  constexpr std::size_t length_word = 4;
  std::vector<proto::SetWatches2Request> pieces;
  std::size_t bytes = bytes_max;
  const auto add_path = [&](WatchKind kind, const std::string& path) {
    if (pieces.empty() || bytes + path.size() + length_word > bytes_max) {
      pieces.emplace_back().relative_zxid = relative_zxid;
      bytes = proto::detail::wire_bytes_min<proto::SetWatches2Request>();
    }
    proto::SetWatches2Request& piece = pieces.back();
    proto::Vector<proto::Ustring>* const lists[] = {&piece.data, &piece.exist, &piece.child,
                                                    &piece.persistent, &piece.persistent_recursive};
    lists[static_cast<std::size_t>(kind)]->items.emplace_back(path);
    bytes += path.size() + length_word;
  };
  for (std::size_t kind = 0; kind < watch_kind_count; ++kind) {
    for (const auto& entry : tables_[kind]) add_path(static_cast<WatchKind>(kind), entry.first);
  }
  return pieces;
}

bool WatchRegistry::empty() const {
  return std::all_of(tables_.begin(), tables_.end(), [](const Table& t) { return t.empty(); });
}

}  // namespace paddock::client
