#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/proto/records.h"

namespace paddock {

/// Replies that need no state: whole frames made once and copied, with the few fields patched that
/// a client can tell right from wrong by: xid, a zxid and a version that only go up, the path of a
/// create. Threads: loop-local.
class CannedReplies {
 public:
  struct Sizes {
    std::uint32_t data_bytes = 100;  ///< of every znode; the load generator has the same option
    std::uint32_t children = 100;    ///< of every znode
  };
  explicit CannedReplies(Sizes sizes);

  /// Appends the reply to a request whose header has been read; `body` is the rest of it.
  void answer(const proto::RequestHeader& header, Bytes body, ByteBuffer& out);

 private:
  /// Copies a frame with this xid; returns where it starts.
  std::byte* copy(const ByteBuffer& frame, std::int32_t xid, ByteBuffer& out);
  void answer_create(std::int32_t xid, Bytes body, ByteBuffer& out);
  void answer_multi(std::int32_t xid, Bytes body, ByteBuffer& out);

  std::int64_t counter_ = 0;  ///< of replies: the zxid and the version of each
  ByteBuffer bare_;
  ByteBuffer watch_added_;
  ByteBuffer stat_;
  ByteBuffer data_;
  ByteBuffer children_;
  ByteBuffer multi_;  ///< of as many setData as the last one had
  std::size_t multi_operations_ = 0;
  std::uint32_t data_bytes_;
};

}  // namespace paddock
