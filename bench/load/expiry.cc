// Many sessions, each with an ephemeral znode, lose their connections at the same moment and expire
// together, while a few others go on reading. What is measured is how soon those are answered:
// first in calm, then in the storm, which lasts from the last look that found all ephemerals to the
// one that found none. The seconds in between, in which nothing happens, would dilute it.

#include <algorithm>
#include <string>

#include "bench/load/content.h"
#include "bench/load/workload.h"
#include "core/proto/names.h"

namespace paddock::load {

namespace {

constexpr std::int32_t ephemeral = 1;
constexpr std::int64_t count_gap_ns = 50'000'000;  ///< between two looks at what is left
constexpr std::int64_t storm_ns_max = 180'000'000'000;

class Expiry final : public Session::Owner {
 public:
  explicit Expiry(Run& run) : run_(run), data_(content(run.options.data_bytes)) {}

  void run() {
    if (!prepare()) return;
    phase_ = &calm_;
    const std::int64_t calm_end_ns =
        now_ns() + static_cast<std::int64_t>(run_.options.seconds * 1e9);
    for (std::size_t i = 0; i < run_.options.workers; ++i) read(run_.fleet.at(i));
    while (now_ns() < calm_end_ns && is_sound()) run_.fleet.turn(*this, calm_end_ns);

    phase_ = &storm_;
    const std::int64_t start_ns = now_ns();
    run_.measurement.begin(start_ns);
    run_.fleet.abandon_down_to(run_.options.workers + 1);
    std::int64_t first_gone_ns = 0;
    while (left_ != 0 && is_sound() && now_ns() < start_ns + storm_ns_max) {
      if (!is_counting_ && now_ns() >= count_due_ns_) count_left();
      run_.fleet.turn(*this, count_due_ns_);
      if (first_gone_ns == 0 && left_ < run_.options.connections) first_gone_ns = now_ns();
    }
    const std::int64_t end_ns = now_ns();
    run_.measurement.end(end_ns);
    if (left_ != 0) run_.faults.add("ephemerals are left");
    const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
    run_.measurement.figure("calm_p99_us", us(calm_.percentile(0.99)));
    run_.measurement.figure("storm_p99_us", us(storm_.percentile(0.99)));
    run_.measurement.figure("calm_max_us", us(calm_.max()));
    run_.measurement.figure("storm_max_us", us(storm_.max()));
    // With the end of all connections, and the time until the first expires.
    run_.measurement.figure("max_us_since_the_cut", us(run_.measurement.latencies().max()));
    run_.measurement.figure("seconds_to_last_gone", us(end_ns - start_ns) / 1e6);
    run_.measurement.figure("seconds_from_first_to_last_gone", us(end_ns - first_gone_ns) / 1e6);
  }

 private:
  enum Tag : std::uint32_t { worked, counted, made };

  bool is_sound() const { return !run_.fleet.has_lost() && run_.faults.count() == 0; }
  Session& counter() { return run_.fleet.at(run_.options.workers); }

  /// The workers and the one that counts keep a long timeout; the doomed get the one asked for.
  bool prepare() {
    const Options& options = run_.options;
    if (!run_.fleet.open(options.workers + 1, 30'000) || !create_node(run_, run_.root, data_) ||
        !create_node(run_, run_.root + "/e") ||
        !run_.fleet.open(options.connections, options.session_timeout_ms))
      return false;
    parent_ = run_.root + "/e";
    left_ = options.connections;
    proto::CreateRequest request = Fleet::open_create();
    request.data = Bytes();
    request.flags = ephemeral;
    for (std::uint32_t i = 0; i < options.connections; ++i) {
      const std::string path = numbered(parent_ + "/n", i);
      request.path = path;
      Session& session = run_.fleet.at(options.workers + 1 + i);
      session.request(proto::OpCode::create, request, 0, made);
      run_.fleet.queue(session);
    }
    const std::int64_t give_up_ns = now_ns() + storm_ns_max;
    while (made_count_ < options.connections && is_sound() && now_ns() < give_up_ns)
      run_.fleet.turn(*this, give_up_ns);
    return is_sound();
  }

  void read(Session& session) {
    session.request(proto::OpCode::get_data,
                    proto::PathWatchRequest{.path = run_.root, .watch = false}, now_ns(), worked);
    run_.fleet.queue(session);
  }

  void count_left() {
    is_counting_ = true;
    counter().request(proto::OpCode::exists,
                      proto::PathWatchRequest{.path = parent_, .watch = false}, 0, counted);
    run_.fleet.queue(counter());
  }

  void replied(Session& session, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    if (header.err != proto::ErrorCode::ok) {
      run_.faults.add(std::string(proto::op_word(pending.op)) + ": " +
                      std::string(proto::error_name(header.err)));
      return;
    }
    switch (static_cast<Tag>(pending.tag)) {
      case worked:
        worked_arrived(session, pending, body);
        break;
      case counted: {
        const auto reply = proto::decode<proto::StatReply>(body);
        if (!reply) return run_.faults.add("an exists reply without a Stat");
        left_ = static_cast<std::uint32_t>(reply->stat.num_children);
        if (left_ == run_.options.connections) storm_.reset();
        is_counting_ = false;
        count_due_ns_ = now_ns() + count_gap_ns;
        break;
      }
      case made:
        ++made_count_;
        break;
    }
  }

  void worked_arrived(Session& session, const Session::Pending& pending, Bytes body) {
    const auto reply = proto::decode<proto::DataReply>(body);
    if (!reply || !reply->data || as_text(*reply->data) != data_)
      run_.faults.add("not the data of the znode");
    const std::int64_t now = now_ns();
    phase_->record(now - pending.start_ns);
    if (phase_ == &storm_) run_.measurement.record(now - pending.start_ns, now);
    read(session);
  }

  void notified(Session&, const proto::WatcherEvent&) override {
    run_.faults.add("a notification, and nothing is watched");
  }

  Run& run_;
  std::string data_;
  std::string parent_;
  Histogram calm_;
  Histogram storm_;
  Histogram* phase_ = &calm_;
  std::uint32_t made_count_ = 0;
  std::uint32_t left_ = 0;
  std::int64_t count_due_ns_ = 0;
  bool is_counting_ = false;
};

}  // namespace

void run_expiry(Run& run, std::string_view) { Expiry(run).run(); }

}  // namespace paddock::load
