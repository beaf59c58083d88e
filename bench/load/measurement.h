#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/server_usage.h"
#include "core/base/histogram.h"

namespace paddock::load {

/// The measured part of a run: what was done in it, how long each took, second by second and in
/// all. Times are those of now_ns(). Threads: loop-local.
class Measurement {
 public:
  struct Second {
    std::uint64_t count = 0;
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t max_ns = 0;
    double cpu_seconds = 0;  ///< of the server, in this second
    std::int64_t rss_bytes = 0;
  };

  /// `server_pid` as in Options.
  explicit Measurement(std::int32_t server_pid) : server_pid_(server_pid) {}

  void begin(std::int64_t now_ns);
  bool has_begun() const { return begin_ns_ != 0; }
  /// `count` operations ended now, each of which took `latency_ns`.
  void record(std::int64_t latency_ns, std::int64_t now_ns, std::uint64_t count = 1) {
    if (now_ns >= second_end_ns_) [[unlikely]]
      roll(now_ns);
    latencies_.record(latency_ns, count);
    second_.record(latency_ns, count);
  }
  void end(std::int64_t now_ns);

  const Histogram& latencies() const { return latencies_; }
  const std::vector<Second>& series() const { return series_; }  ///< whole seconds only
  double seconds() const { return static_cast<double>(end_ns_ - begin_ns_) / 1e9; }
  double per_second() const;
  double server_cpu_seconds() const { return usage_end_.cpu_seconds - usage_begin_.cpu_seconds; }
  std::int64_t server_rss_bytes() const { return usage_end_.rss_bytes; }

  /// What a workload has to say beyond that: a name with its unit, and a number.
  void figure(std::string name, double value) { figures_.emplace_back(std::move(name), value); }
  const std::vector<std::pair<std::string, double>>& figures() const { return figures_; }

 private:
  /// Closes the seconds that have passed.
  void roll(std::int64_t now_ns);

  std::int32_t server_pid_;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
  std::int64_t second_end_ns_ = 0;
  Histogram latencies_;
  Histogram second_;
  std::vector<Second> series_;
  ServerUsage usage_begin_;
  ServerUsage usage_second_;  ///< at the start of the current second
  ServerUsage usage_end_;
  std::vector<std::pair<std::string, double>> figures_;
};

}  // namespace paddock::load
