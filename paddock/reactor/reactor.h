#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/proto/connect_records.h"
#include "core/proto/records.h"
#include "core/read.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "paddock/log.h"
#include "paddock/ordering/core_request.h"
#include "paddock/ordering/session_clock.h"
#include "paddock/ordering/session_deadlines.h"
#include "paddock/reactor/client.h"
#include "paddock/reactor/client_table.h"
#include "paddock/reactor/control_box.h"
#include "paddock/reactor/fanout.h"
#include "paddock/reactor/server.h"
#include "paddock/reactor/watch_table.h"
#include "paddock/stats.h"
#include "paddock/words/server_view.h"
#include "wal/disk.h"

namespace paddock::reactor {

/// A client that has this much unread is served nothing more until it has read (of a smaller
/// outputBytesMax, half).
inline constexpr std::size_t output_pause_bytes = 1u << 20;

/// A large read that is being worked off (R16).
struct SlicedReply {
  ordering::ConnectionId id;
  std::int32_t xid = 0;
  proto::OpCode op{};
  std::int64_t arrived_ns = 0;
  core::SlicedRead read;
  ByteBuffer frame;
  proto::FrameStart start;
  Zxid snapshot{};
};

/// One thread, one io_uring, the connections given to it and their watches. Nothing in it is
/// shared, so nothing in it is locked; what others want of it goes through its control box, the
/// commit feed, or (for the core's reactor) a mailbox.
///
/// A turn (run_turn), whose order is what makes the consistency rule of docs/architecture.md hold:
///
///   1. wait      submit what the turn before queued; sleep; reap all completions
///   2. complete  reactor 0: the disk's completions, which may publish batches
///   3. drain     pin S = committed_zxid and read the feed up to it: events first, then answers
///   4. serve     requests in the order of each connection; reads see S; writes go to the core
///   5. expire    deadlines, after all received bytes have been looked at (R15)
///   6. order     reactor 0: others' requests, then the core's own turn, which hands the batch over
///   7. flush     one send for each connection that has output
///
/// One class in several files: reactor.cc the turn, reactor_accept.cc connections' beginning and
/// end, reactor_requests.cc the order of requests, reactor_session.cc handshake and deadlines,
/// reactor_answers.cc the feed, reactor_reads.cc, reactor_watches.cc and reactor_identity.cc the
/// operations that a reactor answers itself.
///
/// Threads: loop-local, but for post() and what is atomic.
class Reactor {
 public:
  /// What reactor 0 does besides, in steps 2, 4 and 6; empty for the others.
  struct CoreDuties {
    std::function<void()> complete;  ///< runs the disk's completions
    /// Before the reactor's own requests: the others' may be first.
    std::function<void(std::int64_t now_ms)> take_mail;
    /// The end of the ordering core's turn, with the session clock, the wall clock and the
    /// monotonic one.
    std::function<void(std::int64_t session_now_ms, std::int64_t now_ms, std::int64_t monotonic_ns)>
        order;
    /// Whether the next turn must not sleep.
    std::function<bool()> is_busy;
    /// Requests of others wait, and no event may tell when to go on.
    std::function<bool()> is_blocked;
    std::function<std::int64_t()> next_due_ms;  ///< session clock; INT64_MAX = never
    std::function<std::int64_t()> next_due_ns;  ///< monotonic; the same
  };

  /// `index`: its number as a consumer of the feed, a reader of the trie, a sender of mailboxes.
  Reactor(Server& server, std::uint16_t index, std::unique_ptr<net::Loop> loop);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void set_core_duties(CoreDuties duties) { duties_ = std::move(duties); }

  /// Turns until stop() has been called and everything has been drained. On the thread that owns
  /// the reactor from now on.
  void run();
  /// One turn.
  void run_turn();
  /// Takes no more requests, answers what it has taken, sends it and closes the connections; their
  /// sessions live on. On its own thread (post it).
  void stop();
  bool is_drained() const { return is_drained_.load(std::memory_order_acquire); }  // [D1]
  /// Reactor 0 goes on turning, for the others and the log, until this is called.
  void end() { is_ended_ = true; }

  /// A socket that ConnectionLimits has admitted for this reactor. On its own thread.
  void take_socket(int socket, const net::PeerAddress& from);

