#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace paddock::load {

/// The data of every znode of a run: the same for all, so that the responder of bench/floor, which
/// keeps nothing, can answer a getData in a way that passes the check.
inline std::string content(std::size_t bytes) {
  std::string data(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i * 31 + 7);
  return data;
}

/// Digits in the names of children, so that all have the same width.
inline constexpr std::size_t number_digits = 9;
/// What a sequential create appends to the path.
inline constexpr std::size_t sequence_digits = 10;

/// Overwrites the last `digits` characters of `text` with `value`, zero-padded.
inline void put_number(std::string& text, std::uint64_t value, std::size_t digits = number_digits) {
  for (std::size_t i = 0; i < digits; ++i) {
    text[text.size() - 1 - i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// `prefix` and `value` in number_digits digits.
inline std::string numbered(std::string prefix, std::uint64_t value) {
  prefix.append(number_digits, '0');
  put_number(prefix, value);
  return prefix;
}

}  // namespace paddock::load
