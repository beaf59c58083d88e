#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "paddock/config/config.h"
#include "paddock/disk/open_disk.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/ordering_core.h"
#include "paddock/reactor/acceptor.h"
#include "paddock/reactor/reactor.h"
#include "paddock/reactor/server.h"
#include "paddock/reactor/word_desk.h"
#include "paddock/recovery/recovery.h"
#include "paddock/snapshots/snapshots.h"
#include "paddock/startup/data_dir.h"
#include "paddock/startup/process.h"
#include "paddock/words/digest_history.h"
#include "wal/log.h"

namespace paddock {

/// The parts of a running daemon, put together: state, log, feed, reactors, listener, snapshots.
/// The way of a start is open() (everything that can be refused), run() until stop().
///
/// Threads: the main thread is reactor 0's; run() starts and joins the others.
class Daemon {
 public:
  /// Recovers the state, binds the port, starts the log. The error is for the operator.
  static Result<std::unique_ptr<Daemon>, std::string> open(const Config& config,
                                                           startup::DataDir data_dir);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Serves until a signal of `signals` has come and everything is drained.
  void run(startup::Signals& signals);

  const reactor::Acceptor& acceptor() const { return *acceptor_; }
  const startup::DataDir& data_dir() const { return data_dir_; }

 private:
  struct SignalOp : net::Completion {
    Daemon* daemon = nullptr;
    startup::Signals* signals = nullptr;
    bool is_armed = false;
  };

  Daemon(const Config& config, startup::DataDir data_dir)
      : config_(config), data_dir_(std::move(data_dir)) {}
  Result<void, std::string> open_parts();
  Result<void, std::string> recover();
  void hold_locks(net::Loop& loop);
  Result<void, std::string> open_reactors();
  void start_snapshots();

  void order(std::int64_t session_now_ms, std::int64_t now_ms, std::int64_t monotonic_ns);
  bool has_mail() const;
  void take_mail(std::int64_t now_ms);
  void watch_the_log();
  void take_snapshots();
  void wait_for_signal(startup::Signals& signals);
  void begin_stop(int signal);
  void go_on_stopping();
  void fill_view(words::ServerView& view, words::Part parts);

  const Config& config_;
  startup::DataDir data_dir_;
  recovery::RecoveredState recovered_;  ///< its state lives on here
  std::unique_ptr<ordering::Feed> feed_;
  std::unique_ptr<ordering::OrderingCore> core_;
  std::unique_ptr<reactor::Server> server_;
  std::unique_ptr<wal::Disk> disk_;  ///< on reactor 0's loop
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<reactor::WordDesk> words_;
  std::unique_ptr<reactor::Acceptor> acceptor_;
  std::unique_ptr<snapshots::Snapshots> snapshots_;
  words::DigestHistory digests_;
  Zxid noted_{};                   ///< committed_zxid when digests_ was last told
  std::size_t first_mailbox_ = 1;  ///< whose requests come first in the next turn
  bool is_mail_blocked_ = false;   ///< the core has refused one of them (R4)
  bool is_mail_first_ = false;     ///< in this turn, before reactor 0's own requests
  std::int64_t started_ns_ = 0;
  log::Burst closed_{20};
  log::Burst quotas_;
  log::Burst stalled_;
  SignalOp signal_;

  enum class Stop : std::uint8_t { none, listening, draining, closing_log, done };
  Stop stop_ = Stop::none;
};

}  // namespace paddock
