// mntr: one line a metric. ZooKeeper's keys where the thing they count exists here, in its order
// and units (ms), then Paddock's own (us, bytes).

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "paddock/log.h"
#include "paddock/version.h"
#include "paddock/words/answers.h"

namespace paddock::words {
namespace {

using proto::OpCode;

class Lines {
 public:
  void add(std::string_view key, std::int64_t value) { put(key, std::to_string(value)); }
  void add(std::string_view key, double value) { put(key, decimal(value)); }
  void put(std::string_view key, std::string_view value) {
    text_.append("zk_").append(key).append("\t").append(value).append("\n");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::int64_t open_descriptors() {
  std::error_code error;
  std::int64_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error))
    ++count;
  return count - 1;  // the one that reads the directory
}

std::int64_t descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::int64_t>(limit.rlim_cur);
}

bool is_write(OpCode op) {
  switch (op) {
    case OpCode::create:
    case OpCode::remove:
    case OpCode::set_data:
    case OpCode::set_acl:
    case OpCode::check:
    case OpCode::multi:
    case OpCode::create2:
    case OpCode::reconfig:
    case OpCode::create_container:
    case OpCode::delete_container:
    case OpCode::create_ttl:
    case OpCode::create_session:
    case OpCode::close_session:
      return true;
    case OpCode::notification:
    case OpCode::exists:
    case OpCode::get_data:
    case OpCode::get_acl:
    case OpCode::get_children:
    case OpCode::sync:
    case OpCode::ping:
    case OpCode::get_children2:
    case OpCode::check_watches:
    case OpCode::remove_watches:
    case OpCode::multi_read:
    case OpCode::auth:
    case OpCode::set_watches:
    case OpCode::sasl:
    case OpCode::get_ephemerals:
    case OpCode::get_all_children_number:
    case OpCode::set_watches2:
    case OpCode::add_watch:
    case OpCode::who_am_i:
    case OpCode::error:
      return false;
  }
  return false;
}

/// The reactors' histograms added up; on the heap, since one takes 10 KiB.
struct Latencies {
  Histogram all;
  Histogram reads;
  Histogram updates;
  Histogram turns;
  std::array<Histogram, op_kind_count> by_op;

