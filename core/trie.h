#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/acl.h"
#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/block_cache.h"
#include "core/epoch.h"
#include "core/node_table.h"
#include "core/pins.h"
#include "core/ring_queue.h"
#include "core/znode.h"

/// The multi-version trie: the whole tree of znodes as every reader's own snapshot sees it, without
/// a lock, while one writer prepares what comes next.
///
/// The picture
///
///     table: path hash ──► Znode /a/b ──newest──► Version 57 ──older──► Version 41 ──► ...
///                            │ parent               not committed        what S in [41, 57) sees
///                            ▼
///                          Znode /a ──first_child──► newest child ──next_sibling──► ...
///
/// A znode has an address that stays, and a chain of versions, newest first. *Visible at S* is the
/// first version of the chain with zxid <= S, or nothing if there is none or it is a tombstone. A
/// child that appears or goes makes a new version of its parent as well (its pzxid, counters).
///
/// Guarantees
///
/// G1. A reader that has pinned S sees, through find(), visible() and ChildWalk, exactly the tree
///     after the transaction S: all of it, nothing newer, however long it keeps the pin.
/// G2. It sees that without waiting: no lock, no retry, no step that depends on the writer's speed.
///     A lookup costs one probe, the node, and its ancestors' names, whatever the depth.
/// G3. What it has found stays allocated until it leaves the epoch or announces quiescence; what is
///     visible at its pin, until it moves the pin, so a walk may be continued after quiescence from
///     a node that is visible.
/// G4. Nothing at or below the last sealed zxid changes, but that versions which no pin and no
///     later pin can see leave their chains (R1), and their memory is freed a grace period later
///     (R2).
/// G5. A transaction is undone without a trace for readers (R10): they never saw it, and memory
///     that they may be walking through waits its grace period too.
///
/// Why versions above committed_zxid need no atomics but two: readers skip them, looking at `zxid`
/// (constant) and `older` only. The rest is published by commit() and the reader's pin() [P1, P2].
///
/// Chains stay short: a version superseded within its own open batch is replaced rather than kept,
/// since no S can lie inside a batch (R3b); so a chain has a version for each batch in flight that
/// touches the node and one for each pin. A node that only has its tombstone left leaves the table
/// and its parent's child list.
///
/// Order of memory: every non-seq_cst atomic names its partner by label. [T1] table pointer,
/// [T2] slot, [T3] newest, [T4] child list, [T5] older; [P1, P2] in pins.h, [E1, E2] in epoch.h.
///
/// May be called together:
///                                   | readers' calls, | begin..keep/undo, commit,
///                                   | other threads   | reclaim, other thread
///   find, visible, ChildWalk,       | yes             | yes, under pin and epoch
///     SnapshotCursor                |                 |
///   newest, find_child, begin..undo,| yes             | no: one thread
///     seal, commit, reclaim, load   |                 |
namespace paddock::core {

/// Threads: one writer, readers under an epoch.
class Trie {
 public:
  /// Names longer than this cannot be stored (the writer's caller refuses them).
  static constexpr std::size_t name_bytes_max = (1u << 31) - 1;

  struct Options {
    std::uint32_t reader_count_max = 16;
  };
  /// A root node at zxid 0 with an empty version and an empty ACL; all else is the caller's.
  explicit Trie(const Options& options);
  ~Trie();  ///< No reader may be left.
  Trie(const Trie&) = delete;
  Trie& operator=(const Trie&) = delete;

  // --- Readers (inside epoch(), with a pin where a snapshot is named), and the writer.

  /// The node of a path, whatever it is now. "" and "/" are the root. There is no validation: a
  /// path that no node can have (no leading slash, a trailing or a double one) is simply not found.
  const Znode* find(std::string_view path) const;
  /// Brings what find() and visible() will read for these paths into the cache, for who has several
  /// lookups in a row. The steps to a node are made for all paths together: in a large tree each
  /// one misses the TLB, which holds a prefetch up, but the processor walks the page tables for
  /// several that stand close together at the same time. Those past fetch_max are left out.
  void fetch(std::span<const std::string_view> paths) const;
  static constexpr std::size_t fetch_max = 16;
  /// What `node` is at `snapshot`; null if it does not exist there. Lives as long as the pin.
  static const Version* visible(const Znode& node, Zxid snapshot) {
    // acquire; pairs with [T3] in publish(): the version's zxid and older.
    const Version* at = node.newest_.load(std::memory_order_acquire);
    // acquire; pairs with [T5] in collect_versions() and publish().
    while (at != nullptr && at->zxid > snapshot.value)
      at = at->older.load(std::memory_order_acquire);
    return at == nullptr || at->is_tombstone() ? nullptr : at;
  }
  /// Both in one.
  const Version* find_visible(std::string_view path, Zxid snapshot) const {
    const Znode* node = find(path);
    return node == nullptr ? nullptr : visible(*node, snapshot);
  }
  const Znode& root() const { return *root_; }

