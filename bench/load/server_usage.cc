#include "bench/load/server_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace paddock::load {

ServerUsage server_usage(std::int32_t pid) {
  ServerUsage usage;
  if (pid <= 0) return usage;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string line;
  std::getline(stat, line);
  // The name in parentheses may hold blanks; behind it, utime and stime are fields 12 and 13.
  if (const std::size_t name_end = line.rfind(')'); name_end != std::string::npos) {
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    fields >> user >> system;
    usage.cpu_seconds =
        static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  std::ifstream statm(folder + "/statm");
  std::int64_t total_pages = 0;
  std::int64_t resident_pages = 0;
  if (statm >> total_pages >> resident_pages)
    usage.rss_bytes = resident_pages * ::sysconf(_SC_PAGESIZE);
  return usage;
}

}  // namespace paddock::load
