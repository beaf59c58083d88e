#include "paddock/shell/run.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>

#include "paddock/shell/line_editor.h"
#include "paddock/shell/options.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/signals.h"
#include "paddock/shell/words.h"

namespace paddock::shell {
namespace {

/// Lines of a standard input that is no terminal. Events that come in meanwhile are printed.
class LineReader {
 public:
  explicit LineReader(Shell& shell) : shell_(shell) {}

  /// nullopt at the end; what stands behind the last line end is a line too.
  std::optional<std::string> next() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      if (is_over_) {
        if (buffer_.empty()) return std::nullopt;
        return std::exchange(buffer_, "");
      }
      fill();
    }
  }

 private:
  void fill() {
    pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {shell_.events().fd(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) return;
    if (fds[1].revents & POLLIN) shell_.print_events();
    if (fds[0].revents == 0) return;
    char chunk[64 << 10];
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof(chunk));
    if (got > 0) buffer_.append(chunk, static_cast<std::size_t>(got));
    is_over_ = got == 0 || (got < 0 && errno != EINTR);
  }

  Shell& shell_;
  std::string buffer_;
  bool is_over_ = false;
};

/// After each command; false if the shell is to end.
bool goes_on(const Shell& shell, Output& out, int status) {
  return out.flush() && !shell.wants_quit &&
         (status == status_ok || !shell.options().stops_on_error);
}

int run_script(Shell& shell, Output& out) {
  shell.reads_stdin = true;
  LineReader reader(shell);
  int status = status_ok;
  while (const std::optional<std::string> line = reader.next()) {
    status = shell.run_line(*line);
    shell.print_events();
    if (!goes_on(shell, out, status)) break;
  }
  return status;
}

bool takes_signals(const std::string& line) {
  const auto words = split_words(line);
  if (!words || words->empty()) return false;
  const Command* command = find_command(words->front());
  return command && command->takes_signals;
}

int run_interactive(Shell& shell, Output& out) {
  // Who sits at a terminal means Ctrl-C, also where what started the shell had it ignored.
  ::signal(SIGINT, SIG_DFL);
  SignalQueue signals({SIGINT});
  LineEditor editor(shell, signals);
  std::string line;
  int status = status_ok;
  for (;;) {
    const LineEditor::Outcome outcome = editor.read(line);
    if (outcome != LineEditor::Outcome::line) out.line("");
    if (outcome == LineEditor::Outcome::interrupted) continue;
    if (outcome == LineEditor::Outcome::end) break;
    if (takes_signals(line)) {
      status = shell.run_line(line);
    } else {
      const CancelOnSignal cancel(signals);
      status = shell.run_line(line, cancel.token());
    }
    while (signals.pop()) {
    }
    shell.print_events();
    if (!goes_on(shell, out, status)) break;
  }
  return status;
}

int run_all(Shell& shell, Output& out) {
  const ShellOptions& options = shell.options();
  if (!options.command.empty()) {
    const Command* command = find_command(options.command.front());
    if (command && command->needs_client && !shell.connect(options.servers))
      return status_not_connected;
    return shell.run_words(options.command);
  }
  const bool is_interactive = ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
  if (is_interactive)
    out.note(fmt::format("Connecting to {}; 'help' lists the commands", options.servers));
  if (!shell.connect(options.servers)) return status_not_connected;
  return is_interactive ? run_interactive(shell, out) : run_script(shell, out);
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
  Result<ShellOptions, std::string> options = parse_shell_options(arguments);
  Output out(stdout, stderr, options && options->is_json);
  if (!options) {
    out.usage(
        fmt::format("paddock shell: {}\n'paddock shell -help' lists the options", options.error()));
    return status_usage;
  }
  if (options->wants_help) {
    out.text(help_text());
    return out.flush() ? status_ok : status_failed;
  }
  int status = status_ok;
  {
    Shell shell(*std::move(options), out);
    status = run_all(shell, out);
  }
  if (out.flush()) return status;
  std::perror("paddock: standard output");
  return status_failed;
}

}  // namespace paddock::shell
