#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace paddock {

/// A command-line argument that is a number of at least 0; anything else ends the program.
inline int number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0) return value;
  std::fprintf(stderr, "%.*s: not a number\n", static_cast<int>(text.size()), text.data());
  std::exit(2);
}

}  // namespace paddock
