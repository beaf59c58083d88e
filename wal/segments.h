#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/base/types.h"
#include "wal/aligned_buffer.h"
#include "wal/disk.h"

namespace paddock::wal {

/// Makes segments ahead of their use and disposes of old ones, beside the writes of the log.
///
/// There is at most one spare ready: a file without zxids, its blocks allocated, zero-filled and
/// synced, its name durable, so that a batch written into it later is one overwrite without any
/// change of metadata. A purged segment is recycled into the next spare (and zero-filled again: a
/// header of its former life must never be found behind the log's end), a second one is removed.
///
/// A full disk is a state and not an error (R20); any other failure goes to the owner and is final.
/// Threads: loop-local, with its Disk.
class Segments {
 public:
  /// Called from inside Disk::poll().
  class Owner {
   public:
    /// spare_for() may answer otherwise than before.
    virtual void spare_changed() = 0;
    virtual void segments_failed(const std::string& reason) = 0;

   protected:
    ~Owner() = default;
  };
  using Named = std::function<void(Disk::File file)>;

  Segments(Disk& disk, std::string dir, std::uint64_t segment_bytes, Owner& owner);
  /// Waits for what is in flight.
  ~Segments();
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  /// Takes over what is there: segments oldest first, the last one in use; and spares with unknown
  /// content, to be made ready again.
  void adopt(std::vector<Zxid> segments, std::vector<std::string> spares);

  enum class Spare : std::uint8_t { ready, preparing, none };
  /// Whether a segment of at least `bytes` is ready. When the spare is too small a larger one is
  /// made and takes its place (until then the small one stays ready), and the answer is
  /// `preparing`; `none` when a segment of this size was refused for lack of room.
  Spare spare_for(std::uint64_t bytes);
  /// Starts to make a spare if there is none and the disk was not full at the last attempt.
  void prepare_spare();
  /// The same on a full disk, which may have room by now. The answer is spare_changed().
  void retry();

  std::uint64_t spare_bytes() const { return spare_.bytes; }
  /// Gives the spare the name of a segment; `named` gets it, open for direct writes and the
  /// caller's to close, when that name is durable. The name may be that of the newest segment,
  /// which is replaced. REQUIRES: spare_for(...) == ready, no other taking under way.
  void take_spare(Zxid first, Named named);

  /// Recycles or removes the segments that hold nothing above `oldest_kept`. The one in use
  /// always stays; so does the one before it as long as the one in use holds no durable batch
  /// (`active_is_empty`), because the chain of its first batch is only known from there.
  void purge(Zxid oldest_kept, bool active_is_empty);

  bool is_idle() const { return operations_ == 0; }

 private:
  struct SpareFile {
    std::string name;         // in dir_
    Disk::File file = -1;     // open for direct writes; -1: there is none
    std::uint64_t bytes = 0;  // of it zero-filled; all of them synced when it is the ready one
  };

  // Making a spare; each step is the completion of the one before it.
  void open_spare();
  void spare_opened(std::int64_t result, bool was_created);
  void allocate_spare();
  void zero_spare();
  void spare_zeroed(std::int64_t result);
  void sync_spare();
  void spare_made();
  void drop_spare();
  void spare_refused();

  void dispose_next();
  void disposed();

  /// Counts an operation in flight; `next` is not called any more when the log is being destroyed
  /// or has failed.
  template <class Next>
  Disk::Done then(Next next);
  void fail(const std::string& what, std::int64_t result);

  Disk& disk_;
  const std::string dir_;
  const std::uint64_t segment_bytes_;
  Owner& owner_;
  AlignedBuffer zeros_;

  std::vector<Zxid> segments_;  // oldest first, the last one in use
  SpareFile spare_;             // the ready one
  SpareFile made_;              // the one being made
  SpareFile taken_;             // getting its segment's name, when taking_
  bool making_ = false;
  bool taking_ = false;
  std::uint64_t wanted_bytes_;    // of the spare to be made
  std::uint64_t made_bytes_ = 0;  // of the one being made: wanted_bytes_ when it was begun
  std::uint64_t refused_bytes_ = UINT64_MAX;  // the smallest segment that the disk had no room for
  std::uint64_t next_spare_number_ = 1;

  std::vector<std::string>
      recyclable_;              // names of files to make spares of; their names are durable
  std::deque<Zxid> disposals_;  // purged, still under their names
  std::string recycled_;        // renamed by the disposals under way; usable when synced
  bool disposing_ = false;

  std::size_t operations_ = 0;  // in flight
  bool stopped_ = false;        // failed, or being destroyed
};

}  // namespace paddock::wal
