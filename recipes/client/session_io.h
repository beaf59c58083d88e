#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "recipes/client/engine.h"
#include "recipes/client/io_core.h"
#include "recipes/client/options.h"
#include "recipes/client/transport.h"

namespace paddock::client {

/// A session at work: callers' requests on one side, the engine and its socket on the other.
///
/// Threads: mailbox. Anyone may ask (mutex_ guards the mailbox and what session() shows); the
/// engine, the transport and the listeners belong to the I/O thread of `core`.
class SessionIo final : public std::enable_shared_from_this<SessionIo>, private Transport::Owner {
 public:
  /// REQUIRES: options and servers are sound (Client::open looks at them).
  SessionIo(const ClientOptions& options, ConnectString servers,
            std::shared_ptr<IoLoop::Core> core);
  /// Starts connecting.
  void start();

  IoLoop::Core& core() const { return *core_; }
  const std::string& chroot() const { return servers_.chroot; }

  /// Runs `command` on the I/O thread, in the order of the calls; what those of one turn have to
  /// send leaves together.
  using Command = UniqueFunction<void(Engine&, TimePoint)>;
  void run(Command command);
  void submit(Request request);

  /// Ends the session in an orderly way; `closed` is called when it has ended.
  void close(UniqueFunction<void()> closed);

  /// Markers of protected creates that were sent and not answered, until their nodes are deleted
  /// (protected_create.cc). The I/O thread's.
  std::unordered_set<std::string>& lost_creates() { return lost_creates_; }

  SessionEvent event() const;
  TimePoint valid_until() const;
  Expected<void> await_connected(Deadline deadline, const CancelToken& cancel) const;

  struct Listener {
    std::function<void(const SessionEvent&)> call;
    std::atomic<bool> is_removed{false};  ///< stands alone: await_callbacks makes the order
  };
  std::shared_ptr<Listener> add_listener(std::function<void(const SessionEvent&)> call);
  /// Waits for a call that is running, outside the I/O thread.
  void remove_listener(const std::shared_ptr<Listener>& listener);

  /// The client is going: closes the session and returns when it has ended and no callback runs any
  /// more; at once on the I/O thread.
  void finish();

 private:
  void drain();
  void after_engine();
  void reconcile(TimePoint now);
  void flush(TimePoint now);
  void arm_timer();
  void tick();
  void state_changed(const SessionEvent& event);
  void wind_up();

  void transport_is_up() override;
  void transport_is_down() override;
  void transport_is_readable() override;
  void transport_is_writable() override;

  const ConnectString servers_;
  const std::size_t mailbox_max_;
  const std::shared_ptr<IoLoop::Core> core_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Command> mailbox_;
  bool is_posted_ = false;  ///< a drain is on its way to the I/O thread
  SessionEvent event_;
  Error end_error_ = Error::ok;  ///< not ok: the session is over
  /// Requests belong to the session of the call. Only the I/O thread changes it.
  std::uint64_t sessions_expired_ = 0;
  bool is_wound_up_ = false;  ///< nothing is left for the I/O thread to do

  /// A copy of the engine's for anyone; it stands alone, so no order with anything else is wanted.
  std::atomic<std::int64_t> valid_until_ns_{TimePoint::min().time_since_epoch().count()};

  // The I/O thread's.
  Engine engine_;
  Transport transport_;
  std::unordered_set<std::string> lost_creates_;
  std::uint64_t attempt_ = 0;  ///< whose transport this is; 0 = none
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::vector<UniqueFunction<void()>> closers_;  ///< to be told of the end
  IoLoop::TimerId timer_ = 0;
  TimePoint timer_at_ = TimePoint::max();
};

}  // namespace paddock::client
