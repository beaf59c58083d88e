#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paddock/shell/command.h"
#include "recipes/hold.h"

namespace paddock::shell {

/// What lock and elect add to the exit statuses of output.h; as timeout(1) and shells have them.
enum HoldStatus : int {
  status_not_obtained = 124,  ///< not within the time that was given
  status_lost = 125,          ///< the command was killed because of the session
  status_cannot_run = 126,    ///< the command is there, but could not be run
  status_no_command = 127,    ///< there is no such command
  status_signal_base = 128,   ///< + the signal that ended the command, or the waiting
};

struct HeldCommand {
  std::vector<std::string> words;
  /// Between SIGTERM and SIGKILL; nullopt = a quarter of the session timeout, 5 s at most. Never
  /// more than half of the timeout.
  std::optional<client::Milliseconds> grace;
};

/// Runs a command while `hold` is held, hands signals on to it, releases the hold and returns the
/// exit status. The command finds the fencing token in PADDOCK_FENCING_TOKEN, in decimal, and the
/// node in PADDOCK_HELD_NODE.
///
/// **When the connection is gone** nothing happens at first: it may come back. When it has not in
/// time, the command's process group gets SIGTERM a grace period before the session can have ended
/// anywhere, and SIGKILL shortly before that moment; if the hold is known to be lost, SIGKILL at
/// once. So while this process runs, nobody else can hold it while the command runs. A machine that
/// is suspended, or this process being stopped, breaks that; the fencing token does not need it.
int run_holding(Call& call, recipes::Hold hold, const HeldCommand& command);

}  // namespace paddock::shell
