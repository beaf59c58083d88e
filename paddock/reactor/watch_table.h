#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "core/ring_queue.h"
#include "paddock/reactor/index_table.h"
#include "paddock/reactor/slab.h"

namespace paddock::reactor {

/// How a connection watches a path; bits, because several modes of one connection and path coexist
/// (ZooKeeper 3.9).
enum WatchBits : std::uint8_t {
  watch_data = 1,        ///< one-shot, data table: getData, exists
  watch_child = 2,       ///< one-shot, child table: getChildren
  watch_persistent = 4,  ///< addWatch mode 0: both tables
  watch_recursive = 8,   ///< addWatch mode 1: data table, the whole subtree
};
inline constexpr std::uint8_t watch_data_table = watch_data | watch_persistent | watch_recursive;
inline constexpr std::uint8_t watch_child_table = watch_child | watch_persistent;
inline constexpr std::uint8_t watch_any = watch_data_table | watch_child_table;

/// The chain of a client's watches; in the client, touched by the table only.
struct ClientWatches {
  std::uint32_t first = UINT32_MAX;
  std::uint32_t count = 0;
};

/// The watches of one reactor's connections: one entry for each pair of connection and path, in a
/// list of the path and in a list of the connection, found by the pair through a hash table.
///
/// A one-shot watch that has fired is usually set again soon, by the read that the notification
/// causes. So it keeps its entry for a while and rests: without modes, out of its path's list, and
/// nobody who asks for watches is told of it. That spares firing and setting most of their work,
/// which is all over the memory.
///
/// Memory: 24 bytes an entry and 11 to 21 in the hash table, so 45 at most where paths are shared,
/// and some 4 of what has fired in the last seconds; a path costs as much again and its text.
///
/// Threads: loop-local. What a watch is told is for Fanout to decide.
class WatchTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Watch {
    std::uint32_t path : 31 = path_count_max;
    std::uint32_t is_queued : 1 = 0;  ///< in resting_
    std::uint32_t client : 28 = 0;    ///< ConnectionId::index
    std::uint32_t bits : 4 = 0;       ///< WatchBits; none: it rests
    std::uint32_t next_in_path = none;
    std::uint32_t previous_in_path = none;
    std::uint32_t next_of_client = none;
    std::uint32_t previous_of_client = none;
  };
  struct Path {
    std::unique_ptr<char[]> text;
    std::uint32_t length = 0;
    std::uint32_t first = none;  ///< newest watch
    std::uint32_t recursive_count = 0;
    /// By Fanout and by watches that rest; a held path stays although nobody watches it.
    std::uint32_t held_count = 0;
  };
  struct Counts {
    std::int64_t data = 0;        ///< entries of the data table
    std::int64_t child = 0;       ///< entries of the child table
    std::int64_t persistent = 0;  ///< entries that are persistent or recursive, or both
  };

  WatchTable() = default;
  ~WatchTable();
  WatchTable(const WatchTable&) = delete;
  WatchTable& operator=(const WatchTable&) = delete;

  static constexpr std::uint32_t client_count_max = 1u << 28;
  static constexpr std::uint32_t path_count_max = (1u << 31) - 1;

  /// Adds modes to what the client has on this path; a new watch is in front of all others of the
  /// path. REQUIRES: client < client_count_max.
  void add(std::uint32_t client, ClientWatches& watches, std::string_view path, std::uint8_t bits);
  /// The modes that the client has on the path.
  std::uint8_t bits_of(std::uint32_t client, std::string_view path) const;
  /// Takes modes away; returns which of them were there.
  std::uint8_t remove(std::uint32_t client, ClientWatches& watches, std::string_view path,
                      std::uint8_t bits);
  void remove_all(std::uint32_t client, ClientWatches& watches);

