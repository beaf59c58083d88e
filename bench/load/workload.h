#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/load/faults.h"
#include "bench/load/fleet.h"
#include "bench/load/measurement.h"
#include "bench/load/options.h"

namespace paddock::load {

/// What a workload gets: the fleet is empty and the root does not exist yet.
struct Run {
  const Options& options;
  Fleet& fleet;
  Measurement& measurement;
  Faults& faults;
  std::string root;  ///< a path that no other run has used
};

/// A load that has prepared what it needs, measured, and returned; faults say what went wrong.
struct WorkloadName {
  std::string_view name;
  std::string_view meaning;
  void (*run)(Run& run, std::string_view name);
};

std::span<const WorkloadName> workload_names();

// One function a file; `name` tells apart the workloads that share one.
void run_requests(Run& run, std::string_view name);
void run_lock(Run& run, std::string_view name);
void run_fanout(Run& run, std::string_view name);
void run_sessions(Run& run, std::string_view name);
void run_expiry(Run& run, std::string_view name);
void run_tree(Run& run, std::string_view name);

/// Creates the root and whatever `path` says below it; false and a fault if that fails.
bool create_node(Run& run, const std::string& path, std::string_view data = {});

}  // namespace paddock::load
