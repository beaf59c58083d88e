#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/proto/connect_records.h"
#include "core/proto/frame.h"
#include "core/trie.h"

namespace paddock::reactor {

/// Looks at some frames before they are served and brings the znodes they name into the cache, so
/// that serving a long pipeline does not wait for memory at every request. It changes nothing and
/// trusts nothing: what a frame holds is found out when it is served.
///
/// Lives while one client is being served. Threads: loop-local, inside the trie's epoch.
class Lookahead {
 public:
  Lookahead(const core::Trie& trie, std::int32_t frame_bytes_max)
      : trie_(trie), frame_bytes_max_(frame_bytes_max) {}

  /// Before the first frame of `input` is served.
  void go_on(Bytes input) {
    if (bytes_ == 0) look(input);
  }
  /// Behind it, when its bytes are consumed.
  void served(std::size_t bytes) { bytes_ -= std::min(bytes, bytes_); }

 private:
  void look(Bytes input) {
    std::array<std::string_view, core::Trie::fetch_max> paths;
    std::size_t count = 0;
    while (count < paths.size()) {
      const proto::FrameSplit frame = proto::split_frame(input.subspan(bytes_), frame_bytes_max_);
      if (frame.kind != proto::FrameSplit::Kind::complete) break;
      bytes_ += frame.bytes;
      paths[count++] = path_in(frame.body);
    }
    trie_.fetch(std::span(paths).first(count));
  }
  /// What stands where most requests have their path, or "".
  static std::string_view path_in(Bytes body) {
    constexpr std::size_t path_at = proto::request_header_bytes + 4;
    if (body.size() < path_at) return {};
    const std::uint32_t length = load_be32(body.data() + proto::request_header_bytes);
    if (length > body.size() - path_at) return {};
    return as_text(body.subspan(path_at, length));
  }

  const core::Trie& trie_;
  const std::int32_t frame_bytes_max_;
  std::size_t bytes_ = 0;  ///< of the frames that were looked at and are not served yet
};

}  // namespace paddock::reactor
