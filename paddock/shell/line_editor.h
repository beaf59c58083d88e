#pragma once

#include <memory>
#include <string>

#include "paddock/shell/shell.h"
#include "paddock/shell/signals.h"

namespace paddock::shell {

/// Reads lines at a terminal, with libedit: its keys, a history that is kept in a file, and
/// completion on Tab. Events that come in meanwhile are printed above the line.
///
/// The history is in $PADDOCK_SHELL_HISTORY (empty: in no file), else in
/// $XDG_STATE_HOME/paddock/shell_history, else in ~/.local/state/paddock/shell_history, readable by
/// the user only. Lines with addauth are not kept, since they hold passwords.
class LineEditor {
 public:
  /// Both must outlive it. A Ctrl-C of the queue empties the line.
  LineEditor(Shell& shell, SignalQueue& signals);
  ~LineEditor();

  enum class Outcome { line, interrupted, end };
  /// Shows the prompt and reads a line into `line`, without its end.
  Outcome read(std::string& line);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace paddock::shell
