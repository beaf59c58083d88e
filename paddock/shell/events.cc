#include "paddock/shell/events.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace paddock::shell {

using client::EventType;
using client::SessionState;

EventQueue::EventQueue() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
EventQueue::~EventQueue() {
  if (fd_ >= 0) ::close(fd_);
}

void EventQueue::push(Event event) {
  std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  const std::uint64_t one = 1;
  // Without a descriptor the event waits for the next look at the queue.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof(one));
}

std::optional<Event> EventQueue::pop() {
  std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  if (events_.empty()) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof(count));
  }
  return event;
}

std::string_view event_type_name(EventType type) {
  switch (type) {
    case EventType::node_created:
      return "NodeCreated";
    case EventType::node_deleted:
      return "NodeDeleted";
    case EventType::node_data_changed:
      return "NodeDataChanged";
    case EventType::node_children_changed:
      return "NodeChildrenChanged";
    case EventType::watch_lost:
      return "WatchLost";
  }
  return "None";
}

std::string_view keeper_state_name(SessionState state) {
  switch (state) {
    case SessionState::connected:
      return "SyncConnected";
    case SessionState::connecting:
    case SessionState::suspended:
    case SessionState::lost:
      return "Disconnected";
    case SessionState::expired:
      return "Expired";
    case SessionState::auth_failed:
      return "AuthFailed";
    case SessionState::closed:
      return "Closed";
  }
  return "Unknown";
}

std::string event_text(const Event& event) {
  constexpr std::string_view form = "\nWATCHER::\n\nWatchedEvent state:{} type:{} path:{}\n";
  if (const auto* state = std::get_if<SessionState>(&event))
    return fmt::format(form, keeper_state_name(*state), "None", "null");
  const auto& watched = std::get<client::WatchedEvent>(event);
  return fmt::format(form, "SyncConnected", event_type_name(watched.type), watched.path);
}

Json event_json(const Event& event) {
  if (const auto* state = std::get_if<SessionState>(&event))
    return {{"event", "None"}, {"state", keeper_state_name(*state)}};
  const auto& watched = std::get<client::WatchedEvent>(event);
  Json json{{"event", event_type_name(watched.type)}, {"path", watched.path}};
  if (watched.zxid.value >= 0) json["zxid"] = hex(watched.zxid.value);
  return json;
}

}  // namespace paddock::shell