  Pins& pins() { return pins_; }
  const Pins& pins() const { return pins_; }
  Epoch& epoch() { return epoch_; }

  // --- The writer: the newest state, pending versions included.

  Znode* find(std::string_view path) {
    return const_cast<Znode*>(static_cast<const Trie*>(this)->find(path));
  }
  Znode& root() { return *root_; }
  /// Null if there is no node, whatever its versions say.
  Znode* find_child(const Znode& parent, std::string_view name) const {
    return find_child(parent, name, child_hash(parent.path_hash_, name));
  }
  /// The newest version, or null if the node does not exist any more.
  static const Version* newest(const Znode& node) {
    // relaxed: only the writer stores.
    const Version* at = node.newest_.load(std::memory_order_relaxed);
    return at->is_tombstone() ? nullptr : at;
  }
  /// The transaction that made, changed or removed the node last, the open one included.
  static Zxid last_change(const Znode& node) {
    // relaxed: only the writer stores.
    return Zxid{node.newest_.load(std::memory_order_relaxed)->zxid};
  }
  /// Calls `visit(Znode&)` for each node that exists in the newest state, in no order.
  template <class Visit>
  void visit_all(Visit&& visit);

  AclTable& acls() { return acls_; }

  // --- The writer: one transaction at a time, begin() ... keep() or undo(). Between the two
  // commit() and reclaim() may be called, seal() not: replaced versions of the open batch (R3b) are
  // out of their chains already.

  /// REQUIRES: no transaction is open; zxid > newest_zxid().
  void begin(Zxid zxid);
  /// The newest version of a node that exists, as this transaction's own: a copy with its zxid and
  /// with Rare, that the caller changes. The same one when called again, unless the data was set in
  /// between.
  Version& edit(Znode& node);
  enum class Mzxid : std::uint8_t { moves, stays };
  /// The same with other data; its mzxid is this transaction's if it `moves`. There may be no Rare.
  Version& edit_data(Znode& node, std::optional<Bytes> data, Mzxid mzxid = Mzxid::moves);
  /// A child that did not exist (CHECKed), created by this transaction. Its version has this data,
  /// ACL (retained) and owner, and zeros otherwise: the caller fills in the rest by created(), and
  /// edits the parent.
  Znode& add_child(Znode& parent, std::string_view name, std::optional<Bytes> data, const Acl* acl,
                   std::int64_t owner = 0);
  /// The version of a node that this transaction has added. There may be no Rare.
  Version& created(Znode& node);
  /// Makes a node that exists, and has no children that exist, a tombstone. The caller edits the
  /// parent.
  void remove(Znode& node);
  /// The transaction stands.
  void keep();
  /// It never was: every node is as it was at begin().
  void undo();
  bool is_open() const { return open_; }

  Zxid newest_zxid() const { return Zxid{newest_zxid_}; }  ///< of the last transaction kept
  Zxid sealed_zxid() const { return Zxid{sealed_zxid_}; }

  /// Ends the open batch: from now on nothing at or below newest_zxid() is replaced (R3b).
  /// REQUIRES: no transaction is open.
  void seal();
  /// Readers may see `zxid` from now on. REQUIRES: the end of a sealed batch, not below the last
  /// one.
  void commit(Zxid zxid);
  /// Unlinks what nobody can see and frees what nobody can reach: some 300 nodes a call, more if
  /// there is much to do. True if there may be more to do now.
  bool reclaim();

  // --- Recovery: before any reader or transaction.

  /// The version of the node at `path`, made if it is missing, for the caller to fill in: without
  /// Rare at its `mzxid`, or with it at zxid 0. Ancestors that are not there yet are made as
  /// tombstones, to be loaded later. Null: not a path.
  Version* load_node(std::string_view path, std::optional<Bytes> data, const Acl* acl,
                     std::optional<Zxid> mzxid = std::nullopt);
  /// What load_node() has made for this node; it has Rare and the zxid 0 from now on.
  Version& edit_loaded(Znode& node);
  /// All that is loaded is the state after `zxid`: sealed, committed.
  void start_at(Zxid zxid);

  // --- Figures, for tests and metrics. Threads: the writer's.
  std::size_t node_table_size() const { return table_.size(); }  ///< tombstones included
  std::size_t node_table_bytes() const { return table_.bytes(); }
  std::size_t nodes_waiting() const { return queue_.size() + held_count_; }  ///< to be collected
  std::size_t version_count() const { return version_count_; }  ///< in chains or in an undo list

 private:
  friend class SnapshotCursor;

  struct Undo {
    Znode* node;
    Version* before;  // newest at begin(); null: the node was added
  };
  struct Waiting {
    Znode* node;
    std::int64_t zxid;  // nothing to do for it before this is committed
  };
  /// The nodes that one place of Pins holds back, oldest first; the first `released` of them may go
  /// on, because it pins something else now.
  struct HeldNodes {
    std::int64_t pin = Pins::none;  // what the others were held back by
    std::size_t released = 0;
    std::deque<Znode*> nodes;
  };

