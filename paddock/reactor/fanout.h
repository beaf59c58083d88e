#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/ring_queue.h"
#include "paddock/ordering/feed.h"
#include "paddock/reactor/client_table.h"
#include "paddock/reactor/watch_table.h"

namespace paddock::reactor {

/// Tells a reactor's connections of committed changes (R16). An event becomes a job that names the
/// watched paths it hits; jobs are worked off in order, in slices, so that a million notifications
/// do not stop the reads of others. What keeps that exact:
///
/// - Before a connection gets a reply, and before a request of its own changes its watches, its
///   share of all jobs is put into its output first (flush_share), and it is marked as told up to
///   the newest job. So no reply overtakes an event, and slices skip who has been told.
/// - A watch added after an event is therefore never fired by it: its connection was marked first.
/// - A one-shot watch goes with the first event it is told of, withheld or not.
///
/// Jobs refer to their feed slots, which are given back only when their last job is done: a slow
/// fan-out slows the writers down (R4) instead of filling the memory.
///
/// Threads: loop-local.
class Fanout {
 public:
  /// `tell`: a notification's frame is to be appended to this connection. It must not change any
  /// watch and not destroy any client.
  using Tell = std::function<void(Client&, Bytes frame)>;

  Fanout(WatchTable& watches, ClientTable& clients, bool skip_acl, Tell tell);

  /// An event of the slot at `position` of the feed, in commit order. REQUIRES: it is one of
  /// slot.events.
  void add(const ordering::FeedSlot& slot, std::uint64_t position, const ordering::FeedEvent& event,
           Zxid zxid);
  /// How much is done in one slice.
  struct Budget {
    std::size_t watches = 0;  ///< looked at, at most; another path counts as some more
    /// Of frames told: the one that reaches it is the last. Paths may be long, so that a number of
    /// watches alone bounds neither the time nor the memory that a slice takes.
    std::size_t bytes = 0;
  };
  /// Works off a slice. True when no job is left.
  bool run(const Budget& budget);
  /// What the client has not been told yet of all jobs there are.
  void flush_share(Client& client);

  bool is_idle() const { return jobs_.empty(); }
  /// Bytes of all frames told so far, by slices and shares.
  std::uint64_t told_bytes() const { return told_bytes_; }
  /// Below this position no slot is needed any more.
  std::uint64_t oldest_position(std::uint64_t newest) {
    return jobs_.empty() ? newest : jobs_.front().position;
  }

 private:
  struct Job {
    const ordering::FeedSlot* slot = nullptr;
    const ordering::FeedEvent* event = nullptr;
    std::uint64_t position = 0;
    std::uint64_t number = 0;
    Zxid zxid{};
    std::uint32_t path_count = 0;  ///< in paths_, in the order of the jobs
  };
  /// A watched path that a job hits, with the modes that it fires there.
  struct Hit {
    std::uint32_t path = WatchTable::none;
    std::uint8_t fires = 0;
    std::uint8_t uses_up = 0;
    WatchTable::Likely likely = WatchTable::Likely::again;  ///< to set it again
  };

  void fetch(const ordering::FeedSlot& slot, std::size_t from) const;
  void fetch_hits();
  bool is_watched(std::uint32_t path) const {
    return path != WatchTable::none && watches_.path(path).first != WatchTable::none;
  }
  void add_hit(const Hit& hit, Job& job);
  void tell(Client& client, std::uint32_t watch, const Job& job, const Hit& hit);

  /// Events whose paths are fetched into the cache together, where there are more watches than the
  /// cache holds anyway.
  static constexpr std::size_t events_ahead = 16;
  static constexpr std::size_t watches_in_cache = 10'000;

  WatchTable& watches_;
  ClientTable& clients_;
  const bool skip_acl_;
  const Tell tell_;
  core::RingQueue<Job> jobs_;
  core::RingQueue<Hit> hits_;
  std::uint64_t newest_number_ = 0;
  std::uint64_t told_bytes_ = 0;
  std::uint32_t hit_index_ =
      0;                  ///< of the front job: where the slices stand; hits before it are gone
  bool in_list_ = false;  ///< and the table's cursor stands in that path's list
  std::uint64_t encoded_number_ = 0;
  ByteBuffer encoded_;  ///< the notification of job encoded_number_
};

}  // namespace paddock::reactor
