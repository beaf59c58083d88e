#include "recipes/waiting_line.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "recipes/client/protected_create.h"
#include "recipes/parents.h"
#include "recipes/paths.h"

namespace paddock::recipes {

using namespace client;

AdmissionRule in_order_of_arrival(std::span<const Spelling> known) {
  return [known](const std::vector<std::string>& names, std::string_view own) -> Verdict {
    if (!parse_contender(own, known)) return {Verdict::Kind::unknown, {}};
    const std::string_view ahead = find_blocker(names, own, known);
    if (ahead.empty()) return {};
    return {Verdict::Kind::behind, std::string(ahead)};
  };
}

/// One join, from create to verdict. The line owns it while it waits; replies, watches and timers
/// come in on the I/O thread, give_up() from anywhere.
///
/// Threads: any; mutex_ guards everything that changes. It is held while requests are started, and
/// never while something is called that may call back: cancel(), Promise::set.
class WaitingLine::Place : public std::enable_shared_from_this<Place> {
 public:
  Place(const WaitingLine& line, Request request, Deadline deadline, Completion<Hold> done)
      : client_(line.client_),
        parent_(line.path_),
        acl_(line.acl_),
        request_(std::move(request)),
        deadline_(deadline),
        promise_(std::in_place, std::move(done)) {}

  Pending<Hold> start();
  void give_up(Error error) {
    std::unique_lock lock(mutex_);
    if (!is_over_) finish(lock, tl::unexpected(error));
  }
  bool is_over() const {
    std::lock_guard lock(mutex_);
    return is_over_;
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // Steps, with the mutex held.
  void enter();
  void list(Watcher watcher);
  void remove_own_doubles(std::vector<std::string>& names);
  void judge(Lock& lock, std::vector<std::string> names, bool is_watched, bool is_late);
  void watch_ahead();
  void remove_unused_parent();
  void finish(Lock& lock, Expected<Hold> result);

  // Their replies.
  void created(Expected<Created>& result);
  void parents_created(const Expected<bool>& is_made);
  void listed(Expected<std::vector<std::string>>& result, bool is_watched, bool is_late);
  void ahead_read(const Expected<NodeData>& result, const std::string& path);
  void fired(const WatchedEvent& event);

  Client& client_;
  const std::string parent_;
  const std::vector<Acl> acl_;
  const Request request_;
  const Deadline deadline_;

  mutable std::mutex mutex_;
  bool is_over_ = false;
  std::optional<Promise<Hold>> promise_;  ///< until it is over
  std::optional<IoLoop::TimerId> timer_;
  Watcher watcher_;
  bool is_creating_ = false;  ///< create_ is under way
  Pending<Created> create_;
  std::optional<Created> own_;
  bool has_made_parent_ = false;  ///< by create_parents; with own_ it has, or had, a child
  bool is_listing_ = false;
  std::optional<std::vector<std::string>> early_names_;  ///< a list that came before own_
  std::string ahead_;         ///< path of the node whose end is waited for; empty = of any change
  bool is_watching_ = false;  ///< a one-shot watch is set and has not fired
};

Pending<Hold> WaitingLine::Place::start() {
  promise_->on_cancel([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_up(Error::cancelled);
  });
  const Pending<Hold> pending = promise_->pending();
  Lock lock(mutex_);
  if (deadline_.has_passed()) {
    finish(lock, tl::unexpected(Error::deadline_exceeded));
    return pending;
  }
  watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent& event) {
    if (const auto self = weak.lock()) self->fired(event);
  });
  if (!deadline_.is_never()) {
    timer_ = client_.io_loop()->call_at(deadline_.at(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->give_up(Error::deadline_exceeded);
    });
  }
  enter();
  return pending;
}

void WaitingLine::Place::enter() {
  own_.reset();
  early_names_.reset();
  is_creating_ = true;
  create_ = client_.create_protected(
      parent_ + "/" + request_.name, request_.data,
      {.mode = CreateMode::ephemeral_sequential, .acl = acl_}, deadline_,
      [self = shared_from_this()](Expected<Created>& result) { self->created(result); });
  list(nullptr);
}

void WaitingLine::Place::created(Expected<Created>& result) {
  Lock lock(mutex_);
  if (is_over_) {
    // The cancellation came too late to be one.
    if (result) client_.remove_guaranteed(result->path);
    return;
  }
  is_creating_ = false;
  if (!result) {
    if (result.error() != Error::no_node) return finish(lock, tl::unexpected(result.error()));
    create_parents(
        client_, parent_, acl_, deadline_,
        [self = shared_from_this()](Expected<bool>& made) { self->parents_created(made); });
    return;
  }
  own_ = std::move(*result);
  if (early_names_) {
    std::vector<std::string> names = std::move(*early_names_);
    early_names_.reset();
    judge(lock, std::move(names), false, false);
  } else if (!is_listing_) {
    list(nullptr);
  }
}

void WaitingLine::Place::parents_created(const Expected<bool>& is_made) {
  Lock lock(mutex_);
  has_made_parent_ |= is_made && *is_made;
  if (is_over_) return remove_unused_parent();
  if (!is_made) return finish(lock, tl::unexpected(is_made.error()));
  enter();
}

/// After a create that may still be under way: then it is there, or in use, and stays.
void WaitingLine::Place::remove_unused_parent() {
  if (has_made_parent_ && !own_) client_.remove_guaranteed(parent_);
}

void WaitingLine::Place::list(Watcher watcher) {
  is_listing_ = true;
  const bool is_watched = watcher != nullptr;
  client_.get_child_names(parent_, std::move(watcher),
                          [self = shared_from_this(), is_watched,
                           is_late = own_.has_value()](Expected<std::vector<std::string>>& result) {
                            self->listed(result, is_watched, is_late);
                          });
}

