#include "paddock/shell/quota.h"

#include <fmt/format.h>

#include "paddock/shell/arguments.h"

namespace paddock::shell {

Quota parse_quota(std::string_view text) {
  Quota quota;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find_first_of(",;"));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = entry.substr(0, equals);
    const std::string_view rest = entry.substr(equals + 1);
    const std::int64_t value = parse_integer(rest.substr(0, rest.find('='))).value_or(-1);
    if (key == "count") quota.count = value;
    if (key == "bytes") quota.bytes = value;
    if (key == "countHardLimit") quota.count_hard = value;
    if (key == "byteHardLimit") quota.bytes_hard = value;
  }
  return quota;
}

std::string quota_text(const Quota& quota) {
  return fmt::format("count={},bytes={}=;byteHardLimit={};countHardLimit={}", quota.count,
                     quota.bytes, quota.bytes_hard, quota.count_hard);
}

}  // namespace paddock::shell
