#include "recipes/hold.h"

#include <unistd.h>

#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "core/base/check.h"

namespace paddock::recipes {

using namespace client;

std::string_view hold_state_name(HoldState state) {
  switch (state) {
    case HoldState::held:
      return "held";
    case HoldState::suspended:
      return "suspended";
    case HoldState::lost:
      return "lost";
    case HoldState::released:
      return "released";
  }
  return "?";
}

/// Threads: any; mutex_ guards what changes and is never held in a call of a handler.
class Hold::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, const Created& node)
      : client_(client),
        node_(node.path),
        token_(node.stat.czxid),
        owner_(node.stat.ephemeral_owner) {}

  void start() {
    subscription_ =
        client_.add_state_listener([weak = weak_from_this()](const SessionEvent& event) {
          if (const auto core = weak.lock()) core->session_changed(event);
        });
  }

  const std::string& node() const { return node_; }
  Zxid token() const { return token_; }
  HoldState state() const {
    std::lock_guard lock(mutex_);
    return state_;
  }
  TimePoint valid_until() const {
    std::lock_guard lock(mutex_);
    if (state_ == HoldState::lost || state_ == HoldState::released) return TimePoint{};
    return client_.valid_until();
  }

  bool is_valid() const { return client_.io_loop()->now() < valid_until(); }

  void set_state_handler(StateHandler handler) {
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::released) return;
      has_handlers_ = true;
      state_handler_ = handler ? std::make_shared<StateHandler>(std::move(handler)) : nullptr;
      told_.reset();
    }
    client_.io_loop()->post([weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->tell_state();
    });
  }

  void set_revoke_handler(std::function<void()> handler) {
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::released) return;
      has_handlers_ = true;
      revoke_handler_ = std::move(handler);
      if (watcher_ || !revoke_handler_) return;
      watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent& event) {
        if (event.type == EventType::watch_lost) return;  // session_changed tells
        if (const auto core = weak.lock()) core->read_node();
      });
    }
    read_node();
  }

  /// Whether there was something to let go of.
  bool let_go() {
    std::lock_guard lock(mutex_);
    if (state_ == HoldState::released) return false;
    state_ = HoldState::released;
    return true;
  }
  /// After let_go(): nothing is told any more once it has returned. Whoever has no handlers does
  /// not wait for the I/O thread here.
  void fall_silent() {
    StateSubscription subscription;
    bool has_handlers = false;
    {
      std::lock_guard lock(mutex_);
      subscription = std::move(subscription_);
      has_handlers = has_handlers_;
    }
    client_.io_loop()->post([ended = std::move(subscription)] {});
    if (has_handlers) client_.await_callbacks();
  }

  Pending<void> remove_node(Completion<void> done) {
    return client_.remove_guaranteed(node_, std::move(done));
  }
  Pending<void> nothing_to_remove(Completion<void> done) {
    Promise<void> promise(std::move(done));
    client_.io_loop()->post([promise] { promise.set({}); });
    return promise.pending();
  }

 private:
  void session_changed(const SessionEvent& event) {
    if (event.session != owner_ || is_end(event.state)) {
      become(HoldState::lost);
    } else if (event.state == SessionState::lost) {
      // The session may still come back, and its node would keep everyone else out.
      if (become(HoldState::lost)) client_.remove_guaranteed(node_);
    } else {
      become(event.state == SessionState::connected ? HoldState::held : HoldState::suspended);
    }
  }

  /// Whether that is news.
  bool become(HoldState state) {
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::lost || state_ == HoldState::released || state_ == state)
        return false;
      state_ = state;
    }
    tell_state();
    return true;
  }

  void tell_state() {
    std::shared_ptr<StateHandler> handler;
    HoldState state{};
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::released || told_ == state_) return;
      state = state_;
      told_ = state;
      handler = state_handler_;
    }
    if (handler) (*handler)(state);
  }

  /// Sets the watch and looks whether it would have fired before.
  void read_node() {
    Watcher watcher;
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::released || state_ == HoldState::lost) return;
      watcher = watcher_;
    }
    client_.get_data(node_, watcher, [weak = weak_from_this()](Expected<NodeData>& data) {
      if (const auto core = weak.lock()) core->node_read(data);
    });
  }

  void node_read(const Expected<NodeData>& data) {
    if (!data) {
      if (is_connection_error(data.error())) read_node();
      if (data.error() == Error::no_node) become(HoldState::lost);
      return;
    }
    if (data->data != revoke_message) return;
    std::function<void()> handler;
    {
      std::lock_guard lock(mutex_);
      if (state_ == HoldState::released) return;
      handler = std::exchange(revoke_handler_, nullptr);
    }
    if (handler) handler();
  }

  Client& client_;
  const std::string node_;
  const Zxid token_;
  const SessionId owner_;

  mutable std::mutex mutex_;
  HoldState state_ = HoldState::held;
  StateSubscription subscription_;
  bool has_handlers_ = false;      ///< or has had
  std::optional<HoldState> told_;  ///< the last that state_handler_ was told
  std::shared_ptr<StateHandler> state_handler_;
  std::function<void()> revoke_handler_;  ///< until it has been called
  Watcher watcher_;                       ///< of the node, from the first revoke handler on
};

Hold::~Hold() {
  if (core_ && core_->state() != HoldState::released) release();
}

Hold& Hold::operator=(Hold&& other) noexcept {
  Hold old = std::move(*this);
  core_ = std::move(other.core_);
  return *this;
}

Hold::operator bool() const { return state() != HoldState::released; }
HoldState Hold::state() const { return core_ ? core_->state() : HoldState::released; }
bool Hold::is_valid() const { return core_ && core_->is_valid(); }
TimePoint Hold::valid_until() const { return core_ ? core_->valid_until() : TimePoint{}; }
Zxid Hold::fencing_token() const { return core_ ? core_->token() : Zxid{}; }
const std::string& Hold::node() const {
  static const std::string none;
  return core_ ? core_->node() : none;
}

void Hold::on_change(StateHandler handler) {
  if (core_) core_->set_state_handler(std::move(handler));
}
void Hold::on_revoke(std::function<void()> handler) {
  if (core_) core_->set_revoke_handler(std::move(handler));
}

Pending<void> Hold::release(Completion<void> done) {
  if (!core_) {
    Promise<void> promise(std::move(done));
    promise.set({});
    return promise.pending();
  }
  // A handler that fall_silent() waits for may destroy this Hold.
  const std::shared_ptr<Core> core = core_;
  if (!core->let_go()) return core->nothing_to_remove(std::move(done));
  Pending<void> removed = core->remove_node(std::move(done));
  core->fall_silent();
  return removed;
}

Expected<Hold> Hold::grant(Client& client, const Created& node) {
  if (node.stat.ephemeral_owner != client.session().session)
    return tl::unexpected(Error::session_expired);
  const auto core = std::make_shared<Core>(client, node);
  core->start();
  return Hold(core);
}

std::string Hold::detach() {
  CHECK(core_ != nullptr);
  if (core_->let_go()) core_->fall_silent();
  return core_->node();
}

std::string default_holder_id() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()) + "/" + std::to_string(getpid());
}

}  // namespace paddock::recipes
