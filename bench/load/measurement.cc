#include "bench/load/measurement.h"

namespace paddock::load {

namespace {
constexpr std::int64_t second_ns = 1'000'000'000;
}

void Measurement::begin(std::int64_t now_ns) {
  begin_ns_ = now_ns;
  second_end_ns_ = now_ns + second_ns;
  usage_begin_ = usage_second_ = server_usage(server_pid_);
}

void Measurement::roll(std::int64_t now_ns) {
  while (now_ns >= second_end_ns_) {
    const ServerUsage usage = server_usage(server_pid_);
    series_.push_back({.count = second_.count(),
                       .p50_ns = second_.percentile(0.5),
                       .p99_ns = second_.percentile(0.99),
                       .max_ns = second_.max(),
                       .cpu_seconds = usage.cpu_seconds - usage_second_.cpu_seconds,
                       .rss_bytes = usage.rss_bytes});
    usage_second_ = usage;
    second_.reset();
    second_end_ns_ += second_ns;
  }
}

void Measurement::end(std::int64_t now_ns) {
  roll(now_ns);
  end_ns_ = now_ns;
  usage_end_ = server_usage(server_pid_);
}

double Measurement::per_second() const {
  return seconds() <= 0 ? 0 : static_cast<double>(latencies_.count()) / seconds();
}

}  // namespace paddock::load
