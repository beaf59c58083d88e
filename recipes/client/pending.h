#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "recipes/client/deadline.h"
#include "recipes/client/errors.h"
#include "recipes/client/function.h"

/// The two ends of a result that is not there yet.
namespace paddock::client {

/// Called once, on the I/O thread, with the result, before anyone who waits gets it; client.h says
/// what may be done there. It may move out of the result: wait() then gives what it left.
///
///   client.get_data("/x", nullptr, [](const Expected<NodeData>& data) { ... });
template <class T>
using Completion = UniqueFunction<void(Expected<T>&)>;

/// Waiting, without the type of the result. Threads: any; the mutex makes it so.
class PendingState {
 public:
  virtual ~PendingState() = default;

  bool is_ready() const;
  /// Until the result is there: ok. Otherwise deadline_exceeded, cancelled, or would_deadlock at
  /// once when called on an I/O thread. A result that is there already counts as in time.
  Error wait(Deadline deadline, const CancelToken& cancel);
  /// Calls the hook, outside the lock, unless the result is there or it has been called.
  void cancel();

 protected:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool settled_ = false;  ///< a result was given; completion and waiters are being told
  bool ready_ = false;
  UniqueFunction<void()> cancel_hook_;
};

template <class T>
class Promise;

/// The result of an operation that has been started. Dropping it changes nothing: the operation
/// goes on and its completion is called. Threads: any, but one at a time waits.
template <class T>
class Pending {
 public:
  Pending() = default;  ///< of no operation: only assignment is allowed

  bool is_ready() const { return state_->is_ready(); }

  /// The result; moved out, so it is asked for once. Who stops waiting has cancelled: a request not
  /// yet sent never will be, and the effect of one that was sent is unknown. A token that is
  /// stopped when the wait begins wins over a result that is there already. In a callback it is
  /// refused with would_deadlock, and the operation goes on.
  Expected<T> wait(Deadline deadline, const CancelToken& cancel = {}) const {
    const Error error = state_->wait(deadline, cancel);
    if (error == Error::ok) return state_->take();
    if (error != Error::would_deadlock) state_->cancel();
    return tl::unexpected(error);
  }

  /// Asks for the operation to be given up: unless it is over already, its result will be
  /// Error::cancelled. A request that was sent is not undone by that.
  void cancel() const { state_->cancel(); }

 private:
  friend class Promise<T>;
  class State final : public PendingState {
   public:
    Expected<T> take() {
      std::lock_guard lock(mutex_);
      Expected<T> result = std::move(*result_);
      result_.emplace(tl::unexpected(Error::bad_arguments));
      return result;
    }
    void set(Expected<T> result) {
      {
        std::lock_guard lock(mutex_);
        if (settled_) return;
        settled_ = true;
      }
      if (completion_) std::exchange(completion_, {})(result);
      UniqueFunction<void()> hook;  // destroyed outside the lock: it may own a great deal
      {
        std::lock_guard lock(mutex_);
        result_.emplace(std::move(result));
        hook = std::move(cancel_hook_);
        ready_ = true;
      }
      changed_.notify_all();
    }

   private:
    friend class Promise<T>;
    std::optional<Expected<T>> result_;
    Completion<T> completion_;  ///< set before the state is shared, taken by who settles it
  };
  explicit Pending(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

/// Where the result comes from, for recipes that have asynchronous operations of their own. Copies
/// are the same promise. If it is never set, its Pending becomes ready by deadline only. Threads:
/// any.
template <class T>
class Promise {
 public:
  explicit Promise(Completion<T> completion = {})
      : state_(std::make_shared<typename Pending<T>::State>()) {
    state_->completion_ = std::move(completion);
  }

  Pending<T> pending() const { return Pending<T>(state_); }
  bool is_ready() const { return state_->is_ready(); }
  /// The first call counts, later ones do nothing.
  void set(Expected<T> result) const {
    // Whoever waits may let go of this promise as soon as the result is there.
    const auto state = state_;
    state->set(std::move(result));
  }
  /// `hook`, of no argument or of this promise (which it must not hold itself), is called at most
  /// once, in the thread of whoever cancels; it should lead to a set() soon. Dropped with the
  /// result. REQUIRES: pending() has not been handed out yet.
  template <class F>
  void on_cancel(F hook) const {
    if constexpr (std::is_invocable_v<F&, const Promise&>) {
      state_->cancel_hook_ = [state = std::weak_ptr(state_), hook = std::move(hook)]() mutable {
        if (auto alive = state.lock()) hook(Promise(std::move(alive)));
      };
    } else {
      state_->cancel_hook_ = std::move(hook);
    }
  }
  std::shared_ptr<PendingState> state() const { return state_; }

 private:
  explicit Promise(std::shared_ptr<typename Pending<T>::State> state) : state_(std::move(state)) {}

  std::shared_ptr<typename Pending<T>::State> state_;
};

}  // namespace paddock::client
