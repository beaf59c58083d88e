#include <fmt/format.h>

#include "paddock/shell/hold.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/signals.h"
#include "recipes/leader_election.h"
#include "recipes/lock.h"

/// Commands that run another program while they hold something.
namespace paddock::shell {
namespace {

using client::CancelToken;
using client::Deadline;
using client::Error;
using client::Milliseconds;

constexpr std::int64_t seconds_max = 10 * 365 * 24 * 3600LL;

/// What both commands are given.
struct Request {
  HeldCommand command;
  std::optional<Milliseconds> wait;  ///< nullopt = as long as it takes
  std::string id;
};

Result<std::optional<Milliseconds>, std::string> seconds(const Call& call,
                                                         std::string_view option) {
  const auto number = call.arguments.number(option, 0, seconds_max);
  if (!number) return tl::unexpected(number.error());
  if (!*number) return std::nullopt;
  return std::optional(Milliseconds(**number * 1000));
}

Result<Request, std::string> parse_request(const Call& call, std::string_view command) {
  Request request;
  const auto words = call.arguments.behind_dashes();
  request.command.words.assign(words.begin(), words.end());
  if (words.empty() || call.word_count() != words.size() + 1)
    return tl::unexpected(usage_of(*find_command(command)));
  const auto wait = seconds(call, "t");
  if (!wait) return tl::unexpected(wait.error());
  const auto grace = seconds(call, "grace");
  if (!grace) return tl::unexpected(grace.error());
  request.wait = *wait;
  request.command.grace = *grace;
  request.id = call.arguments.value("id").value_or("");
  return request;
}

/// Gets hold of it by `obtain(deadline, cancel)` and runs the command. Signals end the waiting, and
/// nothing is left in the line then.
template <class Obtain>
int obtain_and_run(Call& call, const Request& request, Obtain obtain) {
  SignalQueue signals({SIGHUP, SIGINT, SIGQUIT, SIGTERM});
  client::Expected<recipes::Hold> hold = tl::unexpected(Error::cancelled);
  {
    const CancelOnSignal cancel(signals);
    // The wait for a server has its own bound, or a wrong address would never be noticed.
    const auto connected =
        call.client().await_connected(call.shell.options().timeout, cancel.token());
    if (!connected && connected.error() == Error::deadline_exceeded)
      return call.out.failed(Error::not_connected, "");
    const Deadline deadline = request.wait ? Deadline(*request.wait) : Deadline::never();
    hold = connected ? obtain(deadline, cancel.token())
                     : client::Expected<recipes::Hold>(tl::unexpected(connected.error()));
  }
  if (!hold && hold.error() == Error::cancelled) {
    const auto signal = signals.pop();
    return signal ? status_signal_base + static_cast<int>(signal->ssi_signo) : status_interrupted;
  }
  if ((hold && !*hold) || (!hold && hold.error() == Error::deadline_exceeded)) {
    call.out.note(fmt::format("{} is held by somebody else", call.word(0)));
    return status_not_obtained;
  }
  if (!hold) return call.out.failed(hold.error(), call.word(0));
  return run_holding(call, *std::move(hold), request.command);
}

int lock(Call& call) {
  const Result<Request, std::string> request = parse_request(call, "lock");
  if (!request) return call.out.usage(request.error());
  recipes::LockOptions options{.id = request->id};
  const auto layout = call.arguments.value("layout").value_or("curator");
  if (layout != "curator" && layout != "kazoo")
    return call.out.usage("-layout is curator or kazoo");
  if (layout == "kazoo") options.layout = recipes::LockLayout::kazoo;
  recipes::Lock lock(call.client(), call.word(0), options);
  return obtain_and_run(call, *request, [&](Deadline deadline, const CancelToken& cancel) {
    return call.has("n") ? lock.try_lock(call.shell.options().timeout, cancel)
                         : lock.lock(deadline, cancel);
  });
}

int elect(Call& call) {
  const Result<Request, std::string> request = parse_request(call, "elect");
  if (!request) return call.out.usage(request.error());
  recipes::ElectionOptions options{.id = request->id};
  const auto layout = call.arguments.value("layout").value_or("latch");
  if (layout == "latch") {
    options.layout = recipes::ElectionLayout::latch;
  } else if (layout == "selector") {
    options.layout = recipes::ElectionLayout::selector;
  } else if (layout == "kazoo") {
    options.layout = recipes::ElectionLayout::kazoo;
  } else {
    return call.out.usage("-layout is latch, selector or kazoo");
  }
  recipes::LeaderElection election(call.client(), call.word(0), options);
  return obtain_and_run(call, *request, [&](Deadline deadline, const CancelToken& cancel) {
    return election.campaign(deadline, cancel);
  });
}

constexpr std::string_view common_details =
    "-t       give up after that many seconds, with exit status 124; default never\n"
    "-grace   seconds between SIGTERM and SIGKILL; default a quarter of the session timeout, 5 s\n"
    "         at most\n"
    "-id      what others see as the holder; default HOST/PID\n";

constexpr std::string_view lock_details =
    "-n       do not wait: exit status 124 if it is not free\n"
    "-layout  curator (the default) or kazoo: whose locks on the same path it excludes\n"
    "The command has the fencing token in PADDOCK_FENCING_TOKEN: it grows from holder to holder.\n"
    "It is ended before the session can have ended anywhere: SIGTERM, then SIGKILL, to its\n"
    "process group, and exit status 125. Signals are passed on. Otherwise the exit status is the\n"
    "command's.";
constexpr std::string_view elect_details =
    "-layout  latch (the default), selector or kazoo: whose elections it takes part in\n"
    "The command runs while this is the leader, and its end resigns. For the rest see lock.";

}  // namespace

std::vector<Command> hold_commands() {
  static const std::string lock_text = std::string(common_details).append(lock_details);
  static const std::string elect_text = std::string(common_details).append(elect_details);
  return {
      {.name = "lock",
       .usage = "[-n] [-t seconds] [-grace seconds] [-id text] [-layout name] path -- command "
                "[argument...]",
       .summary = "Run a command while holding an exclusive lock",
       .details = lock_text,
       .options = {{"n"}, {"t", true}, {"grace", true}, {"id", true}, {"layout", true}},
       .words_min = 2,
       .words_max = SIZE_MAX,
       .path_words = 1,
       .takes_signals = true,
       .run = lock},
      {.name = "elect",
       .usage = "[-t seconds] [-grace seconds] [-id text] [-layout name] path -- command "
                "[argument...]",
       .summary = "Run a command while being the leader of an election",
       .details = elect_text,
       .options = {{"t", true}, {"grace", true}, {"id", true}, {"layout", true}},
       .words_min = 2,
       .words_max = SIZE_MAX,
       .path_words = 1,
       .takes_signals = true,
       .run = elect},
  };
}

}  // namespace paddock::shell
