#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace paddock::shell {

/// The whole of a file, or of standard input for "-". An error is a text with the path in it.
Result<std::string, std::string> read_file(const std::string& path);

/// Writes `bytes` to the file, replacing what was in it.
Result<void, std::string> write_file(const std::string& path, std::string_view bytes);

}  // namespace paddock::shell
