#include "paddock/shell/line_editor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <histedit.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <filesystem>

#include "paddock/shell/complete.h"

namespace paddock::shell {
namespace {

constexpr int history_lines = 1000;
/// How long Tab waits for a server.
constexpr client::Milliseconds completion_wait{2000};
constexpr std::size_t candidates_shown_max = 200;
constexpr wchar_t ctrl_d = L'\4';

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string history_path() {
  if (const char* own = std::getenv("PADDOCK_SHELL_HISTORY")) return own;
  std::string state = environment("XDG_STATE_HOME");
  const std::string home = environment("HOME");
  if (state.empty() && home.empty()) return "";
  if (state.empty()) state = home + "/.local/state";
  return state + "/paddock/shell_history";
}

/// Candidates below each other would fill the screen: in columns, as ls prints.
std::string in_columns(const std::vector<std::string>& names, std::size_t columns) {
  std::size_t width = 0;
  for (const std::string& name : names) width = std::max(width, name.size() + 2);
  const std::size_t each_line = std::max<std::size_t>(1, columns / std::max<std::size_t>(1, width));
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), candidates_shown_max); ++i) {
    const bool is_end = (i + 1) % each_line == 0;
    text += is_end ? names[i] + "\n" : fmt::format("{:<{}}", names[i], width);
  }
  if (names.size() > candidates_shown_max) text += fmt::format("\n... {} in all", names.size());
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace

class LineEditor::State {
 public:
  State(Shell& shell, SignalQueue& signals)
      : shell_(shell), signals_(signals), history_file_(history_path()) {
    std::setlocale(LC_CTYPE, "");
    const char* name = ::ttyname(STDIN_FILENO);
    if (name) own_fd_ = ::open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own_fd_ >= 0) input_fd_ = own_fd_;
    editor_ = el_init("paddock", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, history_lines);
    history(history_, &event, H_SETUNIQUE, 1);
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT, &State::show_prompt);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_GETCFN, &State::get_character);
    el_set(editor_, EL_ADDFN, "paddock-complete", "Complete a path or a command", &State::tab);
    el_set(editor_, EL_BIND, "^I", "paddock-complete", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(editor_, nullptr);  // the user's ~/.editrc, which may change the keys
    if (!history_file_.empty()) history(history_, &event, H_LOAD, history_file_.c_str());
  }

  ~State() {
    save();
    history_end(history_);
    el_end(editor_);
    if (own_fd_ >= 0) ::close(own_fd_);
  }

  Outcome read(std::string& line) {
    prompt_ = shell_.prompt();
    is_interrupted_ = false;
    int count = 0;
    const char* text = el_gets(editor_, &count);
    if (is_interrupted_) {
      el_set(editor_, EL_UNBUFFERED, 0);
      return Outcome::interrupted;
    }
    if (!text || count <= 0) return Outcome::end;
    line.assign(text, static_cast<std::size_t>(count));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    HistEvent event;
    const bool is_secret = line.find("addauth") != std::string::npos;
    if (!line.empty() && !is_secret) history(history_, &event, H_ENTER, line.c_str());
    return Outcome::line;
  }

 private:
  static State& of(EditLine* editor) {
    void* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  static char* show_prompt(EditLine* editor) { return of(editor).prompt_.data(); }

  /// libedit's source of characters: 1 = one was read, 0 = the end, -1 = stop with an error.
  static int get_character(EditLine* editor, wchar_t* character) {
    return of(editor).next_character(character);
  }

  static unsigned char tab(EditLine* editor, int) { return of(editor).complete_line(); }

  int next_character(wchar_t* character) {
    std::mbstate_t conversion{};
    for (;;) {
      if (!await_input()) return -1;
      char byte = 0;
      const ssize_t got = ::read(input_fd_, &byte, 1);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return static_cast<int>(got);
      const std::size_t used = std::mbrtowc(character, &byte, 1, &conversion);
      if (used > 1) {
        if (used == static_cast<std::size_t>(-1)) conversion = {};  // not text here: dropped
        continue;
      }
      // A Ctrl-D that was typed before libedit had the terminal arrives as this.
      if (*character == L'\0') *character = ctrl_d;
      return 1;
    }
  }

  /// Until there is something to read; false at Ctrl-C.
  bool await_input() {
    for (;;) {
      pollfd fds[] = {
          {input_fd_, POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {shell_.events().fd(), POLLIN, 0}};
      if (::poll(fds, 3, -1) < 0) continue;
      if (fds[1].revents & POLLIN) {
        while (signals_.pop()) {
        }
        is_interrupted_ = true;
        return false;
      }
      if (fds[2].revents & POLLIN) print_events();
      if (fds[0].revents != 0) return true;
    }
  }

  void print_events() {
    std::fputs("\r\033[K", stdout);
    shell_.print_events();
    prompt_ = shell_.prompt();  // the connection may have changed
    el_set(editor_, EL_REFRESH);
  }

  unsigned char complete_line() {
    const LineInfo* line = el_line(editor_);
    const std::string_view before(line->buffer,
                                  static_cast<std::size_t>(line->cursor - line->buffer));
    const Completion completion =
        complete(before, [&](const std::string& path) { return children_of(path); });
    if (!completion.insert.empty())
      return el_insertstr(editor_, completion.insert.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    if (completion.candidates.empty()) return CC_REFRESH_BEEP;
    std::fputs(("\n" + in_columns(completion.candidates, columns())).c_str(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  std::vector<std::string> children_of(const std::string& path) {
    client::Client* client = shell_.client();
    if (!client || path_problem(path)) return {};
    auto names = client->get_child_names(path).wait(completion_wait);
    return names ? *std::move(names) : std::vector<std::string>();
  }

  std::size_t columns() {
    int columns = 0;
    const bool is_known = el_get(editor_, EL_GETTC, "co", &columns) == 0 && columns > 0;
    return is_known ? static_cast<std::size_t>(columns) : 80;
  }

  void save() {
    if (history_file_.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(history_file_).parent_path(), error);
    const mode_t before = ::umask(077);
    HistEvent event;
    history(history_, &event, H_SAVE, history_file_.c_str());
    ::umask(before);
  }

  Shell& shell_;
  SignalQueue& signals_;
  std::string history_file_;
  std::string prompt_;
  bool is_interrupted_ = false;
  /// The terminal, opened once more to read without blocking: a Ctrl-C takes away what poll has
  /// seen. Standard input itself is shared with others, who do not expect that of it.
  int own_fd_ = -1;
  int input_fd_ = STDIN_FILENO;
  EditLine* editor_;
  History* history_;
};

LineEditor::LineEditor(Shell& shell, SignalQueue& signals)
    : state_(std::make_unique<State>(shell, signals)) {}
LineEditor::~LineEditor() = default;

LineEditor::Outcome LineEditor::read(std::string& line) { return state_->read(line); }

}  // namespace paddock::shell
