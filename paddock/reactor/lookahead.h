#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/proto/connect_records.h"
#include "core/proto/frame.h"
#include "core/trie.h"

namespace paddock::reactor {

/// Walks some frames ahead of the one that is served and brings the znodes they name into the
/// cache, so that serving a long pipeline does not wait for memory at every request. It changes
/// nothing and trusts nothing: what a frame holds is found out when it is served.
///
/// Lives while one client is being served. Threads: loop-local, inside the trie's epoch.
class Lookahead {
 public:
  Lookahead(const core::Trie& trie, std::int32_t frame_bytes_max)
      : trie_(trie), frame_bytes_max_(frame_bytes_max) {}

  /// Before the first frame of `input` is served.
  void go_on(Bytes input) {
    for (; at_ < input.size() && count_ < depth; ++count_) {
      const proto::FrameSplit frame = proto::split_frame(input.subspan(at_), frame_bytes_max_);
      if (frame.kind != proto::FrameSplit::Kind::complete) return;
      at_ += frame.bytes;
      step(frame.body);
    }
  }
  /// Behind it, when its bytes are consumed.
  void served(std::size_t bytes) {
    if (bytes > at_) return;  // never seen
    at_ -= bytes;
    --count_;
  }

 private:
  /// Frames between the first look at one and its turn: a step for each miss on the way.
  static constexpr std::size_t depth = 4;

  void step(Bytes body) {
    if (node_ != nullptr) core::Trie::fetch_version(*node_);
    node_ = hash_ != 0 ? trie_.fetch_node(hash_) : nullptr;
    hash_ = fetch(body);
  }
  std::uint64_t fetch(Bytes body) const {
    constexpr std::size_t path_at = proto::request_header_bytes + 4;
    if (body.size() < path_at) return 0;
    const std::uint32_t length = load_be32(body.data() + proto::request_header_bytes);
    if (length > body.size() - path_at) return 0;
    return trie_.fetch_slot(as_text(body.subspan(path_at, length)));
  }

  const core::Trie& trie_;
  const std::int32_t frame_bytes_max_;
  std::size_t at_ = 0;                 ///< in the input
  std::size_t count_ = 0;              ///< frames in front of at_
  std::uint64_t hash_ = 0;             ///< of the newest frame, or 0
  const core::Znode* node_ = nullptr;  ///< likely, of the one before it
};

}  // namespace paddock::reactor
