#pragma once

#include <cstddef>
#include <forward_list>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

/// UTF-8 as the ZooKeeper server reads it: Java's decoder never refuses a string, it replaces what
/// is malformed. Which byte counts as one malformed piece is visible to clients (the echo of a
/// sync, an ACL id), so it is the same here.
namespace paddock::proto {

/// Owns the rare strings that had to be rewritten, so that the usual ones can stay in their frame.
/// What it handed out lives until clear() or its end. Threads: loop-local.
class TextArena {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_front(std::move(text)); }
  bool empty() const { return texts_.empty(); }
  void clear() { texts_.clear(); }

 private:
  std::forward_list<std::string> texts_;  // nodes never move, and an unused arena allocates nothing
};

/// How many bytes from the start are well-formed UTF-8 (surrogates are not).
std::size_t utf8_valid_prefix(Bytes bytes);

/// `bytes` with each malformed piece replaced by U+FFFD. A piece is the longest start of a possible
/// character, at least one byte; an encoded surrogate (CESU-8) is one piece of three bytes.
std::string utf8_repaired(Bytes bytes);

/// One character of well-formed UTF-8 and how many bytes it takes.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

/// The character at the start of `text`, which is well-formed and not empty.
inline CodePoint utf8_first(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  const auto low = [&](std::size_t i) { return at(i) & 0x3f; };
  const char32_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {(lead & 0x1f) << 6 | low(1), 2};
  if (lead < 0xf0) return {(lead & 0x0f) << 12 | low(1) << 6 | low(2), 3};
  return {(lead & 0x07) << 18 | low(1) << 12 | low(2) << 6 | low(3), 4};
}

}  // namespace paddock::proto
