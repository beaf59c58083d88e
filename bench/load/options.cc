#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "bench/load/workload.h"

namespace paddock::load {

Options parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Loads a ZooKeeper-protocol server and checks every reply. The exit status is 1 if "
      "one reply was not what it had to be.",
      "paddock-load");
  std::string footer = "Workloads:\n";
  for (const WorkloadName& known : workload_names()) {
    footer += "  " + std::string(known.name);
    footer.append(known.name.size() < 22 ? 22 - known.name.size() : 1, ' ');
    footer += std::string(known.meaning) + "\n";
  }
  app.footer(footer + "The znodes of a run are below a root of its own and stay there.");
  app.add_option("workload", options.workload, "which load, see below")->required();
  app.add_option("--host", options.host, "IPv4 address or name")->capture_default_str();
  app.add_option("--port", options.port)->capture_default_str();
  const CLI::Range counts(1, 1'000'000);
  app.add_option("--connections", options.connections)->check(counts)->capture_default_str();
  app.add_option("--depth", options.depth, "requests in flight per connection")
      ->check(counts)
      ->capture_default_str();
  const CLI::Range times(0.0, 86'400.0);
  app.add_option("--seconds", options.seconds)->check(times)->capture_default_str();
  app.add_option("--warmup", options.warmup_seconds)->check(times)->capture_default_str();
  app.add_option("--rate", options.rate,
                 "requests/s of an open loop, latency from the intended start; 0: closed loop")
      ->check(CLI::Range(0.0, 1e8))
      ->capture_default_str();
  app.add_option("--data-bytes", options.data_bytes)
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  app.add_option("--nodes", options.nodes)
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--operations", options.operations, "setData in one multi")
      ->check(counts)
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "of a watch fan-out")
      ->check(counts)
      ->capture_default_str();
  app.add_option("--workers", options.workers, "connections that work during an expiry storm")
      ->check(counts)
      ->capture_default_str();
  app.add_option("--session-timeout-ms", options.session_timeout_ms)
      ->check(CLI::Range(100, 3'600'000))
      ->capture_default_str();
  app.add_flag("--bystander", options.has_bystander, "one more connection reads during a fan-out");
  app.add_option("--pid", options.server_pid, "of the server, for its memory and processor time");
  app.add_option("--json", options.json, "write the result there; - is standard output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return options;
}

}  // namespace paddock::load
