#include "recipes/tree_cache.h"

#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <utility>

#include "recipes/client/retry.h"
#include "recipes/tree_store.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::size_t nodes_per_read = 64;
constexpr std::size_t reads_max = 16;
/// After so many replies without a cut, what has changed since the last cut is read together, in
/// one read if it is not more than this: then only a change of yet another node can spoil the cut.
constexpr std::size_t crowded_replies = 4;
constexpr std::size_t crowded_nodes_max = 1024;
constexpr Zxid no_change{std::numeric_limits<std::int64_t>::max()};
/// Before a read that the server refused as a whole is tried again.
constexpr Milliseconds refused_wait{200};

}  // namespace

/// The state machine. A path is in `dirty_` when what is known of it may be out of date, and in
/// `reading_` while a read of it is under way; everything else is exact as of the last reply. All
/// of that belongs to the I/O thread.
class TreeCache::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, std::string root, Options options)
      : client_(client),
        root_(std::move(root)),
        options_(std::move(options)),
        is_one_shot_(options_.one_shot_watches) {}

  const std::string& root() const { return root_; }
  bool is_current() const { return is_current_; }

  const TreeStore& store() const { return store_; }

  /// On the connection of a sync whose reply has just come: behind all events before it.
  void synced(const Promise<void>& promise) {
    if (is_clean()) return promise.set({});
    due_.push_back(promise);
  }

  void start() {
    watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent& event) {
      if (const auto core = weak.lock()) core->watch_fired(event);
    });
  }

  void stop() {
    if (is_one_shot_) {
      client_.remove_watches(root_, WatcherType::any, watcher_);
      const TreeSnapshotPtr snapshot = store_.snapshot();
      if (!snapshot) return;
      for (const auto& [path, node] : snapshot->nodes()) {
        if (path != root_) client_.remove_watches(path, WatcherType::any, watcher_);
      }
    } else {
      client_.remove_watches(
          root_, is_recursive() ? WatcherType::persistent_recursive : WatcherType::persistent,
          watcher_);
    }
  }

  void session_changed(const SessionEvent& event) {
    is_connected_ = event.state == SessionState::connected;
    if (is_connected_) {
      set_ended(Error::ok);
      if (std::exchange(session_, event.session) != event.session) is_watch_set_ = false;
      set_watch();
      read_all();
    } else if (event.state == SessionState::expired) {
      // Unless the client goes on with a new one.
      client_.io_loop()->post([weak = weak_from_this()] {
        const auto core = weak.lock();
        if (core && core->client_.session().state == SessionState::expired) {
          core->set_ended(Error::session_expired);
        }
      });
    } else if (event.state == SessionState::auth_failed) {
      set_ended(Error::auth_failed);
    } else if (event.state == SessionState::closed) {
      set_ended(Error::client_closed);
    }
    update_current();
  }

 private:
  /// What is known of a path that is dirty or being read.
  struct Unread {
    bool wants_children = false;
    Zxid first = no_change;  ///< of the first change that has not been read; 0 = not known
    Zxid last{};             ///< of the newest; 0 = not known
  };

  bool is_recursive() const { return options_.depth_max > 0; }
  bool is_clean() const { return is_loaded_ && dirty_.empty() && reading_.empty(); }

  bool is_within_depth(std::string_view path, std::size_t depth_max) const {
    std::size_t depth = 0;
    const std::size_t start = root_ == "/" ? 0 : root_.size();
    if (path.size() > 1) {
      for (const char c : path.substr(start)) depth += c == '/' ? 1 : 0;
    }
    return depth <= depth_max;
  }

  // --- watching ---

  void set_watch() {
    if (is_watch_set_ || is_one_shot_) return;
    is_watch_set_ = true;
    client_.add_watch(
        root_, is_recursive() ? AddWatchMode::persistent_recursive : AddWatchMode::persistent,
        watcher_,
        [weak = weak_from_this(), &client = client_, root = root_,
         watcher = watcher_](Expected<void>& set) {
          const auto core = weak.lock();
          if (core && !set) core->watch_failed(set.error());
          // Nobody is left to remove it, and when stop() did it was not there yet.
          if (!core && set) client.remove_watches(root, WatcherType::any, watcher);
        });
  }

  void watch_failed(Error error) {
    is_watch_set_ = false;
    if (is_connection_error(error) || is_session_end(error)) return;  // `connected` tries again
    is_one_shot_ = true;
    if (is_connected_) read_all();
  }

  void watch_fired(const WatchedEvent& event) {
    // The next `connected` sets the watch again and reads everything.
    if (event.type == EventType::watch_lost) return;
    if (!is_within_depth(event.path, options_.depth_max)) return;
    if (event.type == EventType::node_children_changed && !is_one_shot_) return;
    // Of a node that is not known yet, as during the load, the children are not known either: its
    // read makes it known, and then nothing else asks for them.
    const bool is_known = find_newest(event.path) != nullptr;
    mark(event.path, is_one_shot_ || !is_known, event.zxid);
    pump();
    update_current();
  }

  void mark(std::string_view path, bool wants_children, Zxid zxid) {
    const Zxid known = zxid > Zxid{0} ? zxid : Zxid{0};
    Unread& unread = dirty_.try_emplace(std::string(path)).first->second;
    unread.first = std::min(unread.first, known);
    unread.last = known;
    unread.wants_children |= wants_children;
  }

  // --- reading ---

  void read_all() {
    mark(root_, true, Zxid{0});
    for (const auto& [path, node] : store_.nodes()) mark(path, true, Zxid{0});
    for (const auto& [path, node] : pending_) mark(path, true, Zxid{0});
    pump();
  }

  void pump() {
    if (!is_connected_) return;
    const bool is_crowded = is_loaded_ && replies_since_cut_ >= crowded_replies && reads_ == 0 &&
                            !dirty_.empty() && pending_.size() <= crowded_nodes_max;
    if (is_crowded) {
      for (const auto& [path, node] : pending_) dirty_.try_emplace(path);
    }
    const std::size_t paths_max = is_crowded ? crowded_nodes_max : nodes_per_read;
    std::vector<std::string> paths;
    for (auto entry = dirty_.begin(); entry != dirty_.end() && reads_ < reads_max;) {
      if (reading_.contains(entry->first)) {
        ++entry;
        continue;
      }
      paths.push_back(entry->first);
      reading_.insert(dirty_.extract(entry++));
      if (paths.size() >= paths_max) read(std::exchange(paths, {}));
    }
    if (!paths.empty()) read(std::move(paths));
  }

  void read(std::vector<std::string> paths) {
    ++reads_;
    if (is_one_shot_) return read_with_watches(std::move(paths));
    std::vector<ReadOp> ops;
    for (const std::string& path : paths) {
      ops.emplace_back(GetDataOp{path});
      if (reads_children(path)) ops.emplace_back(GetChildrenOp{path});
    }
    client_.multi_read(ops, [weak = weak_from_this(),
                             paths = std::move(paths)](Expected<std::vector<ReadResult>>& results) {
      if (const auto core = weak.lock()) core->read_done(paths, results);
    });
  }

  bool reads_children(const std::string& path) const {
    const auto entry = reading_.find(path);
    return entry != reading_.end() && entry->second.wants_children && is_recursive() &&
           is_within_depth(path, options_.depth_max - 1);
  }

  /// Old servers: each by itself, the replies put together in the form of a multi-read's.
  void read_with_watches(std::vector<std::string> paths) {
    struct Gathered {
      std::vector<std::string> paths;
      Expected<std::vector<ReadResult>> results;
    };
    auto gathered =
        std::make_shared<Gathered>(Gathered{std::move(paths), std::vector<ReadResult>()});
    const auto add = [gathered](auto&& reply) {
      if (!gathered->results) return;
      ReadResult result;
      if (reply) {
        result.value = std::move(*reply);
      } else if (is_connection_error(reply.error()) || is_session_end(reply.error())) {
        gathered->results = tl::unexpected(reply.error());
        return;
      } else {
        result.error = reply.error();
      }
      gathered->results->push_back(std::move(result));
    };
    for (const std::string& path : gathered->paths) {
      const bool wants_children = reads_children(path);
      // Only the root is waited for when it is not there: others are found by their parents.
      if (path == root_) client_.exists(path, watcher_);
      client_.get_data(path, watcher_, [add](Expected<NodeData>& node) { add(node); });
      if (!wants_children) continue;
      client_.get_child_names(path, watcher_,
                              [add](Expected<std::vector<std::string>>& names) { add(names); });
    }
    // Behind the others, so that all of them have been added.
    client_.exists(root_, nullptr,
                   [weak = weak_from_this(), gathered](Expected<std::optional<Stat>>&) {
                     if (const auto core = weak.lock())
                       core->read_done(gathered->paths, gathered->results);
                   });
  }

  void read_done(const std::vector<std::string>& paths,
                 const Expected<std::vector<ReadResult>>& results) {
    --reads_;
    if (!results) {
      read_failed(paths, results.error());
    } else {
      auto result = results->begin();
      for (const std::string& path : paths) {
        const bool has_children = reads_children(path);
        if (results->end() - result < (has_children ? 2 : 1)) {
          read_failed({path}, Error::protocol_error);
          continue;
        }
        const ReadResult& data = *result++;
        const ReadResult* children = has_children ? &*result++ : nullptr;
        node_read(path, data, children);
      }
      publish_if_consistent();
    }
    pump();
    update_current();
  }

  void read_failed(const std::vector<std::string>& paths, Error error) {
    for (const std::string& path : paths) {
      auto entry = reading_.extract(path);
      if (entry.empty()) continue;
      const Unread& unread = entry.mapped();
      const auto [dirty, is_new] = dirty_.try_emplace(path, unread);
      if (!is_new) {
        dirty->second.first = std::min(dirty->second.first, unread.first);
        dirty->second.wants_children |= unread.wants_children;
      }
    }
    if (is_connection_error(error) || is_session_end(error)) return;  // `connected` goes on
    if (error == Error::unimplemented && !is_one_shot_) {
      is_one_shot_ = true;
      return read_all();
    }
    is_connected_ = false;
    client_.io_loop()->call_at(client_.io_loop()->now() + refused_wait, [weak = weak_from_this()] {
      const auto core = weak.lock();
      if (!core) return;
      core->is_connected_ = core->client_.session().state == SessionState::connected;
      core->pump();
    });
  }

  void node_read(const std::string& path, const ReadResult& data, const ReadResult* children) {
    Unread unread;
    if (auto entry = reading_.extract(path); !entry.empty()) unread = entry.mapped();
    // What happened until the reply is in it; only children that it does not tell of stay wanted.
    if (const auto dirty = dirty_.find(path); dirty != dirty_.end()) {
      unread.last = std::max(unread.last, dirty->second.last);
      // With one-shot watches the event may have come between the two reads of this path.
      const bool is_covered =
          !is_one_shot_ && (children != nullptr || !dirty->second.wants_children);
      if (is_covered) dirty_.erase(dirty);
    }
    if (data.error == Error::no_node) {
      // Without a watch on what was not there yet, what is known may be an earlier removal than the
      // one that the reply shows.
      return remove_subtree(path, is_one_shot_ ? Zxid{0} : unread.last);
    }
    auto node = std::make_shared<TreeNode>();
    if (const NodeData* read = data.data(); read != nullptr) {
      node->data = read->data;
      node->stat = read->stat;
    } else {
      node->error = data.error;
    }
    put(path, std::move(node));
    if (children != nullptr && children->names() != nullptr)
      children_read(path, *children->names());
  }

  void children_read(const std::string& path, const std::vector<std::string>& names) {
    TreeNodes present;  // by path; only the keys matter
    for (const std::string& name : names) present.emplace(join_path(path, name), nullptr);
    for (const TreeNodes* nodes : both()) {
      std::vector<std::string> gone;
      auto [below, end] = descendants(*nodes, path);
      while (below != end) {
        // Its child above what was found: pending_ may have a node without its parent.
        const std::size_t start = path == "/" ? 1 : path.size() + 1;
        const std::string child = below->first.substr(0, below->first.find('/', start));
        if (!present.contains(child)) gone.push_back(child);
        below = descendants(*nodes, child).second;
      }
      for (const std::string& lost : gone) remove_subtree(lost, Zxid{0});
    }
    for (const auto& [child, nothing] : present) {
      if (find_newest(child) == nullptr && !reading_.contains(child)) mark(child, true, Zxid{0});
    }
  }

  // --- what has been read and is not in the snapshot yet ---

  std::array<const TreeNodes*, 2> both() const { return {&store_.nodes(), &pending_}; }

  TreeNodePtr find_newest(const std::string& path) const {
    if (const auto node = pending_.find(path); node != pending_.end()) return node->second;
    const auto node = store_.nodes().find(path);
    return node == store_.nodes().end() ? nullptr : node->second;
  }

  void put(const std::string& path, std::shared_ptr<TreeNode> node) {
    const TreeNodePtr known = find_newest(path);
    if (known && known->error == node->error && known->stat == node->stat) return;
    note_change(node->error == Error::ok ? std::max(node->stat.czxid, node->stat.mzxid) : Zxid{0});
    pending_[path] = std::move(node);
  }

  void remove_subtree(const std::string& path, Zxid zxid) {
    std::vector<std::string> gone;
    for (const TreeNodes* nodes : both()) {
      if (nodes->contains(path)) gone.push_back(path);
      auto [node, end] = descendants(*nodes, path);
      for (; node != end; ++node) gone.push_back(node->first);
    }
    for (const std::string& lost : gone) {
      if (find_newest(lost) == nullptr) continue;
      note_change(zxid);
      pending_[lost] = nullptr;
    }
  }

  void note_change(Zxid zxid) {
    newest_pending_ = std::max(newest_pending_, zxid);
    is_pending_dated_ &= zxid > Zxid{0};
  }

  /// At a cut (see the header) pending_ becomes part of the tree.
  void publish_if_consistent() {
    const bool is_complete = dirty_.empty() && reading_.empty();
    ++replies_since_cut_;
    if (!is_complete && !is_cut_below_unread()) return;
    replies_since_cut_ = 0;
    if (pending_.empty() && is_loaded_) return tell_refreshed();
    is_loaded_ = true;
    const TreeUpdate update =
        store_.publish(std::exchange(pending_, {}), std::exchange(newest_pending_, Zxid{0}));
    is_pending_dated_ = true;
    update_current();
    if (options_.listener && (update.is_initial || !update.changes.empty()))
      options_.listener(update);
    tell_refreshed();
  }

  bool is_cut_below_unread() const {
    if (pending_.empty() || !is_pending_dated_) return false;
    for (const auto* unread : {&dirty_, &reading_}) {
      for (const auto& [path, entry] : *unread) {
        if (entry.first <= newest_pending_) return false;  // also if it is not known
      }
    }
    return true;
  }

  void tell_refreshed() {
    if (!is_clean()) return;
    for (const Promise<void>& promise : std::exchange(due_, {})) promise.set({});
  }

  void set_ended(Error error) {
    store_.set_ended(error);
    if (error == Error::ok) return;
    for (const Promise<void>& promise : std::exchange(due_, {})) {
      promise.set(tl::unexpected(error));
    }
  }

  void update_current() { is_current_ = is_connected_ && is_clean(); }

  Client& client_;
  const std::string root_;
  const Options options_;
  Watcher watcher_;

  std::atomic<bool> is_one_shot_;  ///< stop() asks too, in any thread
  bool is_connected_ = false;
  bool is_watch_set_ = false;
  bool is_loaded_ = false;
  SessionId session_{};
  std::map<std::string, Unread, PathOrder> dirty_;
  std::map<std::string, Unread, PathOrder> reading_;
  std::size_t reads_ = 0;
  std::size_t replies_since_cut_ = 0;
  /// Read, and newer than the tree; null = gone.
  TreeNodes pending_;
  Zxid newest_pending_{};           ///< of the changes in it
  bool is_pending_dated_ = true;    ///< all of them are known
  std::vector<Promise<void>> due_;  ///< refreshes that wait for the next complete cut

  std::atomic<bool> is_current_{false};
  TreeStore store_;
};

