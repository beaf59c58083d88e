#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/identity.h"
#include "core/proto/protocol.h"
#include "core/ring_queue.h"
#include "net/connection.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/session_deadlines.h"
#include "paddock/reactor/watch_table.h"

namespace paddock::reactor {

class Reactor;
struct Client;

/// A request that the ordering core has and has not answered yet.
struct Outstanding {
  std::int32_t xid = 0;
  proto::OpCode op{};
  std::uint32_t bytes = 0;      ///< of its frame
  std::int64_t arrived_ns = 0;  ///< monotonic, when its last byte came
};

/// What the word cons shows of a connection; crst resets all of it.
struct ClientCounts {
  std::int64_t received = 0;  ///< frames
  std::int64_t sent = 0;
  std::int32_t last_xid = -1;
  std::optional<proto::OpCode> last_op;
  Zxid last_zxid{-1};
  std::int64_t last_response_ms = 0;
  std::int64_t last_latency_ns = 0;
  std::int64_t min_latency_ns = 0;
  std::int64_t max_latency_ns = 0;
  std::int64_t total_latency_ns = 0;
  std::int64_t latency_count = 0;
};

/// One client connection of a reactor, from accept to close, and what its reactor knows about it.
/// The functions that work on it are the reactor's; it only passes its socket's calls on.
///
/// Order (R11): requests are taken from the input one after another. Those for the ordering core go
/// there at once and wait in `outstanding`; any other is served when `outstanding` is empty, and
/// nothing behind it is looked at before. So replies leave in the order of the requests.
///
/// Threads: loop-local.
struct Client final : net::Connection::Owner {
  enum class Phase : std::uint8_t {
    first_bytes,  ///< a four-letter word or the length of a frame comes first
    word,         ///< a word is being answered
    handshake,    ///< the connect request is awaited, or its answer
    serving,
    closing,  ///< nothing is read any more and no answer leaves but those already in the output
  };
  /// Why nothing more is taken from the input for now.
  enum class Hold : std::uint8_t {
    none,
    answers,   ///< the next request waits for those before it (R11), or for the connect answer
    core,      ///< the ordering core takes no more now (R4): asked again each turn
    throttle,  ///< globalOutstandingLimit
    output,    ///< it reads too slowly: what it has not read yet is too much
    slice,     ///< a large read is being worked off (R16)
  };

  Client(Reactor& reactor, ordering::ConnectionId with_id, net::Loop& loop, int socket,
         net::Connection::Limits limits)
      : owner(reactor), id(with_id), connection(loop, socket, *this, limits) {
    deadline.client = this;
  }

  void input_arrived(net::Connection&) override;
  void output_sent(net::Connection&) override;
  void closed(net::Connection&, int error) override;

  Reactor& owner;
  const ordering::ConnectionId id;
  net::Connection connection;
  /// As ConnectionLimits counts it: a socket that its peer has reset has no address any more.
  net::PeerAddress admitted_from;

  Phase phase = Phase::first_bytes;
  Hold hold = Hold::none;
  bool is_ready = false;       ///< in the reactor's list of clients to serve
  bool is_served = false;      ///< something was taken from its input when it had its turn
  bool is_dirty = false;       ///< in the list of clients with output to flush
  bool is_told = false;        ///< in the list of those with notifications to flush
  bool is_expiring = false;    ///< its deadline has passed: nothing is answered any more (R15)
  bool is_ending = false;      ///< its closeSession is on the way: what comes behind is dropped
  bool is_connecting = false;  ///< the core has its connect request
  bool has_read_only_byte =
      false;  ///< its connect request did, so the answer must (docs/protocol.md, 2.1)
  bool is_resuming = false;
  bool is_slow = false;              ///< it will be closed at the end of the turn for not reading
  bool is_paused_for_bytes = false;  ///< inFlightBytesMax

  // --- The session; id 0: none.
  SessionId session{};
  std::uint64_t owner_generation = 0;
  std::int32_t timeout_ms = 0;
  struct Deadline : ordering::SessionDeadlines::Entry {
    Client* client = nullptr;
  } deadline;  ///< of the session, before that of the handshake

  core::IdentitySetRef identities;
  core::RingQueue<Outstanding> outstanding;

  std::int64_t arrived_ns = 0;  ///< when the input that is being served came
  std::int64_t established_ms = 0;
  std::size_t input_counted = 0;      ///< of it in the reactor's sum of unconsumed bytes
  std::size_t output_counted = 0;     ///< of it in the reactor's sum of unsent bytes
  std::size_t large_reply_bytes = 0;  ///< one reply larger than all bounds is in the output
  ClientCounts counts;

  // --- Watches.
  ClientWatches watches;
  std::uint64_t told_job = 0;     ///< Fanout: the last event it was told of
  std::uint64_t flushed_job = 0;  ///< Fanout: all events up to this one are in its output
  ByteBuffer deferred_events;     ///< behind the large read that is being worked off
};

}  // namespace paddock::reactor
