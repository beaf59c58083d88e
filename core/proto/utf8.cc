#include "core/proto/utf8.h"

#include <cstdint>
#include <cstring>

namespace paddock::proto {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// What stands at the start of a run: a character or a malformed piece, and its length.
struct Piece {
  std::size_t bytes = 1;
  bool well_formed = false;
};

bool is_continuation(std::uint8_t byte) { return (byte & 0xc0) == 0x80; }

/// Whether `second` may follow `lead`: rules out overlong forms and what lies above U+10FFFF.
/// Surrogates pass here, because Java's decoder takes all their three bytes as one piece.
bool may_follow(std::uint8_t lead, std::uint8_t second) {
  if (!is_continuation(second)) return false;
  if (lead == 0xe0) return second >= 0xa0;
  if (lead == 0xf0) return second >= 0x90;
  if (lead == 0xf4) return second <= 0x8f;
  return true;
}

Piece first_piece(Bytes run) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(run[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  const std::size_t wanted = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (run.size() < 2 || !may_follow(lead, at(1))) return {1, false};
  for (std::size_t i = 2; i < wanted; ++i) {
    if (i == run.size() || !is_continuation(at(i))) return {i, false};
  }
  const bool surrogate = lead == 0xed && at(1) >= 0xa0;
  return {wanted, !surrogate};
}

}  // namespace

std::size_t utf8_valid_prefix(Bytes bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    // Nearly all names are ASCII: eight bytes at a time while no top bit is set.
    while (bytes.size() - i >= 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + i, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      i += 8;
    }
    if (i == bytes.size()) break;
    const Piece piece = first_piece(bytes.subspan(i));
    if (!piece.well_formed) break;
    i += piece.bytes;
  }
  return i;
}

std::string utf8_repaired(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() + replacement.size());
  while (!bytes.empty()) {
    const std::size_t good = utf8_valid_prefix(bytes);
    text += as_text(bytes.first(good));
    bytes = bytes.subspan(good);
    if (bytes.empty()) break;
    text += replacement;
    bytes = bytes.subspan(first_piece(bytes).bytes);
  }
  return text;
}

}  // namespace paddock::proto
