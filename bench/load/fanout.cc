// Watch fan-out: every connection watches, one more writes all watched znodes in one pipeline, and
// a round ends when the last notification is there. One-shot watches are set again between rounds,
// outside of what is measured. Each connection has to see its notifications in the order of the
// writes, so exactly one path is right for each of them.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/content.h"
#include "bench/load/workload.h"
#include "core/proto/names.h"

namespace paddock::load {

namespace {

enum class Shape { same, own, recursive };

constexpr std::int64_t round_ns_max = 120'000'000'000;
/// Requests in flight on one connection while watches are set, and of the writer: the writes of a
/// round are pipelined.
constexpr std::uint32_t depth_max = 256;
constexpr std::uint32_t writer_depth_max = 8192;

class Fanout final : public Session::Owner {
 public:
  Fanout(Run& run, Shape shape)
      : run_(run), shape_(shape), data_(content(run.options.data_bytes)) {}

  void run() {
    if (!prepare()) return;
    const double rss_before = rss();
    for (std::uint32_t round = 0; round < run_.options.rounds && is_sound(); ++round) {
      if (round == 0 || shape_ != Shape::recursive) arm();
      if (round == 0 && run_.options.server_pid != 0) {
        run_.measurement.figure("watches", watch_count());
        run_.measurement.figure("rss_bytes_per_watch", (rss() - rss_before) / watch_count());
      }
      if (is_sound()) fire();
    }
    if (!run_.measurement.has_begun()) return;
    run_.measurement.end(now_ns());
    const double notifications = static_cast<double>(run_.measurement.latencies().count());
    run_.measurement.figure("notifications_per_second",
                            notifications / (static_cast<double>(firing_ns_) / 1e9));
    if (!run_.options.has_bystander) return;
    run_.measurement.figure("bystander_gets", static_cast<double>(bystander_.count()));
    run_.measurement.figure("bystander_p50_us", to_us(bystander_.percentile(0.5)));
    run_.measurement.figure("bystander_p99_us", to_us(bystander_.percentile(0.99)));
    run_.measurement.figure("bystander_max_us", to_us(bystander_.max()));
  }

 private:
  enum Tag : std::uint32_t { armed, written, read };

  static double to_us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }
  double rss() const {
    return static_cast<double>(server_usage(run_.options.server_pid).rss_bytes);
  }
  bool is_sound() const { return !run_.fleet.has_lost() && run_.faults.count() == 0; }
  std::size_t watcher_count() const { return run_.options.connections; }
  Session& writer() { return run_.fleet.at(watcher_count()); }
  Session& bystander() { return run_.fleet.at(watcher_count() + 1); }
  double watch_count() const {
    const double per_connection = shape_ == Shape::recursive ? 1 : run_.options.nodes;
    return per_connection * static_cast<double>(watcher_count());
  }
  /// What watcher `watcher` waits for: paths_[first .. first + nodes).
  std::size_t first_path(std::size_t watcher) const {
    return shape_ == Shape::own ? watcher * run_.options.nodes : 0;
  }

  bool prepare() {
    const std::uint32_t more = run_.options.has_bystander ? 2 : 1;
    if (!run_.fleet.open(run_.options.connections + more, run_.options.session_timeout_ms) ||
        !create_node(run_, run_.root))
      return false;
    const std::size_t parents = shape_ == Shape::own ? watcher_count() : 1;
    for (std::size_t p = 0; p < parents; ++p) {
      const std::string parent = numbered(run_.root + "/p", p);
      if (!create_node(run_, parent)) return false;
      for (std::uint32_t n = 0; n < run_.options.nodes; ++n)
        paths_.push_back(numbered(parent + "/n", n));
    }
    seen_.resize(watcher_count());
    return run_.fleet.create_all(
        paths_.size(), data_, [this](std::uint64_t i) -> const std::string& { return paths_[i]; });
  }

  void arm() {
    const std::uint32_t each = shape_ == Shape::recursive ? 1 : run_.options.nodes;
    armed_count_ = 0;
    armed_sent_.assign(watcher_count(), 0);
    const std::uint64_t wanted = each * static_cast<std::uint64_t>(watcher_count());
    for (std::size_t w = 0; w < watcher_count(); ++w) arm_more(run_.fleet.at(w));
    const std::int64_t give_up_ns = now_ns() + round_ns_max;
    while (armed_count_ < wanted && is_sound() && now_ns() < give_up_ns)
      run_.fleet.turn(*this, give_up_ns);
    if (armed_count_ < wanted) run_.faults.add("not all watches were set");
  }

