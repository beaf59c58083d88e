#include "recipes/kept_node.h"

#include <mutex>
#include <optional>
#include <utility>

namespace paddock::recipes {

using namespace client;

/// Everything but the guarded part is touched on the I/O thread only. Whatever happens leads to
/// check(), which asks for the node and looks at what is there.
class KeptNode::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, std::string path, Options options)
      : client_(client), path_(std::move(path)), options_(std::move(options)) {}

  const std::string& path() const { return path_; }

  bool held() const {
    std::lock_guard lock(mutex_);
    return held_ && Deadline(client_.valid_until()).left() > Clock::duration::zero();
  }

  Pending<void> when_held() {
    const Promise<void> promise;
    add_waiter(promise, std::nullopt);
    return promise.pending();
  }

  Pending<void> set_data(std::string data, Completion<void> done) {
    const Promise<void> promise(std::move(done));
    add_waiter(promise, std::move(data));
    return promise.pending();
  }

  Pending<void> leave(Completion<void> done) {
    bool is_first;
    {
      std::lock_guard lock(mutex_);
      is_first = !std::exchange(left_, true);
      held_ = false;
    }
    // Not twice: by now the path may have another owner in this session.
    if (!is_first) return settled(client_, {}, std::move(done));
    settle(tl::unexpected(Error::cancelled));
    client_.remove_watches(path_, WatcherType::data, watcher_);
    return release_owned(client_, path_, {}, std::move(done));
  }

  void await_callbacks() const { client_.await_callbacks(); }

  void start() {
    watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent&) {
      if (const auto core = weak.lock()) core->check();
    });
  }

  void session_changed(const SessionEvent& event) {
    if (event.state == SessionState::connected) {
      connected_ = true;
      return check();
    }
    connected_ = false;
    if (event.state == SessionState::lost || is_end(event.state)) set_held(false);
    if (event.state == SessionState::auth_failed) settle(tl::unexpected(Error::auth_failed));
    if (event.state == SessionState::closed) settle(tl::unexpected(Error::client_closed));
    if (event.state == SessionState::expired) settle(tl::unexpected(Error::session_expired));
  }

 private:
  struct Waiter {
    std::uint64_t generation;  ///< of the data that it waits for
    Promise<void> promise;
  };

  void add_waiter(const Promise<void>& promise, std::optional<std::string> new_data) {
    bool left;
    {
      std::lock_guard lock(mutex_);
      left = left_;
      if (!left) {
        if (new_data) {
          options_.data = std::move(*new_data);
          ++generation_;
        }
        waiters_.push_back({generation_, promise});
      }
    }
    if (left) return promise.set(tl::unexpected(Error::cancelled));
    client_.io_loop()->post([weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->data_wanted();
    });
  }

  void data_wanted() {
    if (!connected_ || busy_) {
      again_ = true;
    } else if (!version_known_) {
      check();
    } else {
      write_or_finish();
    }
  }

  /// Whether a step may begin now; if not, it is done later.
  bool begin() {
    if (busy_ || !connected_) {
      again_ = true;
      return false;
    }
    std::lock_guard lock(mutex_);
    busy_ = !left_;
    return busy_;
  }

  /// Creates it, which tells by node_exists that it is there, and reads what is there: one packet.
  void check() {
    version_known_ = false;
    if (!begin()) return;
    again_ = false;
    std::uint64_t generation;
    std::string data;
    {
      std::lock_guard lock(mutex_);
      generation = generation_;
      data = options_.data;
    }
    client_.create(path_, data, {.mode = CreateMode::ephemeral, .acl = options_.acl},
                   [weak = weak_from_this()](Expected<Created>& created) {
                     const auto core = weak.lock();
                     if (core) core->create_error_ = created ? Error::ok : created.error();
                   });
    client_.get_data(path_, watcher_,
                     [weak = weak_from_this(), generation, data](Expected<NodeData>& node) {
                       if (const auto core = weak.lock()) core->checked(node, generation, data);
                     });
  }

  void checked(const Expected<NodeData>& node, std::uint64_t generation, const std::string& data) {
    busy_ = false;
    if (!node && is_connection_error(node.error())) return;  // `connected` leads here again
    if (!node && node.error() == Error::no_node) {
      set_held(false);
      if (create_error_ == Error::no_node) return make_parent();
      // Created and deleted by someone else at once; otherwise it was refused.
      if (create_error_ == Error::ok || create_error_ == Error::node_exists) return check();
      return refused(create_error_);
    }
    if (!node) return refused(node.error());
    if (node->stat.ephemeral_owner != client_.session().session) {
      set_held(false);
      // Another session's: the watch tells when it is gone. It may be so by now.
      if (again_) check();
      return;
    }
    version_ = node->stat.version;
    version_known_ = true;
    applied(node->data == data ? generation : nothing_applied);
    write_or_finish();
  }

  void make_parent() {
    busy_ = true;
    create_path(client_, parent_of(path_), [weak = weak_from_this()](Expected<void>& made) {
      const auto core = weak.lock();
      if (!core) return;
      core->busy_ = false;
      if (made) return core->check();
      if (!is_connection_error(made.error())) core->refused(made.error());
    });
  }

  /// The node is ours, as of `version_`: brings its data up to date.
  void write_or_finish() {
    bool is_newest;
    std::uint64_t generation;
    std::string data;
    {
      std::lock_guard lock(mutex_);
      generation = generation_;
      is_newest = applied_ == generation_;
      if (!is_newest) data = options_.data;
    }
    if (is_newest) {
      set_held(true);
      settle({});
      if (again_) check();
      return;
    }
    if (!begin()) return;
    // The version sees to it that only our own node is written.
    client_.set_data(path_, data, version_,
                     [weak = weak_from_this(), generation](Expected<Stat>& stat) {
                       if (const auto core = weak.lock()) core->written(stat, generation);
                     });
  }

  void written(const Expected<Stat>& stat, std::uint64_t generation) {
    busy_ = false;
    version_known_ = stat.has_value();
    if (stat) {
      version_ = stat->version;
      applied(generation);
      return write_or_finish();
    }
    if (is_connection_error(stat.error())) return;
    if (stat.error() == Error::no_node || stat.error() == Error::bad_version) return check();
    refused(stat.error());
  }

  void applied(std::uint64_t generation) {
    std::lock_guard lock(mutex_);
    applied_ = generation;
  }

  /// The server does not want it. It is tried again when something changes: the data, the node, or
  /// the connection.
  void refused(Error error) {
    set_held(false);
    settle(tl::unexpected(error));
  }

  void set_held(bool held) {
    {
      std::lock_guard lock(mutex_);
      if (!held) applied_ = nothing_applied;
      if (left_ || held_ == held) return;
      held_ = held;
    }
    if (options_.on_change) options_.on_change(held);
  }

  /// Tells a success to those whose data is there, a failure to all.
  void settle(const Expected<void>& result) {
    std::vector<Waiter> told;
    {
      std::lock_guard lock(mutex_);
      std::vector<Waiter> open;
      for (Waiter& waiter : waiters_) {
        const bool is_told = !result || (held_ && waiter.generation <= applied_);
        (is_told ? told : open).push_back(std::move(waiter));
      }
      waiters_ = std::move(open);
    }
    for (const Waiter& waiter : told) waiter.promise.set(result);
  }

  static constexpr std::uint64_t nothing_applied = 0;

  Client& client_;
  const std::string path_;
  Watcher watcher_;
  bool connected_ = false;
  bool busy_ = false;   ///< requests are on their way; one step at a time
  bool again_ = false;  ///< something happened meanwhile
  bool version_known_ = false;
  std::int32_t version_ = 0;
  Error create_error_ = Error::ok;

  mutable std::mutex mutex_;
  Options options_;                                 ///< of which only data changes
  std::uint64_t generation_ = nothing_applied + 1;  ///< counts the values of data
  std::uint64_t applied_ = nothing_applied;         ///< the one that the node has
  bool held_ = false;
  bool left_ = false;
  std::vector<Waiter> waiters_;
};

KeptNode::KeptNode(Client& client, std::string path, Options options)
    : core_(std::make_shared<Core>(client, std::move(path), std::move(options))) {
  core_->start();
  subscription_ = client.add_state_listener([weak = std::weak_ptr(core_)](const SessionEvent& e) {
    if (const auto core = weak.lock()) core->session_changed(e);
  });
}

KeptNode::~KeptNode() {
  leave();
  core_->await_callbacks();
}

const std::string& KeptNode::path() const { return core_->path(); }
bool KeptNode::held() const { return core_->held(); }

Expected<void> KeptNode::await_held(Deadline deadline, const CancelToken& cancel) const {
  return core_->when_held().wait(deadline, cancel);
}

Pending<void> KeptNode::set_data(std::string data, Completion<void> done) {
  return core_->set_data(std::move(data), std::move(done));
}

Pending<void> KeptNode::leave(Completion<void> done) {
  subscription_.reset();
  return core_->leave(std::move(done));
}

}  // namespace paddock::recipes
