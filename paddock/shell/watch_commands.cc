#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <optional>

#include "paddock/shell/shell.h"
#include "paddock/shell/signals.h"

/// Commands about events.
namespace paddock::shell {
namespace {

using client::AddWatchMode;
using client::Error;
using client::EventType;
using client::WatcherType;

int add_watch(Call& call) {
  const std::string mode(call.arguments.value("m").value_or("PERSISTENT_RECURSIVE"));
  if (mode != "PERSISTENT" && mode != "PERSISTENT_RECURSIVE")
    return call.out.usage(usage_of(*find_command("addWatch")));
  const auto added = call.wait(call.client().add_watch(
      call.word(0),
      mode == "PERSISTENT" ? AddWatchMode::persistent : AddWatchMode::persistent_recursive,
      call.shell.watcher()));
  return added ? status_ok : call.out.failed(added.error(), call.word(0));
}

struct Removal {
  WatcherType type;
  std::string_view event;  ///< what zkCli.sh prints of it
};
constexpr Removal removals[] = {{WatcherType::data, "DataWatchRemoved"},
                                {WatcherType::children, "ChildWatchRemoved"},
                                {WatcherType::any, "PersistentWatchRemoved"}};

/// Removes one kind: true if there was one.
client::Expected<bool> remove_kind(const Call& call, WatcherType type) {
  const auto removed =
      call.wait(call.client().remove_watches(call.word(0), type, call.shell.watcher()));
  if (removed) return true;
  if (removed.error() == Error::no_watcher) return false;
  return tl::unexpected(removed.error());
}

int remove_watches(Call& call) {
  if (call.has("c") && call.has("d"))
    return call.out.usage(usage_of(*find_command("removewatches")));
  bool was_any = false;
  for (const Removal& removal : removals) {
    if (call.has("d") && removal.type != WatcherType::data) continue;
    if (call.has("c") && removal.type != WatcherType::children) continue;
    // One kind after the other, to know which to tell of.
    const client::Expected<bool> removed = remove_kind(call, removal.type);
    if (!removed) return call.out.failed(removed.error(), call.word(0));
    if (!*removed) continue;
    was_any = true;
    if (!call.shell.print_watches) continue;
    if (call.out.is_json()) {
      call.out.json({{"event", removal.event}, {"path", call.word(0)}});
    } else {
      call.out.text(fmt::format("\nWATCHER::\n\nWatchedEvent state:SyncConnected type:{} path:{}\n",
                                removal.event, call.word(0)));
    }
  }
  return was_any ? status_ok : call.out.failed(Error::no_watcher, call.word(0));
}

int print_watches(Call& call) {
  bool& is_on = call.shell.print_watches;
  if (call.word_count() > 0) {
    is_on = call.word(0) == "on";
  } else if (call.out.is_json()) {
    call.out.json(Json::object({{"printwatches", is_on}}));
  } else {
    call.out.line(fmt::format("printwatches is {}", is_on ? "on" : "off"));
  }
  return status_ok;
}

/// Prints the events of `watch`.
class Follower {
 public:
  explicit Follower(Call& call) : call_(call) {}

  void print(const client::WatchedEvent& event) {
    const bool has_data =
        event.type == EventType::node_created || event.type == EventType::node_data_changed;
    std::optional<client::NodeData> node;
    if (call_.has("d") && has_data) {
      auto read = call_.wait(call_.client().get_data(event.path));
      if (read) node = *std::move(read);  // it may be gone again: there is an event of that too
    }
    if (call_.out.is_json()) {
      Json json = event_json(event);
      if (node) set_data(json, node->data, node->is_null);
      call_.out.json(json);
    } else {
      const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
      call_.out.line(fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {} {}", fmt::gmtime(now),
                                 event_type_name(event.type), event.path));
      if (node) call_.out.line(node->data);
    }
    call_.out.flush();
  }

