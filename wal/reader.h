#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "wal/aligned_buffer.h"
#include "wal/batch.h"
#include "wal/blocking.h"
#include "wal/disk.h"
#include "wal/recovery.h"

namespace paddock::wal {

/// Reads one segment, record by record. Judges each by itself only: whether chain and zxid fit is
/// recovery's question. For recovery and the tools; blocks in Disk::wait(). Reads never change a
/// file. Threads: loop-local, with its Disk.
class SegmentReader {
 public:
  enum class Found : std::uint8_t {
    batch,        ///< header and payload valid by themselves
    mark,         ///< header valid, "continued"
    end,          ///< header valid, clean stop
    newer,        ///< valid header of a version not known here
    blank,        ///< the header's place is zero
    bad_header,   ///< no header, or one that does not fit its CRC
    bad_payload,  ///< valid header; the payload does not fit its CRC or the file
    full,         ///< no block is left in the file
  };
  struct Record {
    Found found{};
    BatchHeader header;  ///< set for batch, mark, end, newer, bad_payload
    Bytes payload;       ///< of a batch; 8-byte aligned, lives until the next read
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;  ///< up to the next record; set for batch, mark and end
  };

  static Result<SegmentReader, Damage> open(Disk& disk, std::string path);
  SegmentReader(SegmentReader&& other) noexcept;
  SegmentReader& operator=(SegmentReader&&) = delete;
  ~SegmentReader();

  const std::string& path() const { return path_; }
  /// Size of the file, rounded down to whole blocks.
  std::uint64_t bytes() const { return bytes_; }

  /// `offset`: a multiple of block_bytes. An error is one of the disk.
  Result<Record, Damage> read(std::uint64_t offset);

  /// What stands from `offset` to the end of the file, block by block.
  struct Block {
    std::uint64_t offset = 0;
    HeaderState state{};
    BatchHeader header;           ///< set for newer, batch, mark, end
    std::uint64_t end_bytes = 0;  ///< behind the block's last byte that is not zero; 0: all are
  };
  Result<Block, Damage> read_block(std::uint64_t offset);

 private:
  SegmentReader(Disk& disk, std::string path, Disk::File file, std::uint64_t bytes)
      : disk_(disk), path_(std::move(path)), file_(file), bytes_(bytes) {}
  /// The file's bytes there, which must exist; they live until the next call.
  Result<Bytes, Damage> window(std::uint64_t offset, std::uint64_t count);

  BlockingDisk disk_;
  std::string path_;
  Disk::File file_ = -1;
  std::uint64_t bytes_ = 0;
  AlignedBuffer buffer_;
  std::uint64_t window_offset_ = 0, window_bytes_ = 0;  // of the file, in buffer_
};

}  // namespace paddock::wal
