// A load generator for any server that speaks ZooKeeper's protocol: raw sockets, one thread, every
// reply checked. `paddock-load --help` lists the workloads; docs/benchmarks.md tells the method.
// Exit status: 0 = all replies were right, 1 = some were not, 2 = it could not run.

#include <algorithm>
#include <cstdio>

#include "bench/load/report.h"
#include "bench/load/workload.h"

int main(int argc, char** argv) {
  using namespace paddock::load;
  const Options options = parse_options(argc, argv);
  const auto names = workload_names();
  const auto known = std::find_if(names.begin(), names.end(), [&](const WorkloadName& workload) {
    return workload.name == options.workload;
  });
  if (known == names.end()) {
    std::fprintf(stderr, "paddock-load: no workload %s, see --help\n", options.workload.c_str());
    return 2;
  }
  Faults faults;
  Fleet fleet(options, faults);
  Measurement measurement(options.server_pid);
  Run run{.options = options,
          .fleet = fleet,
          .measurement = measurement,
          .faults = faults,
          // Runs on one server do not meet, and a path is as long as people's are.
          .root = "/load-" + std::to_string(now_ns() / 1'000'000 % 100'000'000)};
  known->run(run, known->name);
  print_summary(options, measurement, faults);
  if (!write_json(options, measurement, faults)) {
    std::fprintf(stderr, "paddock-load: %s could not be written\n", options.json.c_str());
    return 2;
  }
  return faults.count() == 0 && measurement.has_begun() ? 0 : 1;
}
