#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace paddock::config {

/// One `key=value` of a file, escapes resolved.
struct Property {
  std::string key;
  std::string value;
  int line = 0;  ///< from 1; where the logical line begins
};

struct PropertiesError {
  int line = 0;
  std::string reason;
};

/// Reads what java.util.Properties.load reads, since zoo.cfg is such a file: `key=value`,
/// `key:value` or `key value`; `#` and `!` comments; a line that ends in an odd number of
/// backslashes goes on in the next, whose leading white space is dropped; the escapes \t \n \r \f
/// \uXXXX, and any other escaped character is itself; line ends LF, CR or CRLF.
///
/// Differences: bytes above 127 are kept as they are (UTF-8 paths work; Java reads Latin-1), and a
/// UTF-8 byte order mark at the start is skipped. Every occurrence of a key is returned, in order.
/// The only error is a malformed \u escape. Threads: any (a pure function).
Result<std::vector<Property>, PropertiesError> parse_properties(std::string_view text);

}  // namespace paddock::config
