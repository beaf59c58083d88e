// One kind of request, or a mix of two, from all connections: closed loop with `depth` in flight on
// each, or open loop at a rate.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/content.h"
#include "bench/load/reply_check.h"
#include "bench/load/workload.h"
#include "core/proto/names.h"

namespace paddock::load {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
/// How long an open loop waits after its end for what it has asked for and for what it is behind.
constexpr std::int64_t drain_ns_max = 10 * second_ns;

enum class Kind {
  ping,
  create,
  create_sequential,
  remove,
  children,
  multi,
  exists,
  get_or_set,  ///< get, set, and the mixes
};

Kind kind_of(std::string_view name) {
  if (name == "ping") return Kind::ping;
  if (name == "create") return Kind::create;
  if (name == "create-sequential") return Kind::create_sequential;
  if (name == "delete") return Kind::remove;
  if (name == "children") return Kind::children;
  if (name == "multi") return Kind::multi;
  if (name == "exists") return Kind::exists;
  return Kind::get_or_set;
}

class Requests final : public Session::Owner {
 public:
  Requests(Run& run, std::string_view name)
      : run_(run),
        kind_(kind_of(name)),
        set_share_(name == "set"         ? 100
                   : name == "mix-95-5"  ? 5
                   : name == "mix-50-50" ? 50
                                         : 0),
        data_(content(run.options.data_bytes)),
        check_(run.faults, data_, run.options.connections, run.options.nodes) {
    create_.acl = Fleet::open_create().acl;
  }

  void run() {
    if (!prepare()) return;
    const Options& options = run_.options;
    // What was deleted in a warm-up would not be there any more.
    const double warmup_seconds = kind_ == Kind::remove ? 0 : options.warmup_seconds;
    const std::int64_t start_ns = now_ns();
    begin_ns_ = start_ns + static_cast<std::int64_t>(warmup_seconds * 1e9);
    end_ns_ = begin_ns_ + static_cast<std::int64_t>(options.seconds * 1e9);
    if (options.rate > 0) {
      open_loop(start_ns);
    } else {
      closed_loop();
    }
    if (run_.measurement.has_begun()) run_.measurement.end(measured_to_ns_);
  }

 private:
  bool prepare() {
    const Options& options = run_.options;
    if (!run_.fleet.open(options.connections, options.session_timeout_ms)) return false;
    if (kind_ == Kind::ping) return true;
    if (!create_node(run_, run_.root)) return false;
    if (kind_ == Kind::create || kind_ == Kind::create_sequential) {
      for (std::uint32_t i = 0; i < options.connections; ++i) {
        parents_.push_back(numbered(run_.root + "/c", i) + "/n");
        if (!create_node(run_, numbered(run_.root + "/c", i))) return false;
      }
      created_.resize(options.connections);
      return true;
    }
    paths_.reserve(options.nodes);
    for (std::uint32_t i = 0; i < options.nodes; ++i)
      paths_.push_back(numbered(run_.root + "/n", i));
    check_.remember_versions();
    return run_.fleet.create_all(
        paths_.size(), data_, [this](std::uint64_t i) -> const std::string& { return paths_[i]; });
  }

  void closed_loop() {
    for (std::size_t i = 0; i < run_.fleet.size(); ++i) {
      Session& session = run_.fleet.at(i);
      for (std::uint32_t d = 0; d < run_.options.depth; ++d) send(session, now_ns());
    }
    while (!is_over()) run_.fleet.turn(*this, std::max(end_ns_, now_ns()));
  }

  /// Request i has to start at start + i / rate. One that finds every connection full starts late,
  /// and its wait counts as its latency.
  void open_loop(std::int64_t start_ns) {
    const double gap_ns = 1e9 / run_.options.rate;
    const auto due_ns = [&] {
      return start_ns + static_cast<std::int64_t>(static_cast<double>(sent_) * gap_ns);
    };
    std::size_t next = 0;
    while (!run_.fleet.has_lost() && now_ns() < end_ns_ + drain_ns_max) {
      const std::int64_t now = now_ns();
      std::size_t full = 0;
      while (due_ns() <= now && due_ns() < end_ns_ && full < run_.fleet.size()) {
        Session& session = run_.fleet.at(next++ % run_.fleet.size());
        if (session.in_flight() >= run_.options.depth) {
          ++full;
          continue;
        }
        full = 0;
        if (!send(session, due_ns())) return;
      }
      const bool all_sent = due_ns() >= end_ns_;
      if (all_sent && replied_ == sent_) break;
      const bool waits_for_reply = all_sent || full == run_.fleet.size();
      run_.fleet.turn(*this, waits_for_reply ? end_ns_ + drain_ns_max : due_ns());
    }
    const auto wanted =
        static_cast<std::uint64_t>(static_cast<double>(end_ns_ - start_ns) / gap_ns);
    run_.measurement.figure("offered_per_second", run_.options.rate);
    run_.measurement.figure("never_answered",
                            static_cast<double>(std::max(wanted, sent_) - replied_));
    // Offered and answered count over the same time, unless the server came in late.
    measured_to_ns_ = std::max(measured_to_ns_, end_ns_);
  }

  bool is_over() const {
    return run_.fleet.has_lost() || measured_to_ns_ >= end_ns_ || now_ns() >= end_ns_ + second_ns ||
           (replied_ == sent_ && ran_out_);
  }