 private:
  Call& call_;
};

/// Until there is an event: false at Ctrl-C.
bool await_event(const EventQueue& events, const SignalQueue& signals) {
  std::array<pollfd, 2> fds = {{{events.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
  while (::poll(fds.data(), fds.size(), -1) < 0) {
  }
  return (fds[1].revents & POLLIN) == 0;
}

/// What a change of the session means to who follows a node; a status ends it.
std::optional<int> on_session(Call& call, client::SessionState state) {
  using client::SessionState;
  if (is_end(state)) return call.out.failed(Error::session_expired, "");
  if (call.out.is_json()) call.out.json(event_json(state));
  call.out.note(state == SessionState::connected
                    ? "Connected again: changes made meanwhile may not have been told"
                    : "Disconnected");
  call.out.flush();
  return std::nullopt;
}

int watch(Call& call) {
  const std::string& path = call.word(0);
  const auto limit = call.arguments.number("n", 1, INT64_MAX);
  if (!limit) return call.out.usage(limit.error());
  SignalQueue signals({SIGINT, SIGTERM, SIGHUP});
  call.shell.print_events();  // what was there before is not of this watch
  const client::Watcher watcher = client::make_watcher(
      [events = call.shell.shared_events()](const client::WatchedEvent& event) {
        if (event.type != EventType::watch_lost) events->push(event);
      });
  const auto mode = call.has("R") ? AddWatchMode::persistent_recursive : AddWatchMode::persistent;
  const auto added = call.wait(call.client().add_watch(path, mode, watcher));
  if (!added) return call.out.failed(added.error(), path);
  call.out.note(fmt::format("Watching {}; Ctrl-C ends it", path));
  Follower follower(call);
  std::int64_t left = limit->value_or(INT64_MAX);
  int status = status_ok;
  while (left > 0) {
    if (!await_event(call.shell.events(), signals)) break;
    const std::optional<Event> event = call.shell.events().pop();
    if (!event) continue;
    if (const auto* watched = std::get_if<client::WatchedEvent>(&*event)) {
      follower.print(*watched);
      --left;
    } else if (const auto end = on_session(call, std::get<client::SessionState>(*event))) {
      status = *end;
      break;
    }
  }
  const auto type = call.has("R") ? WatcherType::persistent_recursive : WatcherType::persistent;
  call.client().remove_watches(path, type, watcher);
  return status;
}

}  // namespace

std::vector<Command> watch_commands() {
  return {
      {.name = "addWatch",
       .usage = "[-m mode] path",
       .summary = "Print every change of a node, and of what is below it, until removewatches",
       .details = "-m  PERSISTENT (the node and its list of children) or PERSISTENT_RECURSIVE\n"
                  "    (the node and everything below it, the default)",
       .options = {{"m", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = add_watch},
      {.name = "removewatches",
       .usage = "path [-c|-d|-a] [-l]",
       .summary = "Remove the watches of this session from a path",
       .details = "-c  child watches only (ls -w)\n"
                  "-d  data watches only (get -w, stat -w)\n"
                  "-a  all, the default\n"
                  "-l  accepted for zkCli.sh's sake, without effect",
       .options = {{"c"}, {"d"}, {"a"}, {"l"}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = remove_watches},
      {.name = "printwatches",
       .usage = "on|off",
       .summary = "Print events or not; without a word, tell which",
       .words_max = 1,
       .needs_client = false,
       .run = print_watches},
      {.name = "watch",
       .usage = "[-R] [-d] [-n count] path",
       .summary = "Follow the changes of a node, one line an event",
       .details = "-R  of everything below the node as well\n"
                  "-d  print the data too when a node was created or its data changed\n"
                  "-n  end after that many events; otherwise Ctrl-C ends it\n"
                  "The node need not exist yet. The data is read after the event: of two quick\n"
                  "changes the last may show twice.",
       .options = {{"R"}, {"d"}, {"n", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .takes_signals = true,
       .run = watch},
  };
}

}  // namespace paddock::shell
