// ZooKeeper's lock recipe: an ephemeral sequential znode, getChildren, the lowest number holds the
// lock, everybody else watches the znode before its own. Whoever gets the lock releases it at once,
// so what is measured is the hand-off.

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/content.h"
#include "bench/load/workload.h"
#include "core/proto/names.h"

namespace paddock::load {

namespace {

constexpr std::int32_t ephemeral_sequential = 3;

class Lock final : public Session::Owner {
 public:
  Lock(Run& run, bool is_contended) : run_(run), is_contended_(is_contended) {}

  void run() {
    const Options& options = run_.options;
    if (!run_.fleet.open(options.connections, options.session_timeout_ms) ||
        !create_node(run_, run_.root))
      return;
    contenders_.resize(options.connections);
    for (std::uint32_t i = 0; i < options.connections; ++i) {
      contenders_[i].parent = is_contended_ ? run_.root : numbered(run_.root + "/l", i);
      if (!is_contended_ && !create_node(run_, contenders_[i].parent)) return;
    }
    last_held_.assign(is_contended_ ? 1 : options.connections, -1);
    begin_ns_ = now_ns() + static_cast<std::int64_t>(options.warmup_seconds * 1e9);
    end_ns_ = begin_ns_ + static_cast<std::int64_t>(options.seconds * 1e9);
    for (std::size_t i = 0; i < run_.fleet.size(); ++i) acquire(run_.fleet.at(i));
    std::int64_t now = now_ns();
    while (!run_.fleet.has_lost() && now < end_ns_) {
      run_.fleet.turn(*this, end_ns_);
      now = now_ns();
    }
    if (run_.measurement.has_begun()) run_.measurement.end(std::min(now, end_ns_));
    if (acquisitions_ == 0) run_.faults.add("nobody got the lock");
  }

 private:
  enum Step : std::uint32_t { created, listed, watching, released };

  struct Contender {
    std::string parent;
    std::string own;           ///< path of its znode
    std::string before;        ///< path that it watches; empty: it watches nothing
    std::int64_t number = -1;  ///< sequence number of its znode
    std::int64_t wanted_since_ns = 0;
  };

  void acquire(Session& session) {
    Contender& contender = contenders_[session.index()];
    contender.wanted_since_ns = now_ns();
    const std::string path = contender.parent + "/n-";
    proto::CreateRequest request = Fleet::open_create();
    request.path = path;
    request.data = Bytes();
    request.flags = ephemeral_sequential;
    session.request(proto::OpCode::create, request, contender.wanted_since_ns, created);
    run_.fleet.queue(session);
  }

  void list(Session& session) {
    session.request(
        proto::OpCode::get_children,
        proto::PathWatchRequest{.path = contenders_[session.index()].parent, .watch = false}, 0,
        listed);
    run_.fleet.queue(session);
  }

  void release(Session& session) {
    session.request(
        proto::OpCode::remove,
        proto::PathVersionRequest{.path = contenders_[session.index()].own, .version = -1}, 0,
        released);
    run_.fleet.queue(session);
  }

  void replied(Session& session, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    // The znode before one's own may go between the listing and the watch.
    const bool may_lack = pending.tag == watching && header.err == proto::ErrorCode::no_node;
    if (header.err != proto::ErrorCode::ok && !may_lack) {
      run_.faults.add(std::string(proto::op_word(pending.op)) + ": " +
                      std::string(proto::error_name(header.err)));
      return;
    }
    switch (static_cast<Step>(pending.tag)) {
      case created:
        if (remember_own(session, body)) list(session);
        break;
      case listed:
        take_turn(session, body);
        break;
      case watching:
        if (may_lack) {
          contenders_[session.index()].before.clear();
          list(session);
        }
        break;
      case released:
        if (!is_contended_) count(contenders_[session.index()]);
        acquire(session);
        break;
    }
  }

  void notified(Session& session, const proto::WatcherEvent& event) override {
    Contender& contender = contenders_[session.index()];
    if (event.type != proto::EventType::node_deleted || contender.before.empty() ||
        event.path != contender.before) {
      run_.faults.add("a notification that nothing asked for");
      return;
    }
    contender.before.clear();
    list(session);
  }

  static std::int64_t number_in(std::string_view name) {
    std::int64_t number = -1;
    if (name.size() < sequence_digits) return -1;
    const std::string_view digits = name.substr(name.size() - sequence_digits);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }

  bool remember_own(Session& session, Bytes body) {
    Contender& contender = contenders_[session.index()];
    const auto reply = proto::decode<proto::PathReply>(body);
    if (!reply || !reply->path || !reply->path->starts_with(contender.parent) ||
        number_in(*reply->path) < 0) {
      run_.faults.add("not the path that was created");
      return false;
    }
    contender.own = *reply->path;
    contender.number = number_in(contender.own);
    return true;
  }

  /// Holds the lock or watches the znode before its own.
  void take_turn(Session& session, Bytes body) {
    Contender& contender = contenders_[session.index()];
    proto::Reader in(body);
    in.read(names_);
    bool is_listed = false;
    std::int64_t before = -1;
    for (const proto::Ustring& name : names_.names.items) {
      const std::int64_t number = name ? number_in(*name) : -1;
      is_listed = is_listed || number == contender.number;
      if (number < contender.number) before = std::max(before, number);
    }
    if (!in.ok() || !is_listed) {
      run_.faults.add("a contender's own znode is not among the children");
      return;
    }
    if (before < 0) return hold(session);
    contender.before = contender.parent + "/n-" + std::string(sequence_digits, '0');
    put_number(contender.before, static_cast<std::uint64_t>(before), sequence_digits);
    session.request(proto::OpCode::exists,
                    proto::PathWatchRequest{.path = contender.before, .watch = true}, 0, watching);
    run_.fleet.queue(session);
  }

  /// Numbers are given in order and only the lowest holds: each holder's is above the last one's.
  void hold(Session& session) {
    Contender& contender = contenders_[session.index()];
    std::int64_t& last = last_held_[is_contended_ ? 0 : session.index()];
    if (contender.number <= last) run_.faults.add("the lock went to two, or out of turn");
    last = contender.number;
    ++acquisitions_;
    if (is_contended_) count(contender);
    release(session);
  }

  /// Contended: from wanting it to having it. Uncontended: from wanting it to having released it.
  void count(const Contender& contender) {
    const std::int64_t now = now_ns();
    if (now < begin_ns_ || now >= end_ns_) return;
    if (!run_.measurement.has_begun()) run_.measurement.begin(begin_ns_);
    run_.measurement.record(now - contender.wanted_since_ns, now);
  }

  Run& run_;
  bool is_contended_;
  std::vector<Contender> contenders_;    ///< by connection
  std::vector<std::int64_t> last_held_;  ///< of each lock: the last holder's number
  proto::NamesReply names_;
  std::uint64_t acquisitions_ = 0;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
};

}  // namespace

void run_lock(Run& run, std::string_view name) { Lock(run, name == "lock").run(); }

}  // namespace paddock::load
