#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "paddock/shell/text.h"
#include "recipes/client/session.h"
#include "recipes/client/types.h"

namespace paddock::shell {

using Event = std::variant<client::WatchedEvent, client::SessionState>;

/// Events on their way from the client's I/O thread to the shell's, which prints them.
/// Threads: any (a mutex); one waits.
class EventQueue {
 public:
  EventQueue();
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  void push(Event event);
  std::optional<Event> pop();
  /// Readable while the queue is not empty; -1 if the system gave none. Owned by the queue.
  int fd() const { return fd_; }

 private:
  std::mutex mutex_;
  std::deque<Event> events_;
  int fd_;
};

/// "NodeDataChanged", as Java's client spells it.
std::string_view event_type_name(client::EventType type);
/// "SyncConnected", "Disconnected", ...: Java's name for what a state means to a watcher.
std::string_view keeper_state_name(client::SessionState state);

/// "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDeleted path:/x\n", zkCli.sh's form.
std::string event_text(const Event& event);
Json event_json(const Event& event);

}  // namespace paddock::shell
