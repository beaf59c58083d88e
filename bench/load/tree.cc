// A tree of many znodes: how fast it is made, and how much memory each of them takes.

#include <string>

#include "bench/load/content.h"
#include "bench/load/workload.h"

namespace paddock::load {

namespace {
constexpr std::uint64_t children_per_parent = 1000;
}

void run_tree(Run& run, std::string_view) {
  const Options& options = run.options;
  if (!run.fleet.open(options.connections, options.session_timeout_ms) ||
      !create_node(run, run.root))
    return;
  for (std::uint64_t p = 0; p * children_per_parent < options.nodes; ++p)
    if (!create_node(run, numbered(run.root + "/p", p))) return;
  const std::string data = content(options.data_bytes);
  const ServerUsage before = server_usage(options.server_pid);
  std::string path;
  run.measurement.begin(now_ns());
  const std::int64_t start_ns = now_ns();
  const auto path_of = [&](std::uint64_t i) -> const std::string& {
    path = numbered(numbered(run.root + "/p", i / children_per_parent) + "/n", i);
    return path;
  };
  const bool is_made = run.fleet.create_all(options.nodes, data, path_of, &run.measurement);
  const std::int64_t end_ns = now_ns();
  run.measurement.end(end_ns);
  if (!is_made) return;
  run.measurement.figure("creates_per_second",
                         options.nodes * 1e9 / static_cast<double>(end_ns - start_ns));
  if (options.server_pid == 0) return;
  const ServerUsage after = server_usage(options.server_pid);
  run.measurement.figure("rss_bytes_per_node",
                         static_cast<double>(after.rss_bytes - before.rss_bytes) / options.nodes);
}

}  // namespace paddock::load
