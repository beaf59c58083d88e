#include "tests/unit/wal/log_harness.h"

#include "wal/names.h"

namespace paddock::wal {

std::string LogHarness::path(Zxid first) { return path_in(dir, segment_name(first)); }

std::vector<std::string> LogHarness::segments() const {
  std::vector<std::string> names;
  for (const std::string& name : disk.names(dir))
    if (segment_first(name)) names.push_back(name);
  return names;
}

}  // namespace paddock::wal