  void arm_more(Session& session) {
    if (shape_ == Shape::recursive) {
      if (armed_sent_[session.index()]++ != 0) return;
      session.request(proto::OpCode::add_watch,
                      proto::AddWatchRequest{.path = numbered(run_.root + "/p", 0),
                                             .mode = proto::AddWatchMode::persistent_recursive},
                      0, armed);
      return run_.fleet.queue(session);
    }
    std::uint32_t& sent = armed_sent_[session.index()];
    while (sent < run_.options.nodes && session.in_flight() < depth_max) {
      session.request(proto::OpCode::get_data,
                      proto::PathWatchRequest{.path = paths_[first_path(session.index()) + sent++],
                                              .watch = true},
                      0, armed);
      run_.fleet.queue(session);
    }
  }

  void fire() {
    std::fill(seen_.begin(), seen_.end(), 0);
    seen_count_ = written_count_ = written_sent_ = 0;
    written_ns_.assign(paths_.size(), 0);
    is_firing_ = true;
    const std::uint64_t wanted = run_.options.nodes * static_cast<std::uint64_t>(watcher_count());
    const std::int64_t start_ns = now_ns();
    if (!run_.measurement.has_begun()) run_.measurement.begin(start_ns);
    write_more();
    if (run_.options.has_bystander) {
      run_.fleet.prefer(&bystander());
      read_one();
    }
    const std::int64_t give_up_ns = start_ns + round_ns_max;
    while ((seen_count_ < wanted || written_count_ < paths_.size()) && is_sound() &&
           now_ns() < give_up_ns)
      run_.fleet.turn(*this, give_up_ns);
    firing_ns_ += now_ns() - start_ns;
    is_firing_ = false;
    if (seen_count_ < wanted) run_.faults.add("not all notifications came");
    while (run_.options.has_bystander && bystander().in_flight() != 0 && is_sound() &&
           now_ns() < give_up_ns)
      run_.fleet.turn(*this, give_up_ns);
  }

  void write_more() {
    while (written_sent_ < paths_.size() && writer().in_flight() < writer_depth_max) {
      written_ns_[written_sent_] = now_ns();
      writer().request(proto::OpCode::set_data,
                       proto::SetDataRequest{
                           .path = paths_[written_sent_], .data = as_bytes(data_), .version = -1},
                       0, written);
      ++written_sent_;
      run_.fleet.queue(writer());
    }
  }

  void read_one() {
    bystander().request(proto::OpCode::get_data,
                        proto::PathWatchRequest{.path = paths_[0], .watch = false}, now_ns(), read);
    run_.fleet.queue(bystander());
  }

  void replied(Session& session, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    if (header.err != proto::ErrorCode::ok) {
      run_.faults.add(std::string(proto::op_word(pending.op)) + ": " +
                      std::string(proto::error_name(header.err)));
      return;
    }
    if (pending.op == proto::OpCode::get_data) {
      const auto reply = proto::decode<proto::DataReply>(body);
      if (!reply || !reply->data || as_text(*reply->data) != data_)
        run_.faults.add("not the data of the znode");
    }
    switch (static_cast<Tag>(pending.tag)) {
      case armed:
        ++armed_count_;
        arm_more(session);
        break;
      case written:
        ++written_count_;
        write_more();
        break;
      case read:
        bystander_.record(now_ns() - pending.start_ns);
        if (is_firing_) read_one();
        break;
    }
  }

  void notified(Session& session, const proto::WatcherEvent& event) override {
    const std::size_t watcher = session.index();
    if (watcher >= watcher_count() || !is_firing_ || seen_[watcher] == run_.options.nodes) {
      run_.faults.add("a notification that nothing asked for");
      return;
    }
    const std::size_t path = first_path(watcher) + seen_[watcher]++;
    if (event.type != proto::EventType::node_data_changed || event.path != paths_[path])
      run_.faults.add("not the notification that was next");
    ++seen_count_;
    const std::int64_t now = now_ns();
    run_.measurement.record(now - written_ns_[path], now);
  }

  Run& run_;
  Shape shape_;
  std::string data_;
  std::vector<std::string> paths_;         ///< in the order in which they are written
  std::vector<std::int64_t> written_ns_;   ///< by path: when its setData was sent, this round
  std::vector<std::uint32_t> seen_;        ///< by watcher: notifications of this round
  std::vector<std::uint32_t> armed_sent_;  ///< by watcher: requests that set watches
  std::uint64_t armed_count_ = 0;
  std::uint64_t seen_count_ = 0;
  std::uint64_t written_count_ = 0;
  std::size_t written_sent_ = 0;
  std::int64_t firing_ns_ = 0;  ///< all rounds, without setting watches
  bool is_firing_ = false;
  Histogram bystander_;
};

}  // namespace

void run_fanout(Run& run, std::string_view name) {
  Fanout(run, name == "fanout-same"  ? Shape::same
              : name == "fanout-own" ? Shape::own
                                     : Shape::recursive)
      .run();
}

}  // namespace paddock::load
