#pragma once

#include <cstdint>
#include <deque>

#include "core/state.h"
#include "core/write.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/txn_record.h"
#include "wal/log.h"

namespace paddock::ordering {

/// Who is answered by a record, and how.
struct AnswerTo {
  AnswerKind kind = AnswerKind::none;
  std::uint16_t reactor = 0;
  ConnectionId connection{};
};

/// The way of a batch: open (collecting), sealed and in flight to the disk, published. It joins the
/// state, the log and the feed and decides nothing about requests.
///
/// A batch is sealed at the end of a turn if the log takes another write; until then it goes on
/// collecting. One that is small beside the batch in flight waits for more, but not for long: those
/// who have just been answered come one after the other, and the first of them would else get a
/// write of its own while all others wait for the next. What is published is always a contiguous
/// prefix (R8), and committed_zxid only ever stops at a batch's end (R3).
///
/// Threads: loop-local, the ordering core's.
class Batches {
 public:
  /// Bound on the payload of one batch, a single larger transaction excepted. Large enough that a
  /// sync is never the bottleneck by bytes, small enough that a batch is written in a few
  /// milliseconds.
  static constexpr std::size_t payload_bytes_max = 1u << 20;
  /// Bounds on the answers and events of one slot; a batch that reaches them takes no more.
  static constexpr std::size_t slot_bytes_max = 8u << 20;
  static constexpr std::size_t slot_records_max = 64 * 1024;

  Batches(core::State& state, Feed& feed) : state_(state), feed_(feed) {}
  void set_log(wal::Log& log) { log_ = &log; }

  /// Who wants to add: a client, or the server itself, which ends sessions and removes containers.
  /// It has half as much room again, so that no flood of requests keeps dead sessions' locks.
  enum class For : std::uint8_t { client, server };
  /// A record can be added now: a slot is there (R4) and the open batch is not full.
  bool can_add(For whom = For::client);
  /// The log bytes that a transaction of at most `txn_bytes` would make of the open batch.
  std::size_t payload_bytes_with(std::size_t txn_bytes) const {
    return builder_.payload_bytes() + txn_bytes;
  }

  /// Adds what State::prepare made of a request. REQUIRES: can_add() before the prepare.
  FeedRecord& add(const core::Prepared& prepared, const AnswerTo& to);
  /// Adds an answer without a transaction, judged on the newest state (R13).
  FeedRecord& add_answer(proto::ErrorCode error, Bytes body, const AnswerTo& to);

  /// The end of a turn: hands the open batch to the log if that is possible. `hold`: a transaction
  /// is half prepared, so the batch must stay open (R22). `now_ns`: monotonic.
  void seal(bool hold, std::int64_t now_ns);
  /// When seal() wants to be called again at the latest; INT64_MAX = when something happens.
  std::int64_t seal_at_ns() const { return seal_at_ns_; }
  /// The log's watermark has moved: publishes what it covers. Returns whether anything was
  /// published.
  bool publish(Zxid durable);

  /// Marks the open slot as wanted by a reactor that the last record names.
  void wanted_by(std::uint16_t reactor) { open_->wanted_by |= std::uint64_t{1} << reactor; }

  /// Nothing is open or in flight: all that was prepared is published.
  bool is_idle() const {
    return (open_ == nullptr || open_->records.empty()) && in_flight_.empty();
  }
  /// Digest of the state at committed_zxid.
  std::uint64_t committed_digest() const { return committed_digest_; }
  /// After recovery, before the first record.
  void start_at(std::uint64_t digest) { committed_digest_ = digest; }

  struct Counters {
    std::uint64_t txns = 0;        ///< transactions sealed
    std::uint64_t batches = 0;     ///< batches with at least one
    std::uint32_t last_count = 0;  ///< transactions in the last batch
    std::uint32_t max_count = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  /// More of a wait than this costs more than a larger batch saves; measured (docs/benchmarks.md).
  static constexpr std::int64_t more_wait_ns = 80'000;

  struct InFlight {
    FeedSlot* slot = nullptr;
    std::uint32_t count = 0;  ///< transactions
    std::uint64_t digest = 0;
  };

  bool waits_for_more(std::int64_t now_ns);
  FeedRecord& add_record(Zxid zxid, proto::ErrorCode error, Bytes body, const AnswerTo& to);

  core::State& state_;
  Feed& feed_;
  wal::Log* log_ = nullptr;
  FeedSlot* open_ = nullptr;        ///< taken from the feed with the first record of a batch
  BatchBuilder builder_;            ///< the open batch's transactions
  Zxid first_{};                    ///< of the open batch; meaningful while builder_.count() > 0
  std::deque<InFlight> in_flight_;  ///< sealed, oldest first
  std::int64_t seal_at_ns_ = INT64_MAX;  ///< the open batch waits for more until then
  std::uint64_t committed_digest_ = 0;
  Counters counters_;
};

}  // namespace paddock::ordering