TreeCache::TreeCache(Client& client, std::string root, Options options)
    : core_(std::make_shared<Core>(client, std::move(root), std::move(options))), client_(client) {
  core_->start();
  subscription_ = client.add_state_listener([weak = std::weak_ptr(core_)](const SessionEvent& e) {
    if (const auto core = weak.lock()) core->session_changed(e);
  });
}

TreeCache::~TreeCache() {
  subscription_.reset();
  core_->stop();
  core_.reset();
  client_.await_callbacks();
}

const std::string& TreeCache::root() const { return core_->root(); }
TreeSnapshotPtr TreeCache::snapshot() const { return core_->store().snapshot(); }
TreeNodePtr TreeCache::find(std::string_view path) const { return core_->store().find(path); }
bool TreeCache::is_current() const { return core_->is_current(); }

Expected<TreeSnapshotPtr> TreeCache::await(
    const std::function<bool(const TreeSnapshot&)>& is_wanted, Deadline deadline,
    const CancelToken& cancel) const {
  return core_->store().await(is_wanted, deadline, cancel);
}

Expected<TreeSnapshotPtr> TreeCache::await_loaded(Deadline deadline,
                                                  const CancelToken& cancel) const {
  return await([](const TreeSnapshot&) { return true; }, deadline, cancel);
}

Expected<TreeSnapshotPtr> TreeCache::refresh(Deadline deadline, const CancelToken& cancel) {
  const Expected<void> fresh = retry(client_, deadline, cancel, [&] {
    const Promise<void> promise;
    client_.sync(root(), [weak = std::weak_ptr(core_), promise](Expected<void>& synced) {
      if (!synced) return promise.set(synced);
      if (const auto core = weak.lock()) core->synced(promise);
    });
    return promise.pending().wait(deadline, cancel);
  });
  if (!fresh) return tl::unexpected(fresh.error());
  return snapshot();
}

}  // namespace paddock::recipes
