#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "wal/disk.h"

namespace paddock::wal {

/// One write of the log, taken to its end (R8): a short write goes on with its remainder and is
/// then synced afresh, because nobody knows what the sync behind the short part has covered; a
/// cancelled operation never ran and is issued again. Any other error is final: after a failed sync
/// the kernel may have dropped the dirty pages, so that a second sync would succeed without them.
/// Threads: loop-local, with its Disk.
class DurableWrite {
 public:
  /// Called from inside Disk::poll().
  class Owner {
   public:
    virtual void write_done(DurableWrite& write) = 0;
    virtual void write_failed(DurableWrite& write, const std::string& reason) = 0;

   protected:
    ~Owner() = default;
  };

  DurableWrite(Disk& disk, Owner& owner) : disk_(disk), owner_(owner) {}
  DurableWrite(const DurableWrite&) = delete;
  DurableWrite& operator=(const DurableWrite&) = delete;

  /// `from` lives until write_done or write_failed. All three are multiples of block_bytes. With
  /// durable = false it is done when it is written. REQUIRES: !is_in_flight().
  void start(Disk::File file, std::uint64_t offset, Bytes from, bool durable);

  bool is_in_flight() const { return in_flight_; }

 private:
  void write_on();
  void written(std::int64_t result);
  void sync();
  void synced(std::int64_t result);
  void done();
  void fail(const std::string& reason);
  bool may_retry();

  Disk& disk_;
  Owner& owner_;
  Disk::File file_ = -1;
  std::uint64_t offset_ = 0;
  Bytes from_;
  std::uint64_t written_bytes_ = 0;  // of from_, in whole blocks: direct writes start on a block
  bool durable_ = true;
  bool was_short_ = false;     // a sync of the whole file is needed at the end
  std::uint32_t retries_ = 0;  // in a row without progress
  bool in_flight_ = false;
};

}  // namespace paddock::wal
