#pragma once

#include <string>
#include <vector>

namespace paddock {

/// `paddock wal show|verify|salvage`, with the arguments behind "wal": the offline tool for the
/// files of a daemon that does not run. Returns the exit status: 0 clean, 1 damage found (or the
/// work could not be done), 2 usage, 3 locked by a running daemon. Reads only, but for salvage,
/// which writes into a new directory.
int wal_tool(const std::vector<std::string>& arguments);

}  // namespace paddock
