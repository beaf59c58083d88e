#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace paddock::shell {

/// Cuts a line into words as zkCli.sh does: at white space, unless a word begins with ' or ", then
/// up to the same quote; there are no escapes, and a quote inside a word is itself. One difference:
/// a quote that is never closed is refused instead of being read in some way.
Result<std::vector<std::string>, std::string> split_words(std::string_view line);

/// What is being typed at the end of `line`, for completion.
struct LastWord {
  std::size_t index = 0;  ///< how many complete words are before it
  std::size_t start = 0;  ///< where it begins in the line, behind its opening quote if it has one
  char quote = '\0';      ///< its opening quote, or none
  std::string first;      ///< the line's first word, "" while it is the one being typed
};
LastWord last_word(std::string_view line);

}  // namespace paddock::shell
