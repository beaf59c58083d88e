#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/client/deadline.h"
#include "recipes/client/errors.h"
#include "recipes/client/io_loop.h"
#include "recipes/client/options.h"
#include "recipes/client/pending.h"
#include "recipes/client/session.h"
#include "recipes/client/types.h"

namespace paddock::client {

class SessionIo;  // private to the library
class StateSubscription;

/// One session with Paddock or Apache ZooKeeper (3.5 or later).
///
/// Every operation is one call with two ways to learn its result, of which callers use one:
///
///   Expected<NodeData> data = client.get_data("/x").wait(2s);               // blocking
///   client.get_data("/x", nullptr, [](Expected<NodeData>& data) { ... });   // asynchronous
///
/// **Order.** Requests take effect in the order of the calls (of one thread, or of threads that
/// synchronise), whether waited for or not, so several can be started and the last waited for;
/// those started together leave in one packet. Completions and watchers are called one at a time,
/// replies in request order, an event before any reply that shows the change behind it.
///
/// **Lost replies.** When a connection breaks, everything started before fails, in order: with
/// connection_loss if it was sent, and may have happened; with not_connected if not. What is
/// started afterwards waits for the next connection (ClientOptions::queue_timeout at most). Nothing
/// is sent twice on its own; see create_protected and remove_guaranteed, and retry.h.
///
/// **Callbacks** (completions, watchers, listeners) run on the I/O thread and hold up everything
/// else on it, pings included: they should be short. They may call everything here that does not
/// wait, and may destroy the client. Pending::wait is refused there (would_deadlock). They must not
/// throw.
///
/// **Watches** are set again after a reconnect; what changed meanwhile is told then. A read with a
/// watcher leaves a one-shot watch if it succeeds (exists also if there is no node). nullptr =
/// none. Apache ZooKeeper before 3.9 turns a lasting watch (add_watch) of a path into a one-shot
/// one when the same client reads that path with a watcher: use one kind for a path there.
///
/// **Paths** are absolute and relative to the chroot. A malformed one fails with bad_arguments
/// without being sent.
///
/// Threads: any; a mutex guards what callers hand to the I/O thread. Recipes borrow the client and
/// must be gone before it.
class Client {
 public:
  /// Starts connecting and returns; bad_arguments or io_error.
  static Expected<std::unique_ptr<Client>> open(ClientOptions options);

  /// Closes the session as close() does and waits for it, ClientOptions::close_timeout at most.
  /// What is pending fails with client_closed. When it returns no callback runs any more. Two cases
  /// do not wait: on the I/O thread the remaining completions are called later; and an embedded
  /// loop, on whose driving thread it belongs (any, once that has ended), sends what the socket
  /// takes and is done.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- session ---

  /// The newest of what the listeners have been, or are being, told; valid_until up to date.
  SessionEvent session() const;
  /// Until when what this session holds cannot have been taken from it; see SessionEvent. Cheap.
  TimePoint valid_until() const;
  /// Waits until connected: ok. Otherwise the error that ended the session, or wait's own.
  Expected<void> await_connected(Deadline deadline, const CancelToken& cancel = {}) const;

  using StateListener = std::function<void(const SessionEvent&)>;
  /// Calls `listener` on the I/O thread with every change from now on, and first, soon, with the
  /// state of now. `suspended` is told as soon as the connection breaks, or when the server has
  /// been silent for two thirds of the timeout; `lost` when valid_until passes; both before any
  /// completion that fails because of it. Until the subscription is destroyed.
  [[nodiscard]] StateSubscription add_state_listener(StateListener listener);

  /// Ends the session at the server: its ephemeral nodes are deleted. Ready when the server has
  /// confirmed, or when it is clear that it will not (also ok: the session runs out by itself).
  Pending<void> close(Completion<void> done = {});
  /// Ends this client and leaves the session running at the server, for ClientOptions::resume
  /// elsewhere or later. not_connected if there never was a session, or it is over.
  Pending<SessionCredentials> detach(Completion<SessionCredentials> done = {});
  /// Drops the connection and reconnects, as a broken network would. For tests and operators.
  void drop_connection();

  /// Identifies the session to the server, now and on every later connection. auth_failed ends the
  /// client.
  Pending<void> add_auth(std::string scheme, std::string auth, Completion<void> done = {});
  Pending<std::vector<Identity>> who_am_i(Completion<std::vector<Identity>> done = {});

  // --- nodes ---