void WaitingLine::Place::listed(Expected<std::vector<std::string>>& result, bool is_watched,
                                bool is_late) {
  Lock lock(mutex_);
  if (is_over_) {
    if (result && is_watched) client_.remove_watches(parent_, WatcherType::children, watcher_);
    return;
  }
  is_listing_ = false;
  if (result && is_watched) is_watching_ = true;
  if (result && !own_) {
    early_names_ = std::move(*result);
  } else if (result) {
    judge(lock, std::move(*result), is_watched, is_late);
  } else if (!own_) {
    // Whatever is wrong, the create comes to it too, and asks again if not.
  } else if (is_connection_error(result.error())) {
    list(is_watched ? watcher_ : nullptr);
  } else if (result.error() == Error::no_node) {
    enter();
  } else {
    finish(lock, tl::unexpected(result.error()));
  }
}

/// A create of ours that was given up for lost and came late (see Sweep in protected_create.cc): it
/// would stand ahead of us for as long as we wait.
void WaitingLine::Place::remove_own_doubles(std::vector<std::string>& names) {
  const std::string_view own = node_name(own_->path);
  const std::string_view marker = protection_of(own);
  if (marker.empty()) return;
  std::erase_if(names, [&](const std::string& name) {
    const bool is_double = name != own && name.starts_with(marker);
    if (is_double) client_.remove_guaranteed(parent_ + "/" + name);
    return is_double;
  });
}

void WaitingLine::Place::judge(Lock& lock, std::vector<std::string> names, bool is_watched,
                               bool is_late) {
  remove_own_doubles(names);
  const std::string_view own = node_name(own_->path);
  if (std::find(names.begin(), names.end(), own) == names.end()) {
    // Asked for before the create was repeated on a later connection; or the node was deleted.
    return is_late ? enter() : list(nullptr);
  }
  const Verdict verdict = request_.rule(names, own);
  if (verdict.kind == Verdict::Kind::granted) {
    // A process that was stopped reads old replies when it goes on.
    if (client_.io_loop()->now() >= client_.valid_until()) return list(nullptr);
    return finish(lock, Hold::grant(client_, *own_));
  }
  if (verdict.kind == Verdict::Kind::unknown)
    return finish(lock, tl::unexpected(Error::protocol_error));
  if (!request_.waits) return finish(lock, Hold());
  if (verdict.kind == Verdict::Kind::behind) {
    ahead_ = parent_ + "/" + verdict.ahead;
    watch_ahead();
  } else {
    ahead_.clear();
    if (!is_watched) list(watcher_);
  }
}

/// By reading it, since exists would leave a watch on a node that is not there.
void WaitingLine::Place::watch_ahead() {
  client_.get_data(ahead_, watcher_,
                   [self = shared_from_this(), path = ahead_](Expected<NodeData>& result) {
                     self->ahead_read(result, path);
                   });
}

void WaitingLine::Place::ahead_read(const Expected<NodeData>& result, const std::string& path) {
  Lock lock(mutex_);
  if (is_over_) {
    if (result) client_.remove_watches(path, WatcherType::data, watcher_);
  } else if (result) {
    is_watching_ = true;
  } else if (is_connection_error(result.error())) {
    watch_ahead();
  } else if (result.error() == Error::no_node) {
    list(nullptr);
  } else {
    finish(lock, tl::unexpected(result.error()));
  }
}

void WaitingLine::Place::fired(const WatchedEvent& event) {
  Lock lock(mutex_);
  if (is_over_) return;
  is_watching_ = false;
  const bool is_expired =
      event.type == EventType::watch_lost && client_.session().state == SessionState::expired;
  if (is_expired) {
    // Said here: a client that goes on with a new session would answer another question.
    finish(lock, tl::unexpected(Error::session_expired));
  } else if (event.type == EventType::node_data_changed) {
    watch_ahead();
  } else {
    // If the client was closed, the answer says so.
    list(ahead_.empty() ? watcher_ : nullptr);
  }
}

void WaitingLine::Place::finish(Lock& lock, Expected<Hold> result) {
  is_over_ = true;
  if (timer_) client_.io_loop()->cancel_timer(*timer_);
  if (is_watching_) {
    const bool is_of_parent = ahead_.empty();
    client_.remove_watches(is_of_parent ? parent_ : ahead_,
                           is_of_parent ? WatcherType::children : WatcherType::data, watcher_);
  }
  const bool is_granted = result && *result;
  if (own_ && !is_granted) client_.remove_guaranteed(own_->path);
  remove_unused_parent();
  const Pending<Created> create = std::move(create_);
  const Promise<Hold> promise = std::move(*promise_);
  promise_.reset();
  lock.unlock();
  if (is_creating_) create.cancel();
  const std::shared_ptr<IoLoop>& loop = client_.io_loop();
  if (loop->is_current()) return promise.set(std::move(result));
  loop->post([promise, result = std::move(result)]() mutable { promise.set(std::move(result)); });
}

WaitingLine::~WaitingLine() {
  // No lock: nobody else may use it any more, and a place that ends does not come back here.
  for (const std::shared_ptr<Place>& place : places_) place->give_up(Error::cancelled);
  client_.await_callbacks();
}

Pending<Hold> WaitingLine::join(Request request, Deadline deadline, Completion<Hold> done) {
  const auto place = std::make_shared<Place>(*this, std::move(request), deadline, std::move(done));
  {
    std::lock_guard lock(mutex_);
    std::erase_if(places_, [](const auto& other) { return other->is_over(); });
    places_.push_back(place);
  }
  return place->start();
}

}  // namespace paddock::recipes
