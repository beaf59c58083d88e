#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/ring_queue.h"

namespace paddock::core {

/// When memory may be freed that readers without locks may still be looking at (R2).
///
/// A reader is *inside* from enter() to leave(). Whatever it found while inside stays allocated
/// until it next calls quiesce() or leave(): a reactor enters once, announces quiescence once per
/// loop turn and leaves before it sleeps; the snapshot thread takes a Guard around each piece of
/// its walk. The writer hands over what it has unlinked with retire(); collect() frees what every
/// reader has gone past.
///
/// How it works. A global counter numbers the epochs. A reader's slot says the epoch that it last
/// read at a moment when it held nothing, or 0 for outside. What was retired in epoch e was
/// unlinked before the counter became e + 1. So a reader whose slot says more than e started over
/// after the unlinking and cannot reach the object. A reader outside is covered by the order of
/// four seq_cst operations: the reader stores its slot, then reads the counter [E1]; the writer
/// stores the counter, then reads the slots [E2]. Either the writer sees the slot, or the reader
/// sees the new counter and with it the unlinking.
///
/// May be called together:
///                    | enter/quiesce/leave, other reader | same reader | retire, collect
///   enter/…/leave    | yes                               | no          | yes
///   retire, collect  | yes                               | yes         | no
///
/// Threads: one writer, readers under an epoch.
class Epoch {
 public:
  using Destroy = void (*)(void* owner, void* object);

  /// `owner` is handed to each Destroy.
  explicit Epoch(std::uint32_t reader_count_max, void* owner = nullptr);
  ~Epoch();  ///< Frees all that waits. No reader may be inside.
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  // --- Readers: each thread uses its own number, below reader_count_max.
  void enter(std::uint32_t reader);
  void quiesce(std::uint32_t reader);  ///< REQUIRES: inside. Drops all it holds, stays inside.
  void leave(std::uint32_t reader);
  bool is_inside(std::uint32_t reader) const;

  class Guard {
   public:
    Guard(Epoch& epoch, std::uint32_t reader) : epoch_(epoch), reader_(reader) {
      epoch_.enter(reader_);
    }
    ~Guard() { epoch_.leave(reader_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Epoch& epoch_;
    std::uint32_t reader_;
  };

  // --- The writer.
  /// Takes an object that no reader can newly reach; `destroy(owner, object)` runs in a later
  /// collect() and may itself retire more.
  void retire(void* object, Destroy destroy);
  /// Moves the epoch on and destroys at most `budget` objects; returns how many.
  std::size_t collect(std::size_t budget);
  std::uint64_t retired_total() const { return retired_total_; }
  std::size_t waiting() const { return limbo_.size(); }  ///< retired and not yet destroyed

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> epoch{0};  // 0 = outside
  };
  struct Retired {
    void* object;
    Destroy destroy;
  };
  /// All objects up to `end` (counted from the first retire() ever) were retired in `epoch` or
  /// before.
  struct Mark {
    std::uint64_t epoch;
    std::uint64_t end;
  };

  alignas(64) std::atomic<std::uint64_t> global_{1};
  std::uint32_t reader_count_max_;
  void* const owner_;
  std::unique_ptr<Slot[]> slots_;
  RingQueue<Retired> limbo_;
  RingQueue<Mark> marks_;
  std::uint64_t retired_total_ = 0;
  std::uint64_t destroyed_total_ = 0;
};

}  // namespace paddock::core
