#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/proto/protocol.h"
#include "paddock/config/config.h"
#include "paddock/stats.h"
#include "paddock/words/word.h"

namespace paddock::words {

/// One client connection, for cons, stat and dump.
struct ConnectionView {
  std::string peer;           ///< "127.0.0.1:52956", "[::1]:52956"
  int interest = 1;           ///< 1 = wants to read, 4 = has unsent output, 5 = both, 0 = the asker
  std::int64_t queued = 0;    ///< requests not yet answered
  std::int64_t received = 0;  ///< frames
  std::int64_t sent = 0;      ///< frames
  SessionId session{};        ///< {0}: none yet, and nothing below is shown
  std::optional<proto::OpCode> last_op;  ///< none: nothing since crst
  std::int64_t established_ms = 0;       ///< wall clock, ms since 1970
  std::int64_t timeout_ms = 0;           ///< negotiated
  std::int32_t last_xid = -1;            ///< of the last request; negative: not shown
  Zxid last_zxid{};                      ///< of the last reply; {-1}: none since crst
  std::int64_t last_response_ms = 0;     ///< monotonic, when the last reply was queued
  std::int64_t last_latency_ns = 0, min_latency_ns = 0, total_latency_ns = 0, max_latency_ns = 0;
  std::int64_t latency_count = 0;
  std::int64_t expires_ms = 0;  ///< wall clock, when its session would expire; for dump
};

/// One watch of the data table (one-shot, persistent and recursive; child watches are not told).
struct WatchView {
  SessionId session{};
  std::string path;
};

/// Sessions whose deadlines fall into the same tick.
struct ExpiryView {
  std::int64_t expires_ms = 0;  ///< wall clock, ms since 1970
  SessionId session{};
};

struct EphemeralView {
  SessionId session{};
  std::vector<std::string> paths;
};

struct DigestView {
  Zxid zxid{};
  std::uint64_t digest = 0;
};

/// The log's and the batches' counters since the start.
struct LogView {
  std::int64_t syncs = 0;    ///< durable writes of batches
  std::int64_t batches = 0;  ///< with at least one transaction
  std::int64_t txns = 0;     ///< in those
  std::int64_t last_batch_txns = 0, max_batch_txns = 0;
  std::int64_t payload_bytes = 0;
  std::int64_t written_bytes = 0;  ///< headers and padding included
  std::int64_t last_sync_ns = 0, max_sync_ns = 0, total_sync_ns = 0;
  std::int64_t slow_syncs = 0;  ///< longer than fsync.warningthresholdms
  std::int64_t stalled_ms = 0;  ///< how long the write under way hangs, once it is slow
};

struct SnapshotView {
  std::int64_t count = 0;    ///< completed since the start
  std::int64_t failed = 0;   ///< given up
  Zxid last_zxid{};          ///< of the last one
  std::int64_t last_ms = 0;  ///< how long it took
  std::int64_t max_ms = 0, total_ms = 0;
};

/// What the start had to read.
struct StartView {
  std::int64_t snapshot_load_ms = 0;
  std::int64_t log_load_ms = 0;
  std::int64_t txns_loaded = 0;
};

/// Everything that a four-letter word can tell, as plain values: the program fills it, the texts
/// are made from it and from nothing else. Which parts a word needs, needs() says; the others may
/// stay empty.
struct ServerView {
  bool is_serving = true;
  bool is_read_only = false;
  const Config* config = nullptr;             ///< never null
  std::uint16_t client_port = 0;              ///< the one listened on
  std::vector<const ReactorStats*> reactors;  ///< at least one
  Zxid zxid{};                                ///< last committed
  std::uint64_t digest = 0;                   ///< at that zxid
  std::int64_t node_count = 0;                ///< root and reserved nodes included, each once
  std::int64_t ephemeral_count = 0;
  std::int64_t data_bytes = 0;  ///< sum of path and data lengths
  std::int64_t session_count = 0;
  std::int64_t uptime_ms = 0;
  std::int64_t feed_backlog = 0;  ///< batches published and not drained by the slowest reactor
  LogView log;
  SnapshotView snapshots;
  StartView start;

  // parts
  std::vector<ConnectionView> connections;  ///< Part::connections
  std::vector<WatchView> watches;           ///< Part::watches
  std::vector<ExpiryView> expiries;         ///< Part::sessions
  std::vector<EphemeralView> ephemerals;    ///< Part::sessions; sessions that have some
  std::vector<DigestView> digests;          ///< Part::digests: oldest first
  std::int64_t watching_connections = 0;    ///< Part::watch_counts: of the data table, as the rest
  std::int64_t watched_paths = 0;
  std::int64_t watch_count = 0;
};

enum class Part : std::uint8_t {
  none = 0,
  connections = 1,
  watches = 2,
  sessions = 4,
  digests = 8,
  watch_counts = 16
};
constexpr Part operator|(Part a, Part b) {
  return static_cast<Part>(static_cast<int>(a) | static_cast<int>(b));
}
constexpr bool has(Part set, Part part) {
  return (static_cast<int>(set) & static_cast<int>(part)) != 0;
}
/// What has to be filled besides the values that always are.
constexpr Part needs(Word word) {
  switch (word) {
    case Word::cons:
    case Word::stat:
      return Part::connections;
    case Word::dump:
      return Part::connections | Part::sessions;
    case Word::wchc:
    case Word::wchp:
      return Part::watches;
    case Word::wchs:
      return Part::watch_counts;
    case Word::hash:
      return Part::digests;
    case Word::conf:
    case Word::crst:
    case Word::dirs:
    case Word::envi:
    case Word::gtmk:
    case Word::isro:
    case Word::mntr:
    case Word::ruok:
    case Word::srst:
    case Word::srvr:
    case Word::stmk:
      return Part::none;
  }
  return Part::none;
}

}  // namespace paddock::words
