#include "paddock/startup/cores.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace paddock::startup {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

int cores_of_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails on machines with more cores than a cpu_set_t holds: then any number will do.
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1l, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

/// The tightest limit from this process's control group up to the root of the hierarchy.
std::optional<int> cores_of_control_group() {
  std::istringstream groups(read_all("/proc/self/cgroup"));
  std::string path;
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) path = line.substr(3);

  std::optional<int> least;
  for (;;) {
    const std::optional<int> cores =
        cores_of_cpu_max(read_all("/sys/fs/cgroup" + path + "/cpu.max"));
    if (cores) least = std::min(*cores, least.value_or(*cores));
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos) return least;
    path.resize(slash);
  }
}

}  // namespace

std::optional<int> cores_of_cpu_max(std::string_view text) {
  std::istringstream words{std::string(text)};
  long long quota_us = 0;
  long long period_us = 0;
  if (!(words >> quota_us >> period_us) || quota_us <= 0 || period_us <= 0) return std::nullopt;
  const long long cores = (quota_us + period_us - 1) / period_us;
  return static_cast<int>(std::min(cores, 1024ll));
}

int usable_cores() {
  const int cores = cores_of_affinity();
  const std::optional<int> allowed = cores_of_control_group();
  return std::max(1, allowed ? std::min(cores, *allowed) : cores);
}

}  // namespace paddock::startup