  // --- Threads: any.
  void post(std::function<void()> task) { control_.post(std::move(task)); }
  net::Sleeper& sleeper() { return sleeper_; }
  net::Loop& loop() { return *loop_; }
  ReactorStats& stats() { return stats_; }
  const ReactorStats& stats() const { return stats_; }
  /// Whether it may have to be told of events; seq_cst, so that a batch published before it became
  /// true is seen by the turn that sets the watch, and one published after it wakes (R4).
  bool owns_watches() const { return owns_watches_.load(std::memory_order_seq_cst); }

  // --- For the word desk, on its own thread.
  /// Its part of a view.
  struct ViewPart {
    words::ServerView view;
    std::vector<std::uint64_t> watched_paths;  ///< hashes; a path once for each of its watches
  };
  void fill_part(ViewPart& part, words::Part parts, ordering::ConnectionId asker);
  void reset_connection_counts();
  void answer_word(ordering::ConnectionId asker, const std::optional<std::string>& text);
  Zxid snapshot() const { return snapshot_; }

 private:
  friend struct Client;
  using ErrorCode = proto::ErrorCode;
  using OpCode = proto::OpCode;

  /// A request that has been cut out of the input.
  struct Request {
    std::int32_t xid = 0;
    OpCode op{};
    Bytes body;  ///< behind the header; lives until the input is consumed
    std::uint32_t frame_bytes = 0;
  };
  /// What became of the frame at the front of the input.
  enum class Taken : std::uint8_t {
    yes,      ///< it is done with: consume it
    not_yet,  ///< Client::hold says why
    closed,   ///< the connection is on its way out
  };

  // --- The turn (reactor.cc)
  void wait();
  std::int64_t next_deadline_ns();
  bool has_work() const;
  void read_clocks();
  void serve_ready();
  void flush_dirty();
  void flush_told();
  void drain_for_stop();
  bool is_core() const { return index_ == 0; }

  // --- Connections (reactor_accept.cc)
  void input_arrived(Client& client);
  void output_sent(Client& client);
  void connection_closed(Client& client, int error);
  void close_now(Client& client);
  void close_after_answers(Client& client);
  void begin_closing(Client& client);
  void make_ready(Client& client);
  void make_dirty(Client& client);
  void hold(Client& client, Client::Hold why);
  void count_input(Client& client);
  void count_output(Client& client);
  void resume_paused();
  bool reads_too_slowly(const Client& client, std::size_t more) const;
  void close_slow();

  // --- The order of requests (reactor_requests.cc)
  void serve(Client& client);
  bool serve_first_bytes(Client& client);
  Taken take_request(Client& client, const Request& request);
  Taken forward(Client& client, const Request& request, ordering::CoreRequest::Kind kind);
  bool submit(const ordering::CoreRequest& request);
  Taken serve_own(Client& client, const Request& request);
  void release_held(std::deque<ordering::ConnectionId>& held);
  void retry_core();

  // --- Sessions (reactor_session.cc)
  Taken connect(Client& client, Bytes body, std::size_t frame_bytes);
  void connect_accepted(Client* client, const ordering::FeedSlot& slot,
                        const ordering::FeedRecord& record);
  void connect_refused(Client& client);
  void detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms);
  void retry_detaches();
  void touch(Client& client);
  void expire_due();
  bool has_unserved_request(const Client& client) const;
  bool ask_to_expire(Client& client);

  // --- The feed (reactor_answers.cc)
  void drain_feed();
  void take_record(const ordering::FeedSlot& slot, const ordering::FeedRecord& record);
  void take_answer(Client& client, const ordering::FeedSlot& slot,
                   const ordering::FeedRecord& record);
  void tell(Client& client, Bytes frame);
  void wake_others();

  // --- Replies
  template <class Body>
  void reply_with(Client& client, const Request& request, Body&& body);
  void reply(Client& client, const Request& request, ErrorCode err);
  void count_reply(Client& client, OpCode op, Zxid zxid, std::size_t bytes,
                   std::int64_t arrived_ns);

  // --- Reads (reactor_reads.cc)
  Taken read(Client& client, const Request& request);
  Taken read_sliced(Client& client, const Request& request, core::SlicedRead::Kind kind,
                    std::string_view path, bool watch);
  void go_on_reading();
  void finish_slice(Client* client);
  Taken read_multi(Client& client, const Request& request);
  Taken refuse_large_reply(Client& client);
  core::ReadView view_for(const Client& client) const;

  // --- Watches (reactor_watches.cc)
  void watch(Client& client, std::string_view path, std::uint8_t bits);
  void count_watches();
  void sweep_watches();
  Taken set_watches(Client& client, const Request& request);
  Taken add_watch(Client& client, const Request& request);
  Taken check_or_remove_watches(Client& client, const Request& request);

