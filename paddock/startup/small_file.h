#pragma once

#include <string>
#include <string_view>

namespace paddock::startup {

enum class Durably : bool { no, yes };

/// Makes `text` the content of the file, by a rename from PATH.tmp: a reader, and with
/// Durably::yes a start behind a power cut, sees the whole text or what was there before.
/// Returns what went wrong, or "". Blocking.
std::string replace_file(const std::string& path, std::string_view text, Durably durably);

}  // namespace paddock::startup
