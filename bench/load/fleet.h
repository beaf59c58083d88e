#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/faults.h"
#include "bench/load/measurement.h"
#include "bench/load/options.h"
#include "bench/load/session.h"

namespace paddock::load {

/// Nanoseconds of the monotonic clock.
std::int64_t now_ns();

/// All connections of a run, and the one loop that serves them (epoll; with a single connection a
/// blocking receive, which is one system call less in each round trip). Threads: loop-local.
class Fleet {
 public:
  /// Ends the program with a message if the host has no IPv4 address.
  Fleet(const Options& options, Faults& faults);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Opens `count` more and waits until each has its session; few at a time, because a server may
  /// have a short backlog. False when one of them got none.
  bool open(std::uint32_t count, std::int32_t timeout_ms);
  std::size_t size() const { return sessions_.size(); }
  Session& at(std::size_t index) { return *sessions_[index]; }
  /// Some connection is gone for good: the run ends there.
  bool has_lost() const { return has_lost_; }
  /// Closes the last sessions down to `size` without ending them at the server.
  void abandon_down_to(std::size_t size);

  /// This session's socket is looked at, and its output sent, behind each other one's input, so
  /// that its round trips do not wait for what else this thread has to read. Null: none.
  void prefer(Session* session) { preferred_ = session; }

  /// Marks output of `session` as ready; it leaves at the end of the turn.
  void queue(Session& session);
  /// Sends what is queued, waits up to `until_ns` for input, hands it to `owner`, sends again.
  void turn(Session::Owner& owner, std::int64_t until_ns);

  /// One request on the first session, waited for. Only while nothing is in flight there. A reply
  /// that does not come is a fault and has the error of a lost connection.
  struct Answer {
    proto::ErrorCode err = proto::ErrorCode::ok;
    std::string body;
  };
  template <class T>
  Answer call(proto::OpCode op, const T& record) {
    at(0).request(op, record, now_ns());
    return wait_for_answer();
  }

  /// Creates `count` znodes whose paths `path_of` gives, pipelined over all sessions; anything but
  /// success is a fault. True if there was none. Each is recorded in `measurement`, if given.
  bool create_all(std::uint64_t count, const std::string& data,
                  const std::function<const std::string&(std::uint64_t)>& path_of,
                  Measurement* measurement = nullptr);

  /// create for everybody's use; the caller sets path, data and flags.
  static proto::CreateRequest open_create();

 private:
  int connect_one();
  Answer wait_for_answer();
  void watch(Session& session, bool for_output);
  void flush_queued();
  void serve_preferred(Session::Owner& owner);
  void note_lost(Session& session);

  Faults& faults_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<Session*> queued_;
  std::vector<bool> is_queued_;
  Session* preferred_ = nullptr;
  ByteBuffer scratch_;
  sockaddr_in to_{};
  int poller_;
  bool has_lost_ = false;
};

}  // namespace paddock::load
