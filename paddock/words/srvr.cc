// srvr and stat: the server in a few lines, stat with its clients.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "paddock/log.h"
#include "paddock/version.h"
#include "paddock/words/answers.h"

namespace paddock::words {
namespace {

std::string latency(const ServerView& view) {
  std::int64_t min = std::numeric_limits<std::int64_t>::max();
  std::int64_t max = 0;
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  for (const ReactorStats* reactor : view.reactors) {
    const Histogram& histogram = reactor->latency_ns;
    if (histogram.count() == 0) continue;
    min = std::min(min, histogram.min());
    max = std::max(max, histogram.max());
    count += histogram.count();
    sum += histogram.sum();
  }
  if (count == 0) min = 0;
  const double mean = count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
  return fmt::format("{}/{}/{}", min / 1'000'000, decimal(mean / 1e6), max / 1'000'000);
}

/// Everything below the version line and the clients.
std::string figures(const ServerView& view) {
  return fmt::format(
      "Latency min/avg/max: {}\n"
      "Received: {}\n"
      "Sent: {}\n"
      "Connections: {}\n"
      "Outstanding: {}\n"
      "Zxid: {}\n"
      "Mode: {}\n"
      "Node count: {}\n",
      latency(view), total(view, &ReactorStats::packets_received),
      total(view, &ReactorStats::packets_sent), total(view, &ReactorStats::connections),
      total(view, &ReactorStats::outstanding), view.zxid, mode(view),
      view.node_count + 1);  // ZooKeeper counts its root under two names
}

std::string version_line() { return fmt::format("Zookeeper version: {}\n", zookeeper_version); }

std::string brief(const ConnectionView& connection) {
  return fmt::format(" /{}[{}](queued={},recved={},sent={}", connection.peer, connection.interest,
                     connection.queued, connection.received, connection.sent);
}

}  // namespace

std::string srvr(const ServerView& view) { return version_line() + figures(view); }

std::string stat(const ServerView& view) {
  std::string text = version_line() + "Clients:\n";
  for (const ConnectionView& connection : view.connections) text += brief(connection) + ")\n";
  return text + "\n" + figures(view);
}

std::string cons(const ServerView& view) {
  std::string text;
  for (const ConnectionView& connection : view.connections) {
    text += brief(connection);
    if (connection.session != SessionId{}) {
      text += fmt::format(",sid={},lop={},est={},to={}", connection.session,
                          connection.last_op ? op_abbreviation(*connection.last_op) : "NA",
                          connection.established_ms, connection.timeout_ms);
      if (connection.last_xid >= 0) text += fmt::format(",lcxid=0x{:x}", connection.last_xid);
      const std::int64_t count = std::max<std::int64_t>(connection.latency_count, 1);
      text += fmt::format(
          ",lzxid={},lresp={},llat={},minlat={},avglat={},maxlat={}", connection.last_zxid,
          connection.last_response_ms, connection.last_latency_ns / 1'000'000,
          connection.min_latency_ns / 1'000'000, connection.total_latency_ns / count / 1'000'000,
          connection.max_latency_ns / 1'000'000);
    }
    text += ")\n";
  }
  return text + "\n";
}

}  // namespace paddock::words
