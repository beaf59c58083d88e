#include "paddock/reactor/watch_table.h"

#include <xxhash.h>

#include <cstring>

namespace paddock::reactor {

WatchTable::~WatchTable() = default;

std::uint64_t WatchTable::hash_of(std::string_view path) {
  return XXH3_64bits(path.data(), path.size());
}

std::uint64_t WatchTable::hash_of(std::uint32_t client, std::uint32_t path) {
  const std::uint32_t key[] = {client, path};
  return XXH3_64bits(key, sizeof key);
}

std::uint32_t WatchTable::find_path(std::string_view path) const {
  return by_text_.find(hash_of(path), [&](std::uint32_t at) { return text(at) == path; });
}

std::uint64_t WatchTable::fetch_slot(std::string_view path) const {
  const std::uint64_t hash = hash_of(path);
  by_text_.prefetch(hash);
  return hash;
}

std::uint32_t WatchTable::fetch_path(std::uint64_t hash) const {
  const std::uint32_t at = by_text_.find_likely(hash);
  if (at != none) __builtin_prefetch(&paths_[at], 1);
  return at;
}

void WatchTable::fetch_first(std::uint32_t index) const {
  const Path& path = paths_[index];
  __builtin_prefetch(path.text.get());
  if (path.first != none) __builtin_prefetch(&watches_[path.first], 1);
}

std::uint32_t WatchTable::find_or_make_path(std::string_view path) {
  const std::uint32_t found = find_path(path);
  if (found != none) return found;
  const std::uint32_t index = paths_.allocate();
  Path& made = paths_[index];
  made.text.reset(new char[path.size()]);
  if (!path.empty()) std::memcpy(made.text.get(), path.data(), path.size());
  made.length = static_cast<std::uint32_t>(path.size());
  by_text_.insert(hash_of(path), index);
  return index;
}

void WatchTable::forget_path_if_unused(std::uint32_t index) {
  const Path& path = paths_[index];
  if (path.first != none || path.held_count != 0) return;
  by_text_.erase(hash_of(text(index)), index);
  paths_.free(index);
}

void WatchTable::drop_path(std::uint32_t path) {
  CHECK(paths_[path].held_count > 0);
  --paths_[path].held_count;
  forget_path_if_unused(path);
}

std::uint32_t WatchTable::find_watch(std::uint32_t client, std::uint32_t path) const {
  return by_client_and_path_.find(hash_of(client, path), [&](std::uint32_t at) {
    return watches_[at].client == client && watches_[at].path == path;
  });
}

std::uint8_t WatchTable::bits_of(std::uint32_t client, std::string_view path) const {
  const std::uint32_t at = find_path(path);
  if (at == none) return 0;
  const std::uint32_t watch = find_watch(client, at);
  return watch != none ? static_cast<std::uint8_t>(watches_[watch].bits) : std::uint8_t{0};
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
  watch.bits = bits & watch_any;
}

void WatchTable::add(std::uint32_t client, ClientWatches& watches, std::string_view text,
                     std::uint8_t bits) {
  CHECK(client < client_count_max);
  const std::uint32_t path = find_or_make_path(text);
  std::uint32_t index = find_watch(client, path);
  if (index == none) {
    CHECK(path < path_count_max);
    index = watches_.allocate();
    Watch& made = watches_[index];
    made.path = path & path_count_max;
    made.client = client & (client_count_max - 1);
    made.next_of_client = watches.first;
    if (made.next_of_client != none) watches_[made.next_of_client].previous_of_client = index;
    watches.first = index;
    ++watches.count;
    by_client_and_path_.insert(hash_of(client, path), index);
    enter_path(index);
  } else if (watches_[index].bits == 0) {
    --paths_[path].held_count;
    enter_path(index);
  }
  Watch& watch = watches_[index];
  set_bits(watch, watch.bits | bits);
}

void WatchTable::enter_path(std::uint32_t index) {
  Watch& watch = watches_[index];
  Path& path = paths_[watch.path];
  watch.previous_in_path = none;
  watch.next_in_path = path.first;
  if (path.first != none) watches_[path.first].previous_in_path = index;
  path.first = index;
}

void WatchTable::leave_path(std::uint32_t index) {
  const Watch& watch = watches_[index];
  if (cursor == index) cursor = watch.next_in_path;
  if (watch.previous_in_path == none)
    paths_[watch.path].first = watch.next_in_path;
  else
    watches_[watch.previous_in_path].next_in_path = watch.next_in_path;
  if (watch.next_in_path != none)
    watches_[watch.next_in_path].previous_in_path = watch.previous_in_path;
}

/// Of a watch that has no modes and has left its path, on which it has a hold.
void WatchTable::erase(std::uint32_t index, ClientWatches& watches) {
  const Watch& watch = watches_[index];
  DCHECK(watch.bits == 0);
  if (watch.previous_of_client == none)
    watches.first = watch.next_of_client;
  else
    watches_[watch.previous_of_client].next_of_client = watch.next_of_client;
  if (watch.next_of_client != none)
    watches_[watch.next_of_client].previous_of_client = watch.previous_of_client;
  --watches.count;
  by_client_and_path_.erase(hash_of(watch.client, watch.path), index);
  drop_path(watch.path);
  watches_.free(index);
}

void WatchTable::use_up(std::uint32_t index, ClientWatches& watches, std::uint8_t bits,
                        Likely likely) {
  Watch& watch = watches_[index];
  if (watch.bits != 0) {
    set_bits(watch, watch.bits & static_cast<std::uint8_t>(~bits));
    if (watch.bits != 0) return;
    leave_path(index);
    hold_path(watch.path);
  }
  if (likely == Likely::no_more) return erase(index, watches);
  if (watch.is_queued != 0) return;
  watch.is_queued = 1;
  resting_.push_back(index);
}

std::uint32_t WatchTable::prefetch(std::uint32_t index) const {
  const Watch& watch = watches_[index];
  for (const std::uint32_t at :
       {watch.next_in_path, watch.next_of_client, watch.previous_of_client})
    if (at != none) __builtin_prefetch(&watches_[at], 1);
  by_client_and_path_.prefetch(hash_of(watch.client, watch.path));
  return watch.next_in_path;
}

std::size_t WatchTable::memory_bytes() const {
  return watches_.memory_bytes() + paths_.memory_bytes() + by_client_and_path_.memory_bytes() +
         by_text_.memory_bytes() + resting_.memory_bytes();
}

std::uint8_t WatchTable::remove(std::uint32_t client, ClientWatches& watches, std::string_view text,
                                std::uint8_t bits) {
  const std::uint32_t path = find_path(text);
  if (path == none) return 0;
  const std::uint32_t index = find_watch(client, path);
  if (index == none) return 0;
  const std::uint8_t were_there = watches_[index].bits & bits;
  if (were_there == 0) return 0;
  use_up(index, watches, bits, Likely::no_more);
  return were_there;
}

void WatchTable::remove_all([[maybe_unused]] std::uint32_t client, ClientWatches& watches) {
  while (watches.first != none) {
    DCHECK(watches_[watches.first].client == client);
    use_up(watches.first, watches, watch_any, Likely::no_more);
  }
}

}  // namespace paddock::reactor