  static std::uint64_t child_hash(std::uint64_t parent_hash, std::string_view name);
  /// Of the node that this path would name; nullopt if it cannot name one.
  std::optional<std::uint64_t> hash_path(std::string_view path) const;

  Znode* make_node(Znode* parent, std::string_view name, std::uint64_t hash);
  static void destroy_node(void* trie, void* node);
  enum class Fields : std::uint8_t { usual, all };  // without or with Rare
  /// `from`: all but the data is copied from there; may be null.
  Version* make_version(std::int64_t zxid, const Version* from, std::optional<Bytes> data,
                        Fields fields);
  Version* copy_version(std::int64_t zxid, const Version& from);  // with Rare
  Version* allocate_version(std::int64_t zxid, const Version* from, std::size_t tail_bytes,
                            Fields fields);
  static void destroy_version(void* trie, void* version);
  void retire(Version* version);

  void publish(Znode& node, Version* version);
  void link(Znode& node);
  void unlink(Znode& node);

  static std::uint8_t held_flag(std::size_t place) {
    return place % 2 == 0 ? Znode::held_by_turn : Znode::held_by_hold;
  }
  void release_moved(const Pins::Scan& scan);
  Znode* take_released(std::uint8_t& flag);
  void fetch_ahead();
  void collect(Znode& node, std::uint8_t from, const Pins::Scan& scan);
  void bury(Znode& node);
  void hold_back(Znode& node, const Pins::Pinned& by);
  void enqueue(Znode& node, std::int64_t zxid);
  void forget(Znode& node, std::uint8_t flag);

  Znode* find_child(const Znode& parent, std::string_view name, std::uint64_t hash) const;
  Znode& find_or_make(Znode& parent, std::string_view name);
  void load_version(Znode& node, Version* version);

  BlockCache blocks_;  // of nodes and versions; before epoch_, which fills it to its end
  Epoch epoch_;
  Pins pins_;
  AclTable acls_;
  NodeTable table_;
  Znode* root_;

  std::int64_t newest_zxid_ = 0;
  std::int64_t sealed_zxid_ = 0;
  std::int64_t txn_zxid_ = 0;
  bool open_ = false;
  std::vector<Undo> undo_;

  RingQueue<Waiting> queue_;        // each node at most once
  std::vector<HeldNodes> held_;     // by Pins::Pinned::place
  std::size_t held_count_ = 0;      // in all of held_
  std::size_t released_count_ = 0;  // of these
  std::size_t version_count_ = 0;
  std::size_t enqueued_count_ = 0;  // since the last reclaim()
  std::uint64_t retired_seen_ = 0;  // Epoch::retired_total() at the last reclaim()
};

/// The children of a node that are visible at a snapshot, newest first. May be kept over quiescence
/// (not over unpinning): between calls it stands on a child that is visible.
///
/// Threads: one reader, under pin and epoch.
class ChildWalk {
 public:
  ChildWalk(const Znode& parent, Zxid snapshot) : parent_(&parent), snapshot_(snapshot) {}
  /// The next visible child, or null. Not to be called again after that.
  const Znode* next() {
    // acquire; pairs with [T4] in link() and unlink().
    const Znode* at = last_ == nullptr ? parent_->first_child_.load(std::memory_order_acquire)
                                       : last_->next_sibling_.load(std::memory_order_acquire);
    while (at != nullptr) {
      const Znode* following = at->next_sibling_.load(std::memory_order_acquire);  // [T4]
      // A child costs two misses, node and version: the next one's come while this one is judged.
      if (following != nullptr) __builtin_prefetch(following);
      if (Trie::visible(*at, snapshot_) != nullptr) break;
      at = following;
    }
    last_ = at;
    return at;
  }

 private:
  const Znode* parent_;
  const Znode* last_ = nullptr;
  Zxid snapshot_;
};

/// Walks the whole tree at a snapshot, in no order, for the on-disk snapshot (R17): the pin must be
/// held from before the construction to the end, but the epoch is only held inside one shard.
///
/// Threads: one reader at a time, under its pin and outside of the epoch.
class SnapshotCursor {
 public:
  using Visit = std::function<void(const Znode&, const Version&)>;

  /// `reader`: the caller's number in the epoch.
  SnapshotCursor(Trie& trie, Zxid snapshot, std::uint32_t reader)
      : trie_(trie), snapshot_(snapshot), reader_(reader) {}

  /// Visits all nodes of the next shard; false if there was none left. What `visit` gets
  /// lives as long as the pin.
  bool visit_shard(const Visit& visit);

 private:
  Trie& trie_;
  Zxid snapshot_;
  std::uint32_t reader_;
  std::size_t shard_ = 0;
};

template <class Visit>
void Trie::visit_all(Visit&& visit) {
  for (std::size_t shard = 0; shard < NodeTable::shard_count; ++shard)
    table_.visit_shard(shard, [&](Znode& node) {
      if (newest(node) != nullptr) visit(node);
    });
}

}  // namespace paddock::core
