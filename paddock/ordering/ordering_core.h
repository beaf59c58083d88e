#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_set>

#include "core/proto/codec.h"
#include "core/state.h"
#include "paddock/ordering/batches.h"
#include "paddock/ordering/core_request.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/reaper.h"
#include "paddock/ordering/session_clock.h"
#include "paddock/ordering/session_owners.h"
#include "paddock/ordering/wall_clock.h"
#include "wal/log.h"

namespace paddock::ordering {

/// The only writer of the tree: gives every change its place in the one order, and every answer the
/// zxid that it waits for. It runs inside reactor 0's turn and never waits: what it cannot take now
/// it refuses with `false`, and the reactor keeps the request and asks again.
///
/// Threads: loop-local (reactor 0's), is_read_only() excepted.
class OrderingCore final : public wal::Log::Owner {
 public:
  struct Options {
    std::int64_t tick_ms = 2000;
    std::uint64_t session_id_base = 0;  ///< first id to give; see make_session_id_base()
    std::size_t steps_per_turn =
        2000;  ///< sub-steps of one transaction before others get the loop (R22)
    Reaper::Options reaper;
  };
  /// What the core tells the rest of the program; calls come from inside turn() and submit().
  struct Hooks {
    std::function<void(SessionId, const char* cause)> session_closed;  ///< logged when prepared
    std::function<void(const core::QuotaExcess&)> quota_exceeded;  ///< per request, refused or not
    std::function<void(bool read_only)> read_only_changed;
    std::function<void(const std::string& reason)> fatal;  ///< the log failed (R8); must not return
  };

  OrderingCore(core::State& state, Feed& feed, const Options& options, Hooks hooks);

  /// After recovery: the log goes on, every session of the state is detached with its full timeout.
  void start(wal::Log& log, std::int64_t session_now_ms);

  /// Takes a request, or returns false: the feed or the open batch is full, or a large transaction
  /// is being prepared. Then nothing has happened and the caller asks again in a later turn.
  /// `now_ms` is the wall clock, the same as in the turn() that follows.
  bool submit(const CoreRequest& request, std::int64_t now_ms);

  /// Once per turn of reactor 0, behind the requests: goes on with a sliced transaction, expires
  /// detached sessions, removes containers and TTL nodes, tries to leave the read-only mode, hands
  /// the batch to the log. `monotonic_ns`: for waits shorter than the other two clocks see.
  void turn(std::int64_t session_now_ms, std::int64_t now_ms, std::int64_t monotonic_ns);
  /// When turn() should run next although nothing arrives, on the session clock; INT64_MAX = never.
  std::int64_t next_due_ms() const;
  /// The same on the monotonic clock.
  std::int64_t next_due_ns() const { return batches_.seal_at_ns(); }
  /// There is work that needs no event to go on: do not sleep.
  bool is_busy() const {
    return slicing_ || (!closing_.empty() && !closing_is_blocked_ && !is_read_only());
  }

  /// The disk is full: writes get -119, nothing expires, sessions can be resumed (R20). Threads:
  /// any (one relaxed atomic; a turn's delay is harmless).
  bool is_read_only() const { return read_only_.load(std::memory_order_relaxed); }

  /// Nothing prepared is unpublished.
  bool is_idle() const { return batches_.is_idle() && !slicing_; }
  const Batches& batches() const { return batches_; }
  core::State& state() { return state_; }
  const SessionOwners& owners() const { return owners_; }
  std::int64_t session_now_ms() const { return session_now_ms_; }  ///< of the last turn()

  /// Session ids as ZooKeeper makes them: server id 1, low 40 bits of the start time in ms, a
  /// counter.
  static std::uint64_t make_session_id_base(std::int64_t now_ms);

 private:
  // wal::Log::Owner
  void durable_advanced(Zxid durable) override;
  void failed(const std::string& reason) override;
  void space_changed() override {}

  bool submit_write(const CoreRequest& request, std::int64_t now_ms);
  void submit_read(const CoreRequest& request);
  template <class Write>
  void add_answer_with(const AnswerTo& to, Write&& write);
  bool submit_open(const CoreRequest& request, std::int64_t now_ms);
  bool submit_resume(const CoreRequest& request);
  bool submit_expire(const CoreRequest& request, std::int64_t now_ms);
  bool owns(const CoreRequest& request) const;

  enum class Space { ready, later, none };
  Space space_for(const core::WriteRequest& write);
  void prepare(const core::WriteRequest& write, const AnswerTo& to);
  void go_on();
  void prepared_done();
  bool close_session(SessionId session, const AnswerTo& to, const char* cause, std::int64_t now_ms);
  void enter_read_only();
  void try_leave_read_only();
  void close_later(SessionId session, const AnswerTo& to);
  void close_waiting(std::int64_t now_ms);
  void watch_wall_clock(std::int64_t now_ms);
  bool remove_container(std::string_view path, std::int64_t now_ms);

  static constexpr std::size_t closes_per_turn = 16;
  static constexpr std::int64_t space_retry_ms = 1000;
  static constexpr std::int64_t close_retry_ms = 1;  ///< no event may tell that a slot is free
  /// The read-only mode ends when a batch of this size fits, so that it does not flap at the brink.
  static constexpr std::size_t space_wanted_bytes = 256 * 1024;

  core::State& state_;
  Feed& feed_;
  const Options options_;
  const Hooks hooks_;
  wal::Log* log_ = nullptr;
  Batches batches_;
  SessionOwners owners_;
  Reaper reaper_;
  WallClock wall_clock_;
  Zxid stamped_{};  ///< newest zxid with the wall clock of the last turn() or an earlier one
  std::uint64_t next_session_id_;
  std::int64_t session_now_ms_ = 0;

  // The transaction being prepared. `write_.body` points to the caller's memory, or to body_ when
  // the transaction may take several turns.
  core::WriteRequest write_;
  core::Prepared prepared_;
  AnswerTo answer_to_;
  ByteBuffer body_;
  core::IdentitySetRef identities_;  ///< of a multi that takes several turns
  const char* close_cause_ = "";
  bool slicing_ = false;

  proto::TextArena arena_;  ///< of one read's body
  ByteBuffer reply_;        ///< of one read's answer

  std::atomic<bool> read_only_{false};
  std::int64_t space_retry_at_ms_ = 0;

  /// Sessions to close as soon as there is room for it: expired ones, and those whose clients
  /// closed them on a full disk. Void when the session has moved on to another generation.
  struct Closing {
    SessionId session{};
    std::uint64_t generation = 0;
    const char* cause = "";
    bool by_client = false;
  };
  std::deque<Closing> closing_;
  std::unordered_set<std::int64_t> closed_by_clients_;  ///< the sessions of those by_client
  bool closing_is_blocked_ = false;  ///< there was no room for the first one in the last turn
};

}  // namespace paddock::ordering
