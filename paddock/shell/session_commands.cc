#include <fmt/format.h>

#include "paddock/shell/shell.h"
#include "paddock/shell/words.h"

/// Commands about the shell itself.
namespace paddock::shell {
namespace {

constexpr std::size_t lines_shown = 11;  // as zkCli.sh: ten and the present one

int connect(Call& call) {
  const std::string servers = call.word_count() > 0 ? call.word(0) : call.shell.options().servers;
  if (!client::parse_connect_string(servers))
    return call.out.usage(fmt::format("\"{}\" is not HOST:PORT[,...][/CHROOT]", servers));
  return call.shell.connect(servers) ? status_ok : status_not_connected;
}

int close(Call& call) {
  call.shell.close();
  return status_ok;
}

int quit(Call& call) {
  call.shell.wants_quit = true;
  return status_ok;
}

int history(Call& call) {
  const std::vector<std::string>& lines = call.shell.history();
  Json json = Json::array();
  for (std::size_t i = lines.size() > lines_shown ? lines.size() - lines_shown : 0;
       i < lines.size(); ++i) {
    if (call.out.is_json()) {
      json.push_back(Json::object({{"number", i}, {"line", lines[i]}}));
    } else {
      call.out.line(fmt::format("{} - {}", i, lines[i]));
    }
  }
  if (call.out.is_json()) call.out.json(json);
  return status_ok;
}

int redo(Call& call) {
  const std::vector<std::string>& lines = call.shell.history();
  const std::optional<std::int64_t> number = parse_integer(call.word(0));
  if (!number || *number < 0 || static_cast<std::size_t>(*number) + 1 >= lines.size())
    return call.out.usage("Command index out of range");
  const std::string line = lines[static_cast<std::size_t>(*number)];
  const auto words = split_words(line);
  if (!words) return call.out.usage(words.error());
  if (words->front() == "redo") return call.out.usage("No redoing redos");
  call.shell.replace_last_line(line);
  return call.shell.run_words(*words, call.cancel);
}

int help(Call& call) {
  if (call.word_count() == 0) {
    for (const Command& command : all_commands()) call.out.line("\t" + usage_of(command));
    call.out.line("'help COMMAND' tells more.");
    return status_ok;
  }
  const Command* command = find_command(call.word(0));
  if (!command) return call.out.usage("Command not found " + call.word(0));
  call.out.line(usage_of(*command));
  call.out.line(command->summary);
  if (!command->details.empty()) call.out.line(fmt::format("\n{}", command->details));
  return status_ok;
}

Command quit_as(std::string_view name) {
  return {.name = name,
          .usage = "",
          .summary = "End the session and the shell",
          .needs_client = false,
          .run = quit};
}

}  // namespace

std::vector<Command> session_commands() {
  return {
      {.name = "connect",
       .usage = "host:port",
       .summary = "Close the session and begin one, elsewhere or at the same servers",
       .words_max = 1,
       .needs_client = false,
       .run = connect},
      {.name = "close",
       .usage = "",
       .summary = "Close the session: its ephemeral nodes and watches go",
       .needs_client = false,
       .run = close},
      quit_as("quit"),
      quit_as("exit"),
      {.name = "history",
       .usage = "",
       .summary = "Print the last commands with their numbers",
       .needs_client = false,
       .run = history},
      {.name = "redo",
       .usage = "cmdno",
       .summary = "Run a command of the history again",
       .words_min = 1,
       .words_max = 1,
       .needs_client = false,
       .run = redo},
      {.name = "help",
       .usage = "[command]",
       .summary = "List the commands, or explain one",
       .words_max = 1,
       .needs_client = false,
       .run = help},
  };
}

}  // namespace paddock::shell
