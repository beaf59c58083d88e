#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "paddock/shell/arguments.h"
#include "paddock/shell/output.h"
#include "paddock/shell/paths.h"
#include "recipes/client/client.h"

namespace paddock::shell {

class Shell;

/// One run of a command: what it was given and where its results go.
struct Call {
  Shell& shell;
  const Arguments& arguments;
  Output& out;
  /// Stops at Ctrl-C in an interactive shell.
  client::CancelToken cancel;

  const std::string& word(std::size_t index) const { return arguments.positional()[index]; }
  std::size_t word_count() const { return arguments.positional().size(); }
  bool has(std::string_view option) const { return arguments.has(option); }
  /// REQUIRES: the command needs a client.
  client::Client& client() const;
  /// Every request ends by itself: it waits for a connection for a session timeout at most.
  template <class T>
  client::Expected<T> wait(const client::Pending<T>& pending) const {
    return pending.wait(client::Deadline::never(), cancel);
  }
  /// The watcher that prints events, if the option is given.
  client::Watcher watcher_if(std::string_view option) const;
};

/// A verb of the shell.
struct Command {
  std::string_view name;
  std::string_view usage;    ///< what stands behind the name, as zkCli.sh has it
  std::string_view summary;  ///< one line
  std::string_view details;  ///< more lines for `help COMMAND`, options first
  std::vector<Option> options;
  std::size_t words_min = 0;
  std::size_t words_max = 0;
  /// Which words are paths: their number counts from the left and is checked before `run`.
  std::size_t path_words = 0;
  bool needs_client = true;
  bool takes_signals = false;  ///< it looks after Ctrl-C itself
  /// Returns the exit status.
  int (*run)(Call&) = nullptr;
};

/// "ls [-s] [-w] [-R] path".
std::string usage_of(const Command& command);

/// Every command, sorted by name; aliases too.
std::span<const Command> all_commands();
const Command* find_command(std::string_view name);

/// The groups, one a file.
std::vector<Command> read_commands();      // ls, ls2, get, stat, getEphemerals, ...
std::vector<Command> write_commands();     // create, set, delete, deleteall, rmr, sync
std::vector<Command> acl_commands();       // getAcl, setAcl, addauth, whoami
std::vector<Command> quota_commands();     // setquota, listquota, delquota
std::vector<Command> watch_commands();     // addWatch, removewatches, printwatches, watch
std::vector<Command> ensemble_commands();  // config, reconfig, version
std::vector<Command> session_commands();   // connect, close, quit, history, redo, help
std::vector<Command> tree_commands();      // tree, find, du
std::vector<Command> copy_commands();      // export, import
std::vector<Command> hold_commands();      // lock, elect

}  // namespace paddock::shell
