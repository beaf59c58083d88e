#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace paddock::shell {

/// A command in a process group of its own, so that it can be ended with all that it has started.
/// If the terminal was ours it is the child's while it runs; a Ctrl-Z there is undone, since what
/// is held does not wait. If this process dies, the kernel kills the command (but not its
/// children). Threads: one; it must be the main thread, whose end the kernel takes for the
/// process's.
class Child {
 public:
  /// Runs `words` (at least one, looked for in PATH) with `environment` ("NAME=value") in place of
  /// what has the same names here. An error is the errno of the failure: ENOENT if there is no such
  /// command.
  static Result<Child, int> start(const std::vector<std::string>& words,
                                  const std::vector<std::string>& environment);
  /// SIGKILL, if it has not ended.
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  /// Sends a signal to the whole group.
  void signal(int number) const;
  /// The same, and once the command has ended, SIGKILL to what is left of the group.
  void end(int number);
  /// Once it has ended: its exit status as a shell counts it, 128 + N for signal N. Does not wait:
  /// SIGCHLD says when to ask.
  std::optional<int> exit_status();

 private:
  Child(pid_t pid, bool has_terminal) : pid_(pid), has_terminal_(has_terminal) {}
  void take_terminal_back();

  pid_t pid_;  ///< 0 once it has ended, or was moved away
  bool has_terminal_;
  bool is_ending_ = false;
};

}  // namespace paddock::shell
