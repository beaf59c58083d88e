#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace paddock::hard {

/// One daemon as a process of its own, in a directory of its own, on a port that the kernel picks.
/// The program is what the environment's PADDOCK names. Threads: one at a time; mntr() any.
class Daemon {
 public:
  struct Options {
    int reactors = 2;
    std::vector<std::string> arguments;    ///< beside those that every test needs
    std::vector<std::string> environment;  ///< "NAME=value", beside our own
  };

  /// Returns when it accepts clients; a daemon that does not start ends the test program.
  explicit Daemon(const Options& options);
  /// Expects that it still runs, stops it with SIGTERM and expects a clean end; then its log is
  /// shown if the test has failed, and the directory removed.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::string& dir() const { return dir_; }
  void send_signal(int signal) const;
  bool is_running();

  /// The daemon's answer to a four-letter word.
  std::string word(const std::string& name) const;
  /// mntr's numbers, without "zk_".
  std::map<std::string, std::int64_t> mntr() const;
  std::int64_t mntr(const std::string& key) const;
  /// Asks mntr again and again until `key` is `value`; a failed test when it does not get there.
  void await(const std::string& key, std::int64_t value) const;
  void await_above(const std::string& key, std::int64_t value) const;
  /// Nothing is under way: no bytes of requests or answers, no request without its answer.
  void await_quiet() const;
  std::int64_t rss_bytes() const;
  std::string log() const;

 private:
  void start(const Options& options);

  std::string dir_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// Ends loops that would go on for ever in a test that fails. Generous: sanitizers, a busy machine.
class Deadline {
 public:
  bool has_passed() const { return std::chrono::steady_clock::now() > at_; }

 private:
  std::chrono::steady_clock::time_point at_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(60);
};

/// A build whose memory and time are not those of users.
bool is_sanitized();

}  // namespace paddock::hard
