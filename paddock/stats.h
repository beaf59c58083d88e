#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/histogram.h"
#include "core/proto/protocol.h"

/// What a reactor counts about itself. One ReactorStats per reactor, written by its thread only and
/// read by whichever reactor answers mntr: nothing is shared between writers, so counting costs a
/// plain add. words/server_view.h turns the sum of all into the texts that operators read.
namespace paddock {

/// A number that one thread changes and any thread reads. Relaxed: it orders nothing.
class Counter {
 public:
  void add(std::int64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void sub(std::int64_t by = 1) { add(-by); }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void raise_to(std::int64_t value) {
    if (value > get()) set(value);
  }
  std::int64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Operations in the order of their codes, without holes: an index for per-operation numbers.
/// Unknown codes share the last one.
constexpr std::size_t op_kind_count = 30;
std::size_t op_kind(proto::OpCode op);
/// "get_data", …: as in mntr's own keys.
const char* op_kind_name(std::size_t kind);
/// One of the operations of that kind; OpCode::error for the last.
proto::OpCode op_of_kind(std::size_t kind);

/// Threads: any. The owning reactor writes, all read (Counter and Histogram say how).
struct ReactorStats {
  // --- Connections.
  Counter connections;           ///< open now, four-letter words and handshakes included
  Counter sessions;              ///< open connections that have a session
  Counter accepted;              ///< connections accepted since the start
  Counter rejected_per_address;  ///< closed at once: maxClientCnxns
  Counter rejected_total;        ///< closed at once: maxCnxns
  Counter accept_pauses;         ///< times that accept stopped because descriptors had run out
  Counter handshakes_expired;    ///< closed: no connect request within the handshake timeout
  Counter handshakes_failed;     ///< closed: malformed or refused connect request
  Counter frames_too_large;      ///< closed: longer than jute.maxbuffer, or a negative length
  Counter slow_readers_closed;   ///< closed: more unsent bytes than outputBytesMax
  Counter auth_failed;           ///< auth packets refused
  Counter expired;               ///< sessions that ended because their clients were silent
  Counter receive_pauses;        ///< times that a connection's receive stopped, for whatever bound

  // --- Traffic since the start or the last srst.
  Counter packets_received;  ///< request frames and four-letter words
  Counter packets_sent;      ///< reply and notification frames
  Counter bytes_received;
  Counter bytes_sent;
  Counter notifications;          ///< part of packets_sent
  Counter outstanding;            ///< requests received and not answered now
  Counter in_flight_bytes;        ///< of those
  Counter output_bytes;           ///< unsent now
  Counter last_response_bytes{};  ///< of the last reply; meaningful once packets_sent > 0
  Counter min_response_bytes{};   ///< 0 = none yet
  Counter max_response_bytes{};

  // --- Watches of this reactor's connections, now.
  Counter data_watches;
  Counter child_watches;
  Counter persistent_watches;  ///< recursive ones included

  // --- Time. A request's latency runs from the completion that brought its last byte to the moment
  // its reply is put into the output.
  Histogram latency_ns;  ///< of all requests that are answered
  std::array<Histogram, op_kind_count> op_latency_ns;
  Counter turns;       ///< loop turns since the start
  Histogram turn_ns;   ///< from the end of a wait to the next wait: how long others wait at most
  Counter feed_slots;  ///< drained

  /// srst: any thread asks, the owner forgets in its next turn. Relaxed: a turn's delay is
  /// harmless.
  std::atomic<bool> reset_wanted{false};

  /// The owner, once per turn: does what srst asked for. Gauges ("now") and counts of refusals
  /// stay.
  void reset_if_wanted() {
    if (!reset_wanted.load(std::memory_order_relaxed)) [[likely]]
      return;
    reset_wanted.store(false, std::memory_order_relaxed);
    packets_received.set(0);
    packets_sent.set(0);
    latency_ns.reset();
    for (Histogram& histogram : op_latency_ns) histogram.reset();
    turn_ns.reset();
  }

  /// A reply of `bytes` was put into an output; `latency` as above.
  void count_reply(proto::OpCode op, std::int64_t bytes, std::int64_t latency) {
    packets_sent.add();
    last_response_bytes.set(bytes);
    max_response_bytes.raise_to(bytes);
    if (min_response_bytes.get() == 0 || bytes < min_response_bytes.get())
      min_response_bytes.set(bytes);
    latency_ns.record(latency);
    op_latency_ns[op_kind(op)].record(latency);
  }
};

}  // namespace paddock
