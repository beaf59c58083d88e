#pragma once

#include <cstdint>

#include "core/base/bytes.h"

/// Both directions of a connection are frames: an int32 length, then that many bytes. Frames arrive
/// in arbitrary pieces and several at once.
namespace paddock::proto {

inline constexpr std::size_t frame_header_bytes = 4;
/// jute.maxbuffer's default. A request of exactly this length is accepted.
inline constexpr std::int32_t frame_bytes_max_default = 1048575;

/// What stands at the start of the bytes received so far.
struct FrameSplit {
  enum class Kind {
    complete,    ///< `body` is a whole frame without its length word
    need_more,   ///< keep the bytes and try again with at least `bytes` of them
    bad_length,  ///< negative or above the limit: the connection cannot go on
  };
  Kind kind{};
  Bytes body;             ///< a view into the run given
  std::size_t bytes = 0;  ///< complete: what to consume; need_more: what the run must hold in all
};

/// Looks at the first frame of `run`. `body_bytes_max` is the limit of the length word. A bad
/// length is seen as soon as its four bytes are there.
inline FrameSplit split_frame(Bytes run, std::int32_t body_bytes_max) {
  using Kind = FrameSplit::Kind;
  if (run.size() < frame_header_bytes) return {Kind::need_more, {}, frame_header_bytes};
  const auto length = static_cast<std::int32_t>(load_be32(run.data()));
  if (length < 0 || length > body_bytes_max) return {Kind::bad_length, {}, 0};
  const std::size_t bytes = frame_header_bytes + static_cast<std::size_t>(length);
  if (run.size() < bytes) return {Kind::need_more, {}, bytes};
  return {Kind::complete, run.subspan(frame_header_bytes, static_cast<std::size_t>(length)), bytes};
}

/// Where a frame under construction begins in its buffer. An offset, because the buffer may move.
struct FrameStart {
  std::size_t offset = 0;
};

/// Reserves the length word; end_frame fills it in when the body is behind it.
inline FrameStart begin_frame(ByteBuffer& out) {
  const FrameStart start{out.size()};
  out.grow(frame_header_bytes);
  return start;
}
inline void end_frame(ByteBuffer& out, FrameStart start) {
  const std::size_t body_bytes = out.size() - start.offset - frame_header_bytes;
  CHECK(body_bytes <= 0x7fffffff);
  store_be32(out.data() + start.offset, static_cast<std::uint32_t>(body_bytes));
}
/// Takes everything from the frame's start away again.
inline void drop_frame(ByteBuffer& out, FrameStart start) { out.truncate(start.offset); }

}  // namespace paddock::proto