  // --- For Fanout.
  /// Null-like `none` when nobody watches that path.
  std::uint32_t find_path(std::string_view path) const;
  // The way to a path and its first watch, for who has many to find in a row: three steps, each of
  // which fetches into the cache what the next one reads, and the last one what find_path() reads.
  /// Where find_path() begins. Its hash for the next step.
  std::uint64_t fetch_slot(std::string_view path) const;
  /// The path that is most likely the one, or none.
  std::uint32_t fetch_path(std::uint64_t hash) const;
  void fetch_first(std::uint32_t path) const;
  /// The client's watch on a path, or none.
  std::uint32_t find_watch(std::uint32_t client, std::uint32_t path) const;
  const Watch& watch(std::uint32_t index) const { return watches_[index]; }
  const Path& path(std::uint32_t index) const { return paths_[index]; }
  std::string_view text(std::uint32_t path) const {
    return {paths_[path].text.get(), paths_[path].length};
  }
  /// Whether a watch is likely to be set again.
  enum class Likely : std::uint8_t { again, no_more };
  /// Takes modes away from a watch, because it has fired. If none is left it rests, or goes at once
  /// if it is not likely to be set again.
  void use_up(std::uint32_t watch, ClientWatches& watches, std::uint8_t bits, Likely likely);
  /// Fetches into the cache what taking this watch away would touch. Returns the path's next one.
  std::uint32_t prefetch(std::uint32_t watch) const;
  /// The same for what using it up would.
  std::uint32_t prefetch_next(std::uint32_t watch) const {
    const std::uint32_t next = watches_[watch].next_in_path;
    if (next != none) __builtin_prefetch(&watches_[next], 1);
    return next;
  }
  void hold_path(std::uint32_t path) { ++paths_[path].held_count; }
  void drop_path(std::uint32_t path);
  /// A place in some path's list that moves on by itself when its watch is removed.
  std::uint32_t cursor = none;

  // --- Rest. The caller ticks every few seconds and sweeps until nothing is stale.
  bool has_resting() const { return !resting_.empty(); }
  bool has_stale() const { return stale_count_ != 0; }
  void tick() { stale_count_ = resting_.size(); }
  /// Takes out watches that have rested since before the last tick: looks at `count` at most.
  /// `watches_of(client)`: the client's ClientWatches.
  template <class WatchesOf>
  void sweep(std::size_t count, WatchesOf&& watches_of);

  // With those that rest.
  bool empty() const { return watches_.size() == 0; }
  std::size_t size() const { return watches_.size(); }
  /// Calls `visit(path)` for each strict ancestor of `text` that somebody watches recursively.
  template <class Visit>
  void visit_recursive_ancestors(std::string_view text, Visit&& visit_path) const {
    // By the lengths that watched paths have, not by the depth of `text`, which a client chooses.
    for (const auto& [length, count] : recursive_lengths_) {
      const bool is_root = length == 1;
      if (length >= text.size()) return;
      if (length == 0) continue;  // not a path, but a client may watch it
      if (!is_root && text[length] != '/') continue;
      const std::uint32_t above = find_path(text.substr(0, length));
      if (above != none && paths_[above].recursive_count != 0) visit_path(above);
    }
  }
  const Counts& counts() const { return counts_; }
  /// What the table has allocated, but for the texts of paths.
  std::size_t memory_bytes() const;
  /// Of a path's text, the same in all tables.
  static std::uint64_t hash_of(std::string_view path);
  /// Calls `visit(watch)` for all of a client's.
  template <class Visit>
  void visit(const ClientWatches& of, Visit&& visit) const {
    for (std::uint32_t at = of.first; at != none; at = watches_[at].next_of_client)
      if (watches_[at].bits != 0) visit(watches_[at]);
  }

 private:
  static std::uint64_t hash_of(std::uint32_t client, std::uint32_t path);
  std::uint32_t find_or_make_path(std::string_view path);
  void forget_path_if_unused(std::uint32_t path);
  void set_bits(Watch& watch, std::uint8_t bits);
  void enter_path(std::uint32_t index);
  void leave_path(std::uint32_t index);
  void erase(std::uint32_t index, ClientWatches& watches);

  Slab<Watch> watches_;
  Slab<Path> paths_;
  IndexTable by_client_and_path_;  ///< watches
  IndexTable by_text_;             ///< paths
  /// Watches that rested when they came in here, the oldest first; one that is set again stays
  /// until it is its turn. An index whose place was freed meanwhile is known by is_queued.
  core::RingQueue<std::uint32_t> resting_;
  std::size_t stale_count_ = 0;  ///< of these: those that were here at the last tick
  Counts counts_;
  std::map<std::uint32_t, std::uint32_t> recursive_lengths_;  ///< of watched paths, and how many
};

template <class WatchesOf>
void WatchTable::sweep(std::size_t count, WatchesOf&& watches_of) {
  constexpr std::size_t ahead = 4;
  for (; count != 0 && stale_count_ != 0; --count, --stale_count_) {
    if (stale_count_ > 2 * ahead) __builtin_prefetch(&watches_[resting_.at(2 * ahead)], 1);
    if (stale_count_ > ahead) prefetch(resting_.at(ahead));
    const std::uint32_t index = resting_.front();
    resting_.pop_front();
    Watch& watch = watches_[index];
    if (watch.is_queued == 0) continue;
    watch.is_queued = 0;
    if (watch.bits == 0) erase(index, watches_of(std::uint32_t{watch.client}));
  }
}

}  // namespace paddock::reactor
