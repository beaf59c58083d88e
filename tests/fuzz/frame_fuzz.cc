// Cuts a stream into frames twice: from one run, and from pieces whose sizes the input decides.
// Both must find the same frames and stop at the same place.

#include <algorithm>
#include <string>
#include <vector>

#include "core/proto/frame.h"

namespace {

using paddock::proto::FrameSplit;
constexpr std::int32_t body_bytes_max = 300;

struct Cut {
  std::vector<std::string> bodies;
  bool bad = false;
  std::size_t left = 0;  // bytes of an unfinished frame
  bool operator==(const Cut&) const = default;
};

/// Takes all whole frames off the front of `held`.
void cut_frames(std::string& held, Cut& cut) {
  while (!cut.bad) {
    const FrameSplit got = paddock::proto::split_frame(paddock::as_bytes(held), body_bytes_max);
    if (got.kind == FrameSplit::Kind::need_more) {
      CHECK(got.bytes > held.size());
      CHECK(got.bytes <= paddock::proto::frame_header_bytes + body_bytes_max);
      break;
    }
    cut.bad = got.kind == FrameSplit::Kind::bad_length;
    if (cut.bad) break;
    CHECK(got.bytes == got.body.size() + paddock::proto::frame_header_bytes);
    cut.bodies.emplace_back(paddock::as_text(got.body));
    held.erase(0, got.bytes);
  }
  cut.left = cut.bad ? 0 : held.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string stream(reinterpret_cast<const char*>(data), size);
  Cut whole;
  std::string held = stream;
  cut_frames(held, whole);

  Cut pieces;
  held.clear();
  for (std::size_t at = 0; at < size && !pieces.bad;) {
    const std::size_t bytes = std::min<std::size_t>(1 + data[size - 1 - at] % 7, size - at);
    held.append(stream, at, bytes);
    at += bytes;
    cut_frames(held, pieces);
  }
  CHECK(whole == pieces);
  return 0;
}
