#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/proto/connect_records.h"
#include "recipes/client/options.h"
#include "recipes/client/request.h"
#include "recipes/client/session.h"
#include "recipes/client/types.h"
#include "recipes/client/watch_registry.h"

namespace paddock::client {

/// A session as a state machine without I/O: bytes, news of the transport and the time come in as
/// arguments; bytes to send, the transport that it wants and the moment at which it wants to be
/// asked again are read from it after each call. Tests drive it with a scripted server.
///
/// What it calls back (Request::done, watchers, the state listener) runs inside the call that
/// brought it about and must not call the engine: the driver queues what callbacks ask for.
///
/// Threads: loop-local.
class Engine {
 public:
  struct Options {
    std::size_t host_count = 1;
    std::string chroot;  ///< taken off the paths of events
    Milliseconds session_timeout{10'000};
    Milliseconds connect_timeout{3'333};
    Milliseconds backoff_min{50};
    Milliseconds backoff_max{2'000};
    Milliseconds queue_timeout{10'000};
    Milliseconds close_timeout{1'000};
    std::vector<AuthData> auth;
    std::optional<SessionCredentials> resume;
    bool renew_expired = false;
    std::size_t in_flight_max = 1'000;
    std::size_t queued_requests_max = 100'000;
    std::size_t reply_bytes_max = 64u << 20;
    std::uint32_t seed = 0;  ///< of the jitter between attempts
  };
  using StateListener = UniqueFunction<void(const SessionEvent&)>;

  Engine(Options options, StateListener listener);

  // --- what happens; `now` never goes backwards ---

  void start(TimePoint now);
  void submit(Request request, TimePoint now);
  /// Adds an identity to this and all later connections; `done` hears of the first answer.
  void add_auth(AuthData auth, UniqueFunction<void(Error)> done, TimePoint now);
  /// Takes the watcher (null = all) away, also from reads under way, and asks the server only if
  /// none of the type is left there. `request` is the removeWatches; it may be answered without
  /// being sent.
  void remove_watches(std::string_view path, WatcherType type, const Watcher& watcher,
                      Request request, TimePoint now);
  /// Ends the session in an orderly way, within close_timeout. Later requests are refused.
  void close(TimePoint now);
  /// Ends this side at once and leaves the session.
  std::optional<SessionCredentials> detach(TimePoint now);
  /// As if the transport had broken.
  void drop_connection(TimePoint now);

  /// The wanted transport is up, or is no more (refused, reset, closed: all the same). Only for the
  /// transport that is wanted now.
  void transport_up(TimePoint now);
  void transport_down(TimePoint now);
  /// In pieces of any size.
  void received(Bytes bytes, TimePoint now);
  /// The time has come, or may have.
  void tick(TimePoint now);

  // --- what it wants ---

  /// A transport to one of the hosts. Another `attempt` than before means: drop the old one.
  struct Wanted {
    std::uint64_t attempt = 0;
    std::size_t host = 0;
  };
  std::optional<Wanted> wanted() const;
  /// What to send on it, in order; sent() takes from the front, and there may be more afterwards.
  Bytes output() const { return output_.bytes().subspan(output_sent_); }
  void sent(std::size_t bytes, TimePoint now);
  /// When tick() has something to do at the latest.
  TimePoint next_deadline() const;

  // --- what it is ---

  SessionState state() const { return state_; }
  SessionEvent event() const { return {state_, session_, valid_until()}; }
  bool has_ended() const { return phase_ == Phase::ended; }
  /// The past from close() on: the server may have done it long before it is known here.
  TimePoint valid_until() const {
    return phase_ == Phase::ended || is_closing_ ? TimePoint{} : valid_until_;
  }
  std::size_t queued_count() const { return queue_.size(); }
  std::size_t in_flight_count() const { return in_flight_.size(); }
  const WatchRegistry& watches() const { return watches_; }

 private:
  /// Of the connection; the state is the session's.
  enum class Phase { unstarted, waiting, connecting, handshaking, connected, ended };

  struct Queued {
    Request request;
    TimePoint deadline;  ///< never decreasing towards the back
  };
  struct InFlight {
    Request request;
    std::int32_t xid = 0;
    TimePoint sent_at{};
  };
  struct Auth {
    AuthData data;
    UniqueFunction<void(Error)> done;  ///< empty once told
  };

  // engine.cc
  void set_state(SessionState state);
  void end(SessionState state, Error error);
  void fail_all(Error sent, Error unsent);
  void fail_auths(Error error);
  void lose_watches();
  void expire_queue(TimePoint now);
  void pump(TimePoint now);
  void send_request(Request request, TimePoint now);
  void send_ping(TimePoint now);
  void check_connection(TimePoint now);

  // engine_connect.cc
  void begin_attempt(TimePoint now);
  Milliseconds attempt_timeout() const;
  void schedule_attempt(TimePoint now);
  void drop(TimePoint now);
  bool take_handshake(Bytes frame, TimePoint now);
  void session_rejected(TimePoint now);
  void replay_auths();
  void send_auth(const Auth& auth);
  void replay_watches();

  // engine_receive.cc
  bool take_frame(Bytes frame, TimePoint now);
  bool take_notification(const proto::ReplyHeader& header, Bytes body);
  bool take_auth_reply(const proto::ReplyHeader& header, TimePoint now);
  bool take_set_watches_reply(const proto::ReplyHeader& header);
  bool take_reply(const proto::ReplyHeader& header, Bytes body, TimePoint now);
  void register_watch(const WatchOrder& order, Error error);
  void answered(TimePoint sent_at);

  const Options options_;
  StateListener listener_;
  std::minstd_rand random_;

  Phase phase_ = Phase::unstarted;
  SessionState state_ = SessionState::connecting;
  SessionId session_{};
  std::string password_;
  Milliseconds timeout_{0};  ///< negotiated
  Zxid last_zxid_{};
  TimePoint valid_until_ = TimePoint::min();
  Error end_error_ = Error::client_closed;  ///< what requests get once it has ended
  bool is_closing_ = false;
  TimePoint close_deadline_ = TimePoint::max();

  std::uint64_t attempt_ = 0;
  std::size_t next_host_ = 0;
  std::size_t host_ = 0;
  std::size_t failed_attempts_ = 0;  ///< in a row, without any answer to a request
  std::size_t slow_attempts_ = 0;    ///< those of them that took too long
  TimePoint attempt_at_{};           ///< waiting: when to try
  TimePoint attempt_deadline_{};     ///< connecting, handshaking: when to give up
  TimePoint handshake_sent_at_{};

  std::deque<Queued> queue_;
  std::deque<InFlight> in_flight_;
  std::deque<Auth> auths_;
  std::deque<std::size_t> auths_in_flight_;  ///< indices into auths_
  std::size_t set_watches_in_flight_ = 0;
  /// Every change up to here has been told to those who watch it. Not last_zxid_: a connection that
  /// breaks between two pieces of setWatches has shown a newer one, by its reply to the first,
  /// before the watches of the second were set.
  Zxid watched_zxid_{};
  std::int32_t last_xid_ = 0;
  std::optional<TimePoint> ping_sent_at_;
  TimePoint last_sent_{};
  TimePoint last_received_{};

  WatchRegistry watches_;
  ByteBuffer output_;
  std::size_t output_sent_ = 0;
  ByteBuffer input_;  ///< the start of a frame whose rest has not come yet
};

}  // namespace paddock::client
