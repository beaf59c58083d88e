#include "paddock/shell/shell.h"

#include <fmt/format.h>

#include "paddock/shell/signals.h"
#include "paddock/shell/words.h"

namespace paddock::shell {
namespace {

std::string_view prompt_state(const client::Client* client) {
  if (!client) return "CLOSED";
  switch (client->session().state) {
    case client::SessionState::connected:
      return "CONNECTED";
    case client::SessionState::connecting:
    case client::SessionState::suspended:
    case client::SessionState::lost:
      return "CONNECTING";
    case client::SessionState::auth_failed:
      return "AUTH_FAILED";
    case client::SessionState::expired:
    case client::SessionState::closed:
      return "CLOSED";
  }
  return "CLOSED";
}

/// Tells the queue of changes, but not that the first connection was made: nobody waits for that.
class StateReporter {
 public:
  explicit StateReporter(std::shared_ptr<EventQueue> events) : events_(std::move(events)) {}
  void operator()(const client::SessionEvent& event) {
    using client::SessionState;
    const bool was_connected =
        std::exchange(is_told_, is_told_ || event.state != SessionState::connecting);
    const bool is_news = was_connected ? event.state != SessionState::lost : is_end(event.state);
    if (is_news) events_->push(event.state);
  }

 private:
  std::shared_ptr<EventQueue> events_;
  bool is_told_ = false;
};

std::optional<std::string> check_words(const Command& command, const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positional();
  if (words.size() < command.words_min || words.size() > command.words_max)
    return usage_of(command);
  for (std::size_t i = 0; i < std::min(command.path_words, words.size()); ++i) {
    if (std::optional<std::string> problem = path_problem(words[i])) return problem;
  }
  return std::nullopt;
}

}  // namespace

Shell::Shell(ShellOptions options, Output& out)
    : options_(std::move(options)), out_(out), events_(std::make_shared<EventQueue>()) {
  watcher_ = client::make_watcher([events = events_](const client::WatchedEvent& event) {
    // The end of the session is told once, and not for each watch.
    if (event.type != client::EventType::watch_lost) events->push(event);
  });
}

Shell::~Shell() { close(); }

bool Shell::connect(const std::string& servers) {
  close();
  servers_ = servers;
  client::ClientOptions options;
  options.servers = servers;
  options.session_timeout = options_.timeout;
  options.auth = options_.auth;
  options.reply_bytes_max = options_.reply_bytes_max;
  // Its threads inherit the mask, so that signals are for the main thread only.
  const BlockedSignals blocked = BlockedSignals::all();
  auto opened = client::Client::open(std::move(options));
  if (!opened) {
    out_.failed(opened.error(), "");
    return false;
  }
  client_ = *std::move(opened);
  states_ = client_->add_state_listener(StateReporter(events_));
  return true;
}

void Shell::close() {
  states_.reset();
  client_.reset();
}

int Shell::run_line(const std::string& line, const client::CancelToken& cancel) {
  const Result<std::vector<std::string>, std::string> words = split_words(line);
  if (words && words->empty()) return status_ok;
  history_.push_back(line);
  return words ? run_words(*words, cancel) : out_.usage(words.error());
}

int Shell::run_words(const std::vector<std::string>& words, const client::CancelToken& cancel) {
  const Command* command = find_command(words.front());
  if (!command)
    return out_.usage(fmt::format("Command not found {}; 'help' lists all", words.front()));
  const auto arguments = Arguments::parse(command->options, std::span(words).subspan(1));
  if (!arguments) return out_.usage(fmt::format("{}\n{}", arguments.error(), usage_of(*command)));
  if (const std::optional<std::string> problem = check_words(*command, *arguments))
    return out_.usage(*problem);
  if (command->needs_client && !client_) {
    out_.failed(client::Error::client_closed, "");
    return status_not_connected;
  }
  Call call{*this, *arguments, out_, cancel};
  return command->run(call);
}

void Shell::print_events() {
  while (const std::optional<Event> event = events_->pop()) {
    if (!print_watches) continue;
    if (out_.is_json()) {
      out_.json(event_json(*event));
    } else {
      out_.text(event_text(*event));
    }
  }
  out_.flush();
}

std::string Shell::prompt() const {
  return fmt::format("[zk: {}({}) {}] ", servers_, prompt_state(client_.get()), history_.size());
}

}  // namespace paddock::shell
