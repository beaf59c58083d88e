#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/types.h"

namespace paddock::core {

/// Which states of the tree somebody looks at (R1): committed_zxid, and for each reader the
/// snapshot it serves reads at. The writer keeps every version that one of them can see.
///
/// A reader takes its pin in three steps [P1]: store the value into its place, then read
/// committed_zxid again; if that moved, repeat with the new value. The writer [P2] stores
/// committed_zxid, and later reads it *before* it reads the places. All four are seq_cst. If the
/// writer's scan missed the pin, the reader's second look came after the scan, hence after the
/// store of the committed_zxid that the scan works with, and the reader repeats. Hence a version
/// whose successor is at or below the scan's committed_zxid, and that no scanned pin needs, is
/// needed by nobody, now or later.
///
/// Each reader has two places: the pin of its turn, which moves all the time, and a hold for a read
/// that takes many turns (a sliced getChildren), or for the snapshot thread, for an on-disk
/// snapshot.
///
/// May be called together:
///                          | pin/unpin/hold/drop, same reader | other reader | commit, scan
///   pin/unpin/hold/drop    | no                               | yes          | yes
///   committed, pinned      | yes                              | yes          | yes
///   commit, scan           | yes                              | yes          | no
///
/// A reader's places may be handed from one thread to another with a synchronizing hand-over.
///
/// Threads: one writer, readers under an epoch.
class Pins {
 public:
  explicit Pins(std::uint32_t reader_count_max);

  /// The last commit(). Threads: any.
  Zxid committed() const {
    // acquire; pairs with [P2] in commit(): all that led to this state is visible.
    return Zxid{committed_.load(std::memory_order_acquire)};
  }

  // --- Readers.
  /// Pins the newest committed state and returns it, moving the pin if there was one. Everything
  /// visible there stays until unpin() or the next pin().
  Zxid pin(std::uint32_t reader);
  void unpin(std::uint32_t reader);
  /// Puts the pinned state into the reader's second place as well, where it stays until drop().
  /// REQUIRES: pinned, and not holding.
  void hold(std::uint32_t reader);
  void drop(std::uint32_t reader);

  // --- The writer.
  /// Never backwards.
  void commit(Zxid zxid);

  static constexpr std::int64_t none = INT64_MAX;
  struct Pinned {
    std::int64_t zxid;
    std::uint32_t place;  ///< even: a reader's turn; odd: a hold
  };
  /// What was pinned at one moment.
  struct Scan {
    std::int64_t committed = 0;
    std::int64_t lowest = none;  ///< the lowest pin, committed not counted
    std::vector<Pinned> pins;    ///< those that pin something
    /// Whether a pin lies in [from, to).
    bool any_in(std::int64_t from, std::int64_t to) const;
  };
  /// Reads committed_zxid, then all places. The result lives until the next scan().
  const Scan& scan();

  std::uint32_t place_count() const { return 2 * reader_count_max_; }

 private:
  struct alignas(64) Place {
    std::atomic<std::int64_t> zxid{none};
  };
  Place& turn(std::uint32_t reader) { return places_[2 * reader]; }
  Place& held(std::uint32_t reader) { return places_[2 * reader + 1]; }

  alignas(64) std::atomic<std::int64_t> committed_{0};
  std::uint32_t reader_count_max_;
  std::unique_ptr<Place[]> places_;
  Scan scan_;
};

}  // namespace paddock::core
