#include "bench/load/report.h"

#include <sys/utsname.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace paddock::load {

namespace {

/// Points of the latency curve, dense where it bends.
constexpr std::array curve = {0.0,   0.1,  0.25,  0.5,   0.75,   0.9,    0.95,
                              0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999};

double us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

nlohmann::json options_json(const Options& options) {
  return {{"workload", options.workload},
          {"host", options.host},
          {"port", options.port},
          {"connections", options.connections},
          {"depth", options.depth},
          {"seconds", options.seconds},
          {"warmup_seconds", options.warmup_seconds},
          {"rate", options.rate},
          {"data_bytes", options.data_bytes},
          {"nodes", options.nodes},
          {"operations", options.operations},
          {"rounds", options.rounds},
          {"workers", options.workers},
          {"bystander", options.has_bystander},
          {"session_timeout_ms", options.session_timeout_ms}};
}

nlohmann::json latency_json(const Histogram& latencies) {
  nlohmann::json points = nlohmann::json::array();
  for (const double fraction : curve)
    points.push_back({fraction, us(latencies.percentile(fraction))});
  points.push_back({1.0, us(latencies.max())});
  return {{"min_us", us(latencies.min())},
          {"mean_us", latencies.mean() / 1e3},
          {"p50_us", us(latencies.percentile(0.5))},
          {"p90_us", us(latencies.percentile(0.9))},
          {"p99_us", us(latencies.percentile(0.99))},
          {"p999_us", us(latencies.percentile(0.999))},
          {"p9999_us", us(latencies.percentile(0.9999))},
          {"max_us", us(latencies.max())},
          {"curve", points}};
}

nlohmann::json series_json(const std::vector<Measurement::Second>& series) {
  nlohmann::json seconds = nlohmann::json::array();
  for (const Measurement::Second& second : series) {
    seconds.push_back({{"count", second.count},
                       {"p50_us", us(second.p50_ns)},
                       {"p99_us", us(second.p99_ns)},
                       {"max_us", us(second.max_ns)},
                       {"server_cpu_seconds", second.cpu_seconds},
                       {"server_rss_bytes", second.rss_bytes}});
  }
  return seconds;
}

}  // namespace

void print_summary(const Options& options, const Measurement& measurement, const Faults& faults) {
  const Histogram& latencies = measurement.latencies();
  std::fprintf(stderr,
               "%s %ux%u: %llu in %.2f s, %.0f/s; us: p50 %.1f p90 %.1f p99 %.1f p99.9 %.1f "
               "p99.99 %.1f max %.1f; %llu errors\n",
               options.workload.c_str(), options.connections, options.depth,
               static_cast<unsigned long long>(latencies.count()), measurement.seconds(),
               measurement.per_second(), us(latencies.percentile(0.5)),
               us(latencies.percentile(0.9)), us(latencies.percentile(0.99)),
               us(latencies.percentile(0.999)), us(latencies.percentile(0.9999)),
               us(latencies.max()), static_cast<unsigned long long>(faults.count()));
  for (const auto& [name, value] : measurement.figures())
    std::fprintf(stderr, "  %s %.6g\n", name.c_str(), value);
  for (const std::string& text : faults.kept()) std::fprintf(stderr, "  error: %s\n", text.c_str());
}

bool write_json(const Options& options, const Measurement& measurement, const Faults& faults) {
  if (options.json.empty()) return true;
  utsname machine{};
  ::uname(&machine);
  nlohmann::json result = {{"options", options_json(options)},
                           {"kernel", machine.release},
                           {"count", measurement.latencies().count()},
                           {"seconds", measurement.seconds()},
                           {"per_second", measurement.per_second()},
                           {"latency", latency_json(measurement.latencies())},
                           {"series", series_json(measurement.series())},
                           {"server",
                            {{"cpu_seconds", measurement.server_cpu_seconds()},
                             {"rss_bytes", measurement.server_rss_bytes()}}},
                           {"errors", faults.count()},
                           {"first_errors", faults.kept()}};
  for (const auto& [name, value] : measurement.figures()) result["figures"][name] = value;
  if (options.json == "-") {
    std::cout << result.dump(1) << '\n' << std::flush;
    return std::cout.good();
  }
  std::ofstream file(options.json);
  file << result.dump(1) << '\n';
  file.close();
  return !file.fail();
}

}  // namespace paddock::load