  Pending<Created> create(std::string_view path, std::string_view data, CreateOptions options = {},
                          Completion<Created> done = {});
  Pending<void> remove(std::string_view path, std::int32_t version = any_version,
                       Completion<void> done = {});
  /// nullopt = no such node, which is not an error here.
  Pending<std::optional<Stat>> exists(std::string_view path, Watcher watcher = nullptr,
                                      Completion<std::optional<Stat>> done = {});
  Pending<NodeData> get_data(std::string_view path, Watcher watcher = nullptr,
                             Completion<NodeData> done = {});
  Pending<Stat> set_data(std::string_view path, std::string_view data,
                         std::int32_t version = any_version, Completion<Stat> done = {});
  Pending<Children> get_children(std::string_view path, Watcher watcher = nullptr,
                                 Completion<Children> done = {});
  /// The older and shorter getChildren, without the parent's Stat.
  Pending<std::vector<std::string>> get_child_names(std::string_view path,
                                                    Watcher watcher = nullptr,
                                                    Completion<std::vector<std::string>> done = {});
  Pending<AclList> get_acl(std::string_view path, Completion<AclList> done = {});
  /// `version` is compared with the node's aversion.
  Pending<Stat> set_acl(std::string_view path, const std::vector<Acl>& acl,
                        std::int32_t version = any_version, Completion<Stat> done = {});
  /// Reads started afterwards see everything that was committed anywhere before it.
  Pending<void> sync(std::string_view path, Completion<void> done = {});
  /// The paths of this session's ephemeral nodes that start with `prefix`.
  Pending<std::vector<std::string>> get_ephemerals(std::string_view prefix = "/",
                                                   Completion<std::vector<std::string>> done = {});
  /// All descendants.
  Pending<std::int32_t> get_all_children_number(std::string_view path,
                                                Completion<std::int32_t> done = {});

  /// All or nothing. An error here means that it was not judged; what an operation failed with is
  /// in the MultiResult.
  Pending<MultiResult> multi(const std::vector<Op>& ops, Completion<MultiResult> done = {});
  /// Each by itself, of one state.
  Pending<std::vector<ReadResult>> multi_read(const std::vector<ReadOp>& ops,
                                              Completion<std::vector<ReadResult>> done = {});

  // --- creates and deletes that survive a lost reply ---

  /// Creates a node whose name has the prefix `_c_<uuid>-` (Curator's protection), by which it is
  /// found after a lost reply: so it is created once, or it is reported with an error and does not
  /// exist, or soon will not. It retries over reconnects until `deadline`; when that passes or it
  /// is cancelled while the outcome is open, the node is looked for and deleted in the background
  /// for as long as the session lives. Only the end of the session, or of the client, leaves a
  /// non-ephemeral one behind. For everything sequential or ephemeral.
  ///
  /// ZooKeeper may carry out a create from a connection that was given up after the session has
  /// asked for it in vain on the next one. Such a second node with the same prefix is looked for,
  /// and deleted, behind remove_guaranteed of the first.
  ///
  /// The result's stat is filled in always; ephemeral_owner is the session that owns the node.
  /// REQUIRES in the ACL: READ on the parent and, for the clean-up, DELETE on it.
  Pending<Created> create_protected(std::string_view path, std::string_view data,
                                    CreateOptions options, Deadline deadline,
                                    Completion<Created> done = {});

  /// Deletes the node whatever becomes of the connection: tries again for as long as the session
  /// lives; a node that is not there is a success. For the release of locks, waited for or not.
  Pending<void> remove_guaranteed(std::string_view path, Completion<void> done = {});

  // --- watches ---

  /// A watch that stays until it is removed or the session ends; the path need not exist.
  Pending<void> add_watch(std::string_view path, AddWatchMode mode, Watcher watcher,
                          Completion<void> done = {});
  /// Removes this watcher (nullptr = all watchers) of this type from the path: here at once, so
  /// that no event reaches it any more, and at the server when no other watcher of the type, and no
  /// lasting one, is left there. no_watcher if it was not there (any more), which a one-shot watch
  /// that has just fired is not. await_callbacks() tells that a call which had begun is over.
  Pending<void> remove_watches(std::string_view path, WatcherType type, Watcher watcher,
                               Completion<void> done = {});
  /// Asks the server whether it holds such a watch: ok or no_watcher.
  Pending<void> check_watches(std::string_view path, WatcherType type, Completion<void> done = {});

  // --- the ensemble ---

  /// The data of /zookeeper/config, whatever the chroot.
  Pending<NodeData> get_config(Watcher watcher = nullptr, Completion<NodeData> done = {});
  struct Reconfig {
    std::optional<std::string> joining;
    std::optional<std::string> leaving;
    std::optional<std::string> new_members;
    std::int64_t from_config = -1;
  };
  Pending<NodeData> reconfig(const Reconfig& change, Completion<NodeData> done = {});

  // --- around callbacks ---

  const std::shared_ptr<IoLoop>& io_loop() const;
  /// IoLoop::await_callbacks: what a recipe's destructor calls after removing its callbacks.
  void await_callbacks() const { io_loop()->await_callbacks(); }
  const std::string& chroot() const;

 private:
  Client(std::shared_ptr<IoLoop> loop, std::shared_ptr<SessionIo> io);

  std::shared_ptr<IoLoop> loop_;
  std::shared_ptr<SessionIo> io_;
};

/// Keeps a state listener registered. Destroyed outside the I/O thread it also waits for a call
/// that is running, so do not hold a lock that the listener takes. May outlive the client.
class StateSubscription {
 public:
  StateSubscription() = default;
  ~StateSubscription() { reset(); }
  StateSubscription(StateSubscription&&) noexcept = default;
  StateSubscription& operator=(StateSubscription&& other) noexcept {
    reset();
    cancel_ = std::exchange(other.cancel_, {});
    return *this;
  }
  /// Ends it now.
  void reset() {
    if (cancel_) std::exchange(cancel_, {})();
  }

 private:
  friend class Client;
  explicit StateSubscription(UniqueFunction<void()> cancel) : cancel_(std::move(cancel)) {}
  UniqueFunction<void()> cancel_;
};

}  // namespace paddock::client