  /// False when there is nothing left to ask for.
  bool send(Session& session, std::int64_t start_ns) {
    if (kind_ == Kind::ping) {
      session.ping(start_ns);
    } else if (kind_ == Kind::create || kind_ == Kind::create_sequential) {
      send_create(session, start_ns);
    } else if (kind_ == Kind::remove) {
      if (sent_ == paths_.size()) {
        ran_out_ = true;
        return false;
      }
      session.request(proto::OpCode::remove,
                      proto::PathVersionRequest{.path = paths_[sent_], .version = -1}, start_ns);
    } else if (kind_ == Kind::children) {
      session.request(proto::OpCode::get_children,
                      proto::PathWatchRequest{.path = run_.root, .watch = false}, start_ns);
    } else if (kind_ == Kind::multi) {
      send_multi(session, start_ns);
    } else {
      send_node_request(session, start_ns);
    }
    ++sent_;
    run_.fleet.queue(session);
    return true;
  }

  void send_create(Session& session, std::int64_t start_ns) {
    std::string& prefix = parents_[session.index()];
    create_.data = as_bytes(data_);
    if (kind_ == Kind::create) {
      path_ = prefix;
      path_.append(number_digits, '0');
      const std::uint32_t number = created_[session.index()]++;
      put_number(path_, number);
      create_.path = path_;
      session.request(proto::OpCode::create, create_, start_ns, number);
    } else {
      create_.path = prefix;
      create_.flags = 2;
      session.request(proto::OpCode::create, create_, start_ns);
    }
  }

  void send_multi(Session& session, std::int64_t start_ns) {
    const proto::FrameStart frame = session.begin(proto::OpCode::multi, start_ns, 0);
    proto::Writer out(session.output());
    for (std::uint32_t i = 0; i < run_.options.operations; ++i) {
      proto::write_multi_op(out, proto::OpCode::set_data);
      out.write(proto::SetDataRequest{
          .path = paths_[random() % paths_.size()], .data = as_bytes(data_), .version = -1});
    }
    proto::write_multi_end(out);
    session.end(frame);
  }

  void send_node_request(Session& session, std::int64_t start_ns) {
    const auto node = static_cast<std::uint32_t>(random() % paths_.size());
    if (kind_ == Kind::exists) {
      session.request(proto::OpCode::exists,
                      proto::PathWatchRequest{.path = paths_[node], .watch = false}, start_ns,
                      node);
    } else if (random() % 100 < set_share_) {
      session.request(
          proto::OpCode::set_data,
          proto::SetDataRequest{.path = paths_[node], .data = as_bytes(data_), .version = -1},
          start_ns, node);
    } else {
      session.request(proto::OpCode::get_data,
                      proto::PathWatchRequest{.path = paths_[node], .watch = false}, start_ns,
                      node);
    }
  }

  void replied(Session& session, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    ++replied_;
    check(session, pending, header, body);
    const std::int64_t now = now_ns();
    const bool is_open_loop = run_.options.rate > 0;
    // A closed loop counts by the end of a request, an open one by its intended start.
    const std::int64_t at_ns = is_open_loop ? pending.start_ns : now;
    if (at_ns >= begin_ns_ && (is_open_loop || at_ns < end_ns_)) {
      if (!run_.measurement.has_begun()) run_.measurement.begin(begin_ns_);
      run_.measurement.record(now - pending.start_ns, now);
    }
    measured_to_ns_ = ran_out_ || is_open_loop ? now : std::min(now, end_ns_);
    if (!is_open_loop && now < end_ns_) send(session, now);
  }

  void notified(Session&, const proto::WatcherEvent&) override {
    run_.faults.add("a notification, and nothing is watched");
  }

  void check(Session& session, const Session::Pending& pending, const proto::ReplyHeader& header,
             Bytes body) {
    if (header.err != proto::ErrorCode::ok) {
      run_.faults.add(std::string(proto::op_word(pending.op)) + ": " +
                      std::string(proto::error_name(header.err)));
      return;
    }
    if (kind_ == Kind::create) {
      path_ = parents_[session.index()];
      path_.append(number_digits, '0');
      put_number(path_, pending.tag);
      check_.path(body, path_);
    } else if (kind_ == Kind::create_sequential) {
      check_.sequential(body, parents_[session.index()], session.index());
    } else if (kind_ == Kind::children) {
      check_.children(body, paths_.size());
    } else if (kind_ == Kind::multi) {
      check_.multi(body, run_.options.operations);
    } else if (pending.op == proto::OpCode::get_data) {
      check_.data(body, session.index(), pending.tag);
    } else if (pending.op == proto::OpCode::set_data) {
      check_.set(body, session.index(), pending.tag);
    } else if (pending.op == proto::OpCode::exists) {
      check_.exists(body, session.index(), pending.tag);
    } else {
      check_.nothing(body);
    }
  }

  /// xorshift64: which znode is next.
  std::uint64_t random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  }

  Run& run_;
  Kind kind_;
  std::uint32_t set_share_;  ///< percent of the requests that set
  std::string data_;
  ReplyCheck check_;
  proto::CreateRequest create_;
  std::vector<std::string> paths_;
  std::vector<std::string> parents_;    ///< by connection: what it creates begins with this
  std::vector<std::uint32_t> created_;  ///< by connection: how many
  std::string path_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
  std::uint64_t sent_ = 0;
  std::uint64_t replied_ = 0;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
  std::int64_t measured_to_ns_ = 0;
  bool ran_out_ = false;
};

}  // namespace

void run_requests(Run& run, std::string_view name) { Requests(run, name).run(); }

}  // namespace paddock::load
