// Many sessions that do nothing but stay alive: memory of each, and how soon their pings are
// answered. The pings are spread evenly over a third of the session timeout, as clients do it.

#include <algorithm>

#include "bench/load/workload.h"

namespace paddock::load {

namespace {

class Sessions final : public Session::Owner {
 public:
  explicit Sessions(Run& run) : run_(run) {}

  void run() {
    const Options& options = run_.options;
    const ServerUsage before = server_usage(options.server_pid);
    const std::int64_t open_ns = now_ns();
    if (!run_.fleet.open(options.connections, options.session_timeout_ms)) return;
    run_.measurement.figure("opened_per_second",
                            options.connections * 1e9 / static_cast<double>(now_ns() - open_ns));
    const std::int64_t start_ns = now_ns();
    const std::int64_t end_ns = start_ns + static_cast<std::int64_t>(options.seconds * 1e9);
    const double gap_ns = run_.fleet.at(0).timeout_ms() * 1e6 / 3 / options.connections;
    run_.measurement.begin(start_ns);
    std::uint64_t sent = 0;
    const auto due_ns = [&] {
      return start_ns + static_cast<std::int64_t>(static_cast<double>(sent) * gap_ns);
    };
    while (now_ns() < end_ns && !run_.fleet.has_lost()) {
      for (const std::int64_t now = now_ns(); due_ns() <= now; ++sent) {
        Session& session = run_.fleet.at(sent % run_.fleet.size());
        session.ping(due_ns());
        run_.fleet.queue(session);
      }
      run_.fleet.turn(*this, std::min(due_ns(), end_ns));
    }
    run_.measurement.end(now_ns());
    if (options.server_pid != 0) {
      const ServerUsage after = server_usage(options.server_pid);
      run_.measurement.figure(
          "rss_bytes_per_session",
          static_cast<double>(after.rss_bytes - before.rss_bytes) / options.connections);
    }
  }

 private:
  void replied(Session&, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    if (header.err != proto::ErrorCode::ok || !body.empty()) run_.faults.add("ping: refused");
    const std::int64_t now = now_ns();
    run_.measurement.record(now - pending.start_ns, now);
  }
  void notified(Session&, const proto::WatcherEvent&) override {
    run_.faults.add("a notification, and nothing is watched");
  }

  Run& run_;
};

}  // namespace

void run_sessions(Run& run, std::string_view) { Sessions(run).run(); }

}  // namespace paddock::load
