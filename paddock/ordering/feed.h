#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/acl.h"
#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/proto/protocol.h"

/// The commit feed: one broadcast ring from the ordering core to every reactor. One slot holds what
/// one batch did, in order; a slot is published when its batch is durable. A record carries all
/// that its readers need (reply body, events, the ACLs that filter them), so that no reactor looks
/// into the trie to finish a write or an event (R12).
///
/// A slot without a transaction carries answers only (failed writes, sync, refused resumes): it is
/// published behind the batches that its answers were judged on (R13).
///
/// Ordering. The producer fills a slot, then stores published_ (seq_cst, [F1]) and only then
/// advances committed_zxid; a reactor that has read committed_zxid = C (acquire) therefore sees
/// every slot with end <= C by loading published_ (acquire, pairs with [F1]). The store is seq_cst
/// because it is also what a sleeper rechecks (net/mailbox.h, R5). A consumer stores its cursor
/// (release, [F2]) when it is done with a slot; the producer reuses a slot after loading all
/// cursors (acquire, pairs with [F2]). Done is later than read: a reactor reads on while the events
/// of an earlier slot are still being fanned out in slices (R16), and those refer to the slot's
/// memory.
namespace paddock::ordering {

/// A connection of a reactor. Indexes are reused; the generation tells the reuse apart.
struct ConnectionId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool operator==(const ConnectionId&) const = default;
};

enum class AnswerKind : std::uint8_t {
  none,              ///< nobody waits for this record (an expiry, a container's removal)
  reply,             ///< answers the oldest outstanding request of the connection
  connect_accepted,  ///< session opened or resumed; body = 16 bytes of password
  connect_refused,   ///< rejection reply, then close
  close,             ///< close the connection without a word (moved session, read-only server)
};

/// What one request did, in commit order.
struct FeedRecord {
  Zxid zxid{};  ///< of its transaction, or of the newest state it was judged on
  std::uint32_t event_begin = 0;
  std::uint32_t event_count = 0;
  std::uint32_t body_at = 0;  ///< reply body in FeedSlot::bytes
  std::uint32_t body_bytes = 0;
  ConnectionId connection{};
  std::uint16_t reactor = 0;
  AnswerKind answer = AnswerKind::none;
  proto::ErrorCode error{};
  SessionId session{};  ///< connect_accepted: the session; session_ended: the one that ended
  std::uint64_t owner_generation = 0;  ///< connect_accepted: the session's owner generation (R14)
  std::int32_t timeout_ms = 0;         ///< connect_accepted: the negotiated timeout
  bool session_ended = false;  ///< close `connection` of `reactor` once its events have been queued
};

/// One watch event; every reactor fires its own watches with it.
struct FeedEvent {
  proto::EventType type{};
  std::uint32_t path_at = 0;  ///< in FeedSlot::bytes
  std::uint32_t path_bytes = 0;
  const core::Acl* acl = nullptr;  ///< READ decides who is told; held by the slot
};

struct FeedSlot {
  Zxid end{};  ///< committed_zxid once the slot is published
  ByteBuffer bytes;
  std::vector<FeedRecord> records;
  std::vector<FeedEvent> events;
  std::uint64_t wanted_by = 0;  ///< bit r: reactor r has an answer or a session end in here (R4)

  std::string_view path(const FeedEvent& event) const {
    return as_text(bytes.bytes().subspan(event.path_at, event.path_bytes));
  }
  Bytes body(const FeedRecord& record) const {
    return bytes.bytes().subspan(record.body_at, record.body_bytes);
  }
};

/// Threads: one producer (the ordering core) and `consumer_count` consumers, each on its own
/// thread.
class Feed {
 public:
  static constexpr std::uint32_t slot_count =
      256;  ///< batches between the slowest reactor and the core
  static constexpr std::uint32_t consumer_count_max = 64;  ///< bits of FeedSlot::wanted_by

  explicit Feed(std::uint32_t consumer_count);
  ~Feed();

  // --- The producer.
  /// An empty slot to fill, or null: the slowest consumer is a whole ring behind (R4). Slots are
  /// published in the order they were taken; several may be open.
  FeedSlot* take();
  /// Publishes the oldest taken slot.
  void publish();
  /// Slots published and not yet drained by the slowest consumer.
  std::uint32_t backlog() const;
  std::uint32_t consumer_backlog(std::uint32_t consumer) const;

  // --- A consumer. Slots are numbered from 0; it reads them in order and gives them back in order.
  /// The slot at `position`, or null if it is not published yet. Valid until given back.
  const FeedSlot* at(std::uint64_t position) const;
  /// Gives back all slots below `position`.
  void release(std::uint32_t consumer, std::uint64_t position);
  /// A sleeper's recheck (R5): whether the slot at `position` has been published.
  bool has(std::uint64_t position) const;

 private:
  /// Memory that is kept of a batch for the next ones, of its bytes, its records and its events;
  /// what one huge transaction has made larger is given back.
  static constexpr std::size_t slot_bytes_kept = 256 * 1024;
  /// And of so many batches: more were in use only because a consumer was behind.
  static constexpr std::size_t spare_count_max = 8;

  struct alignas(64) Cursor {
    std::atomic<std::uint64_t> value{0};
  };

  std::uint64_t slowest() const;
  void collect(std::uint64_t given_back);

  const std::uint32_t consumer_count_;
  std::unique_ptr<FeedSlot[]> slots_;
  // The producer's only.
  std::uint64_t taken_ = 0;
  std::uint64_t collected_ = 0;   ///< slots below have no memory
  std::vector<FeedSlot> spares_;  ///< their memory, in empty slots
  alignas(64) std::atomic<std::uint64_t> published_{0};
  std::unique_ptr<Cursor[]> cursors_;
};

}  // namespace paddock::ordering
