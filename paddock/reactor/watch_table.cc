#include "paddock/reactor/watch_table.h"

#include <xxhash.h>

#include <cstring>

namespace paddock::reactor {

WatchTable::~WatchTable() = default;

std::uint64_t WatchTable::hash_of(std::string_view path) {
  const std::uint64_t hash = XXH3_64bits(path.data(), path.size());
  return hash != 0 ? hash : 1;
}

std::uint32_t WatchTable::find_path(std::string_view path) const {
  const std::uint32_t* found = by_hash_.find(hash_of(path));
  if (found == nullptr) return none;
  for (std::uint32_t at = *found; at != none; at = paths_[at].next_same_hash)
    if (text(at) == path) return at;
  return none;
}

std::uint32_t WatchTable::find_or_make_path(std::string_view path) {
  const std::uint32_t found = find_path(path);
  if (found != none) return found;
  const std::uint32_t index = paths_.allocate();
  Path& made = paths_[index];
  made.text.reset(new char[path.size()]);
  if (!path.empty()) std::memcpy(made.text.get(), path.data(), path.size());
  made.length = static_cast<std::uint32_t>(path.size());
  made.hash = hash_of(path);
  if (std::uint32_t* first = by_hash_.find(made.hash)) {
    made.next_same_hash = *first;
    *first = index;
  } else {
    by_hash_.insert(made.hash, index);
  }
  return index;
}

void WatchTable::forget_path_if_unused(std::uint32_t index) {
  Path& path = paths_[index];
  if (path.watch_count != 0 || path.held_count != 0) return;
  std::uint32_t* first = by_hash_.find(path.hash);
  CHECK(first != nullptr);
  if (*first == index) {
    if (path.next_same_hash == none)
      by_hash_.erase(path.hash);
    else
      *first = path.next_same_hash;
  } else {
    std::uint32_t at = *first;
    while (paths_[at].next_same_hash != index) at = paths_[at].next_same_hash;
    paths_[at].next_same_hash = path.next_same_hash;
  }
  paths_.free(index);
}

void WatchTable::drop_path(std::uint32_t path) {
  CHECK(paths_[path].held_count > 0);
  --paths_[path].held_count;
  forget_path_if_unused(path);
}

std::uint32_t WatchTable::find_watch(std::uint32_t client, std::uint32_t path) const {
  const std::uint32_t* found = by_client_and_path_.find(key_of(client, path));
  return found != nullptr ? *found : none;
}

std::uint8_t WatchTable::bits_of(std::uint32_t client, std::string_view path) const {
  const std::uint32_t at = find_path(path);
  if (at == none) return 0;
  const std::uint32_t watch = find_watch(client, at);
  return watch != none ? watches_[watch].bits : std::uint8_t{0};
}

/// Changes the modes and all that is counted of them.
void WatchTable::set_bits(Watch& watch, std::uint8_t bits) {
  auto change = [&](std::uint8_t table) {
    return static_cast<std::int64_t>((bits & table) != 0) - ((watch.bits & table) != 0);
  };
  counts_.data += change(watch_data_table);
  counts_.child += change(watch_child_table);
  counts_.persistent += change(watch_persistent | watch_recursive);
  Path& path = paths_[watch.path];
  if (change(watch_recursive) > 0) {
    ++path.recursive_count;
    ++recursive_lengths_[path.length];
  } else if (change(watch_recursive) < 0) {
    --path.recursive_count;
    const auto at = recursive_lengths_.find(path.length);
    if (--at->second == 0) recursive_lengths_.erase(at);
  }
  watch.bits = bits;
}

void WatchTable::add(std::uint32_t client, ClientWatches& watches, std::string_view text,
                     std::uint8_t bits) {
  const std::uint32_t path = find_or_make_path(text);
  std::uint32_t index = find_watch(client, path);
  if (index == none) {
    index = watches_.allocate();
    Watch& made = watches_[index];
    made.path = path;
    made.client = client;
    made.next_in_path = paths_[path].first;
    if (made.next_in_path != none) watches_[made.next_in_path].previous_in_path = index;
    paths_[path].first = index;
    ++paths_[path].watch_count;
    made.next_of_client = watches.first;
    if (made.next_of_client != none) watches_[made.next_of_client].previous_of_client = index;
    watches.first = index;
    ++watches.count;
    by_client_and_path_.insert(key_of(client, path), index);
  }
  Watch& watch = watches_[index];
  set_bits(watch, watch.bits | bits);
}

void WatchTable::unlink(std::uint32_t index, ClientWatches& watches) {
  Watch& watch = watches_[index];
  Path& path = paths_[watch.path];
  if (cursor == index) cursor = watch.next_in_path;
  if (watch.previous_in_path == none)
    path.first = watch.next_in_path;
  else
    watches_[watch.previous_in_path].next_in_path = watch.next_in_path;
  if (watch.next_in_path != none)
    watches_[watch.next_in_path].previous_in_path = watch.previous_in_path;
  --path.watch_count;
  if (watch.previous_of_client == none)
    watches.first = watch.next_of_client;
  else
    watches_[watch.previous_of_client].next_of_client = watch.next_of_client;
  if (watch.next_of_client != none)
    watches_[watch.next_of_client].previous_of_client = watch.previous_of_client;
  --watches.count;
  by_client_and_path_.erase(key_of(watch.client, watch.path));
  forget_path_if_unused(watch.path);
  watches_.free(index);
}

void WatchTable::take_bits(std::uint32_t index, ClientWatches& watches, std::uint8_t bits) {
  Watch& watch = watches_[index];
  set_bits(watch, watch.bits & static_cast<std::uint8_t>(~bits));
  if (watch.bits == 0) unlink(index, watches);
}

std::uint8_t WatchTable::remove(std::uint32_t client, ClientWatches& watches, std::string_view text,
                                std::uint8_t bits) {
  const std::uint32_t path = find_path(text);
  if (path == none) return 0;
  const std::uint32_t index = find_watch(client, path);
  if (index == none) return 0;
  const std::uint8_t were_there = watches_[index].bits & bits;
  take_bits(index, watches, bits);
  return were_there;
}

void WatchTable::remove_all([[maybe_unused]] std::uint32_t client, ClientWatches& watches) {
  while (watches.first != none) {
    DCHECK(watches_[watches.first].client == client);
    take_bits(watches.first, watches, watch_any);
  }
}

}  // namespace paddock::reactor