  explicit Latencies(const ServerView& view) {
    for (const ReactorStats* reactor : view.reactors) {
      all.merge(reactor->latency_ns);
      turns.merge(reactor->turn_ns);
      for (std::size_t kind = 0; kind < op_kind_count; ++kind)
        by_op[kind].merge(reactor->op_latency_ns[kind]);
    }
    for (std::size_t kind = 0; kind < op_kind_count; ++kind)
      (is_write(op_of_kind(kind)) ? updates : reads).merge(by_op[kind]);
  }
};

void add_gauges(Lines& lines, const ServerView& view, const Latencies& latencies) {
  std::int64_t last_response = -1;
  std::int64_t max_response = -1;
  std::int64_t min_response = -1;
  for (const ReactorStats* reactor : view.reactors) {
    const std::int64_t smallest = reactor->min_response_bytes.get();
    if (smallest == 0) continue;  // it has not answered anything
    last_response = reactor->last_response_bytes.get();
    max_response = std::max(max_response, reactor->max_response_bytes.get());
    min_response = min_response < 0 ? smallest : std::min(min_response, smallest);
  }
  lines.add("avg_latency", latencies.all.mean() / 1e6);
  lines.add("max_latency", latencies.all.max() / 1'000'000);
  lines.add("min_latency", latencies.all.min() / 1'000'000);
  lines.add("packets_received", total(view, &ReactorStats::packets_received));
  lines.add("packets_sent", total(view, &ReactorStats::packets_sent));
  lines.add("num_alive_connections", total(view, &ReactorStats::connections));
  lines.add("outstanding_requests", total(view, &ReactorStats::outstanding));
  lines.add("uptime", view.uptime_ms);
  lines.add("znode_count", view.node_count + 1);  // as in srvr
  lines.add("watch_count", total(view, &ReactorStats::data_watches) +
                               total(view, &ReactorStats::child_watches) +
                               total(view, &ReactorStats::persistent_watches));
  lines.add("ephemerals_count", view.ephemeral_count);
  lines.add("approximate_data_size", view.data_bytes);
  lines.add("global_sessions", view.session_count);
  lines.add("local_sessions", std::int64_t{0});
  lines.add("open_file_descriptor_count", open_descriptors());
  lines.add("max_file_descriptor_count", descriptor_limit());
  lines.add("last_client_response_size", last_response);
  lines.add("max_client_response_size", max_response);
  lines.add("min_client_response_size", min_response);
  lines.add("auth_failed_count", total(view, &ReactorStats::auth_failed));
}

void add_counters(Lines& lines, const ServerView& view) {
  const std::int64_t rejected =
      total(view, &ReactorStats::rejected_per_address) + total(view, &ReactorStats::rejected_total);
  lines.add("connection_rejected", rejected);
  lines.add("sessionless_connections_expired", total(view, &ReactorStats::handshakes_expired));
  lines.add("connection_drop_count", total(view, &ReactorStats::slow_readers_closed));
  lines.add("bytes_received_count", total(view, &ReactorStats::bytes_received));
  lines.add("request_throttle_wait_count", total(view, &ReactorStats::receive_pauses));
  lines.add("response_bytes", total(view, &ReactorStats::bytes_sent));
  lines.add("unsuccessful_handshake", total(view, &ReactorStats::handshakes_failed));
  lines.add("commit_count", view.log.txns);
  lines.add("large_requests_rejected", total(view, &ReactorStats::frames_too_large));
  lines.add("connection_request_count", total(view, &ReactorStats::accepted));
  lines.add("snap_count", view.snapshots.count);
  lines.add("stale_sessions_expired", total(view, &ReactorStats::expired));
}

double mean(std::int64_t sum, std::int64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

void add_summaries(Lines& lines, const ServerView& view, const Latencies& latencies) {
  const LogView& log = view.log;
  lines.add("avg_fsynctime", mean(log.total_sync_ns, log.syncs) / 1e6);
  lines.add("max_fsynctime", log.max_sync_ns / 1'000'000);
  lines.add("cnt_fsynctime", log.syncs);
  lines.add("sum_fsynctime", log.total_sync_ns / 1'000'000);
  lines.add("avg_snapshottime", mean(view.snapshots.total_ms, view.snapshots.count));
  lines.add("max_snapshottime", view.snapshots.max_ms);
  lines.add("cnt_snapshottime", view.snapshots.count);
  lines.add("sum_snapshottime", view.snapshots.total_ms);
  lines.add("sum_startup_snap_load_time", view.start.snapshot_load_ms);
  lines.add("sum_startup_txns_load_time", view.start.log_load_ms);
  lines.add("sum_startup_txns_loaded", view.start.txns_loaded);
  lines.add("avg_sync_processor_batch_size", mean(log.txns, log.batches));
  lines.add("max_sync_processor_batch_size", log.max_batch_txns);
  lines.add("cnt_sync_processor_batch_size", log.batches);
  lines.add("sum_sync_processor_batch_size", log.txns);

  const auto add_latency = [&lines](std::string_view name, const Histogram& histogram) {
    const auto key = [name](const char* kind) { return fmt::format("{}_{}", kind, name); };
    lines.add(key("avg"), histogram.mean() / 1e6);
    lines.add(key("min"), histogram.min() / 1'000'000);
    lines.add(key("max"), histogram.max() / 1'000'000);
    lines.add(key("cnt"), static_cast<std::int64_t>(histogram.count()));
    lines.add(key("sum"), static_cast<std::int64_t>(histogram.sum() / 1'000'000));
    lines.add(key("p50"), histogram.percentile(0.5) / 1'000'000);
    lines.add(key("p95"), histogram.percentile(0.95) / 1'000'000);
    lines.add(key("p99"), histogram.percentile(0.99) / 1'000'000);
    lines.add(key("p999"), histogram.percentile(0.999) / 1'000'000);
  };
  add_latency("readlatency", latencies.reads);
  add_latency("updatelatency", latencies.updates);
}

void add_log(Lines& lines, const ServerView& view) {
  const LogView& log = view.log;
  lines.add("syncs", log.syncs);
  lines.add("sync_us_avg", mean(log.total_sync_ns, log.syncs) / 1e3);
  lines.add("sync_us_last", log.last_sync_ns / 1000);
  lines.add("sync_us_max", log.max_sync_ns / 1000);
  lines.add("syncs_slow", log.slow_syncs);
  lines.add("sync_stalled_ms", log.stalled_ms);
  lines.add("batches", log.batches);
  lines.add("batch_size_avg", mean(log.txns, log.batches));
  lines.add("batch_size_last", log.last_batch_txns);
  lines.add("batch_size_max", log.max_batch_txns);
  lines.add("log_bytes", log.written_bytes);
  lines.add("log_payload_bytes", log.payload_bytes);
  lines.add("snapshots_failed", view.snapshots.failed);
  lines.put("snapshot_last_zxid", fmt::format("{}", view.snapshots.last_zxid));
  lines.add("snapshot_last_ms", view.snapshots.last_ms);
  lines.add("read_only", std::int64_t{view.is_read_only ? 1 : 0});
  lines.put("committed_zxid", fmt::format("{}", view.zxid));
  lines.put("digest", fmt::format("{:016x}", view.digest));
}

void add_reactors(Lines& lines, const ServerView& view, const Latencies& latencies) {
  lines.add("reactors", static_cast<std::int64_t>(view.reactors.size()));
  lines.add("loop_turns", total(view, &ReactorStats::turns));
  lines.add("loop_turn_us_p50", latencies.turns.percentile(0.5) / 1000);
  lines.add("loop_turn_us_p99", latencies.turns.percentile(0.99) / 1000);
  lines.add("loop_turn_us_max", latencies.turns.max() / 1000);
  lines.add("feed_backlog", view.feed_backlog);
  lines.add("data_watches", total(view, &ReactorStats::data_watches));
  lines.add("child_watches", total(view, &ReactorStats::child_watches));
  lines.add("persistent_watches", total(view, &ReactorStats::persistent_watches));
  lines.add("notifications", total(view, &ReactorStats::notifications));
  lines.add("in_flight_bytes", total(view, &ReactorStats::in_flight_bytes));
  lines.add("output_bytes", total(view, &ReactorStats::output_bytes));
  lines.add("rejected_max_client_cnxns", total(view, &ReactorStats::rejected_per_address));
  lines.add("rejected_max_cnxns", total(view, &ReactorStats::rejected_total));
  lines.add("slow_readers_closed", total(view, &ReactorStats::slow_readers_closed));
  lines.add("accept_pauses", total(view, &ReactorStats::accept_pauses));
  lines.add("log_lines_dropped", static_cast<std::int64_t>(log::dropped_lines()));
}

/// Operations that have not been asked for have no lines.
void add_operations(Lines& lines, const Latencies& latencies) {
  for (std::size_t kind = 0; kind < op_kind_count; ++kind) {
    const Histogram& histogram = latencies.by_op[kind];
    if (histogram.count() == 0) continue;
    const auto key = [kind](const char* what) {
      return fmt::format("latency_{}_{}", op_kind_name(kind), what);
    };
    lines.add(key("count"), static_cast<std::int64_t>(histogram.count()));
    lines.add(key("us_avg"), histogram.mean() / 1e3);
    lines.add(key("us_p50"), histogram.percentile(0.5) / 1000);
    lines.add(key("us_p99"), histogram.percentile(0.99) / 1000);
    lines.add(key("us_p999"), histogram.percentile(0.999) / 1000);
    lines.add(key("us_max"), histogram.max() / 1000);
  }
}

}  // namespace

std::string mntr(const ServerView& view) {
  const auto latencies = std::make_unique<const Latencies>(view);
  Lines lines;
  lines.put("version", zookeeper_version);
  lines.put("server_state", mode(view));
  add_gauges(lines, view, *latencies);
  add_counters(lines, view);
  add_summaries(lines, view, *latencies);
  add_log(lines, view);
  add_reactors(lines, view, *latencies);
  add_operations(lines, *latencies);
  return lines.take();
}

}  // namespace paddock::words
