#pragma once

#include <string>
#include <string_view>

#include "core/proto/records.h"

/// Wire bytes in tests are strings: readable in a failure, and easy to cut and join.
namespace paddock::proto {

/// "00 0a ff" as bytes; spaces are for the reader.
inline std::string hex(std::string_view digits) {
  std::string bytes;
  int high = -1;
  for (char c : digits) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<char>(high * 16 + digit));
      high = -1;
    }
  }
  return bytes;
}

template <Record T>
std::string encoded(const T& record) {
  ByteBuffer out;
  encode(record, out);
  return std::string(as_text(out.bytes()));
}

inline std::string text(const ByteBuffer& bytes) { return std::string(as_text(bytes.bytes())); }

}  // namespace paddock::proto
