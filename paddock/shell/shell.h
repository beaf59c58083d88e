#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "paddock/shell/command.h"
#include "paddock/shell/events.h"
#include "paddock/shell/options.h"
#include "paddock/shell/output.h"
#include "recipes/client/client.h"

namespace paddock::shell {

/// What the commands of one run of the program share: the connection, the events that wait to be
/// printed, the commands so far. Threads: one at a time; events come in through their queue.
class Shell {
 public:
  Shell(ShellOptions options, Output& out);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Splits a line, remembers it for `history` and runs it; returns its status. Nothing happens for
  /// a line without words.
  int run_line(const std::string& line, const client::CancelToken& cancel = {});
  /// Runs a command that is in words already.
  int run_words(const std::vector<std::string>& words, const client::CancelToken& cancel = {});

  /// Closes the session, if there is one, and begins another; false if it could not even start.
  bool connect(const std::string& servers);
  void close();
  /// nullptr when closed.
  client::Client* client() const { return client_.get(); }
  const ShellOptions& options() const { return options_; }

  /// One and the same for all watches, as in zkCli.sh: its events are queued.
  const client::Watcher& watcher() const { return watcher_; }
  EventQueue& events() const { return *events_; }
  /// For watchers, which may outlive the shell by a call.
  const std::shared_ptr<EventQueue>& shared_events() const { return events_; }
  /// Prints the events that wait, or drops them while printwatches is off.
  void print_events();
  bool print_watches = true;

  /// The lines so far, the present one last; its index is what zkCli.sh numbers them with.
  const std::vector<std::string>& history() const { return history_; }
  /// In place of the present line, for redo.
  void replace_last_line(std::string line) { history_.back() = std::move(line); }
  /// "[zk: localhost:2181(CONNECTED) 3] ".
  std::string prompt() const;

  bool wants_quit = false;
  bool is_interactive = false;
  /// Whether commands are read from standard input, so that they cannot read data from it.
  bool reads_stdin = false;

 private:
  ShellOptions options_;
  Output& out_;
  std::shared_ptr<EventQueue> events_;
  client::Watcher watcher_;
  std::string servers_;
  std::unique_ptr<client::Client> client_;
  client::StateSubscription states_;
  std::vector<std::string> history_;
};

}  // namespace paddock::shell
