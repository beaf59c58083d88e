#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/types.h"

namespace paddock::wal {

/// Files of the log in its directory: "0000000100000001.log" is the segment whose first zxid is
/// 0x100000001; "7.spare" is a file on its way to become one, whose content means nothing.
std::string segment_name(Zxid first);
std::optional<Zxid> segment_first(std::string_view name);
std::string spare_name(std::uint64_t number);
std::optional<std::uint64_t> spare_number(std::string_view name);

std::string path_in(std::string_view dir, std::string_view name);

}  // namespace paddock::wal