  // --- Identities (reactor_identity.cc)
  Taken auth(Client& client, const Request& request);
  Taken sasl(Client& client, const Request& request);
  Taken who_am_i(Client& client, const Request& request);
  Taken reconfig(Client& client, const Request& request);

  Server& server_;
  const std::uint16_t index_;
  std::unique_ptr<net::Loop> loop_;
  CoreDuties duties_;
  ControlBox control_;
  net::Sleeper sleeper_;
  ReactorStats stats_;
  alignas(64) std::atomic<bool> owns_watches_{false};  ///< reactor 0 reads it at each commit

  // --- Where it stands: written each turn.
  alignas(64) Zxid snapshot_{};       ///< S
  std::uint64_t position_ = 0;        ///< next slot of the feed to read
  std::uint64_t woken_position_ = 0;  ///< reactor 0: others have been woken for all slots below it
  ordering::SessionClock clock_;
  std::int64_t due_ms_ = 0;       ///< monotonic; when the last wait() was to end at the latest
  std::int64_t now_ns_ = 0;       ///< monotonic, of this turn
  std::int64_t answered_ns_ = 0;  ///< monotonic, what replies' latencies are measured to
  std::int64_t wall_ms_ = 0;

  ClientTable clients_;
  ordering::SessionDeadlines deadlines_;
  WatchTable watches_;
  Fanout fanout_;
  std::int64_t watch_tick_ns_ = net::never_ns;  ///< monotonic; of watches_, while some rest

  std::vector<ordering::ConnectionId> ready_, serving_;  ///< with input to look at; kept memory
  std::vector<ordering::ConnectionId> dirty_;            ///< with output to flush
  core::RingQueue<ordering::ConnectionId> told_;         ///< with notifications to flush
  std::size_t told_turns_ = 0;                           ///< since the first of them was told
  std::size_t told_bytes_ = 0;                           ///< told since then
  bool is_flushing_told_ = false;                        ///< until told_ is empty
  std::vector<ordering::ConnectionId> slow_;             ///< to be closed for not reading
  std::deque<ordering::ConnectionId> held_by_core_;      ///< in the order in which they asked
  std::deque<ordering::ConnectionId> held_by_throttle_;
  std::deque<ordering::ConnectionId> held_by_slice_;
  std::deque<ordering::ConnectionId> expiring_;  ///< the core has not taken their expiry yet
  bool is_expiry_blocked_ = false;               ///< nor did it want to in the last turn
  std::vector<ordering::ConnectionId> paused_;   ///< inFlightBytesMax
  std::deque<ordering::CoreRequest> detaches_;   ///< that did not fit into the mailbox

  // --- Bounds: a reactor's share of what the configuration allows all of them together.
  const std::size_t outstanding_max_;
  const std::size_t in_flight_bytes_max_;
  const std::size_t output_bytes_total_max_;
  std::size_t outstanding_count_ = 0;
  std::size_t outstanding_bytes_ = 0;
  std::size_t input_bytes_ = 0;   ///< received and not consumed, of all connections
  std::size_t output_bytes_ = 0;  ///< not yet taken by the kernel, of all connections

  std::optional<SlicedReply> slice_;  ///< one at a time, with its S held

  // --- Kept for their memory.
  proto::TextArena arena_;
  proto::SetWatches2Request set_watches_;
  proto::MultiOp multi_op_;

  bool is_stopping_ = false;
  std::int64_t stop_deadline_ns_ = 0;
  std::atomic<bool> is_drained_{false};
  bool is_ended_ = false;

  log::Burst opened_{20}, ended_{20}, refused_, malformed_, slow_readers_, throttled_;
};

template <class Body>
void Reactor::reply_with(Client& client, const Request& request, Body&& body) {
  ByteBuffer& out = client.connection.output();
  const proto::ReplyHeader header{request.xid, snapshot_, ErrorCode::ok};
  const proto::FrameStart start = proto::begin_reply(out, header);
  const ErrorCode err = body(out);
  if (err != ErrorCode::ok) {
    out.truncate(start.offset + proto::frame_header_bytes + proto::reply_header_bytes);
    proto::set_reply_header(out, start, {request.xid, snapshot_, err});
  }
  proto::end_frame(out, start);
  count_reply(client, request.op, snapshot_, out.size() - start.offset, client.arrived_ns);
}

}  // namespace paddock::reactor
