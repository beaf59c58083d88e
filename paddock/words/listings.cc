// dump, wchc and wchp: sessions, ephemerals and watches, grouped as ZooKeeper groups them.

#include <fmt/format.h>

#include <cstdint>
#include <map>

#include "paddock/log.h"
#include "paddock/words/answers.h"

namespace paddock::words {

std::string dump(const ServerView& view) {
  std::map<std::int64_t, std::vector<SessionId>> expiries;
  for (const ExpiryView& entry : view.expiries) expiries[entry.expires_ms].push_back(entry.session);

  std::string text = fmt::format("SessionTracker dump:\nSession Sets ({})/({}):\n", expiries.size(),
                                 view.expiries.size());
  for (const auto& [expires_ms, sessions] : expiries) {
    text += fmt::format("{} expire at {}:\n", sessions.size(), date(expires_ms));
    for (const SessionId session : sessions) text += fmt::format("\t{}\n", session);
  }

  text += fmt::format("ephemeral nodes dump:\nSessions with Ephemerals ({}):\n",
                      view.ephemerals.size());
  for (const EphemeralView& entry : view.ephemerals) {
    text += fmt::format("{}:\n", entry.session);
    for (const std::string& path : entry.paths) text += fmt::format("\t{}\n", path);
  }

  std::map<std::int64_t, std::vector<const ConnectionView*>> connections;
  for (const ConnectionView& connection : view.connections)
    connections[connection.expires_ms].push_back(&connection);
  text += fmt::format("Connections dump:\nConnections Sets ({})/({}):\n", connections.size(),
                      view.connections.size());
  for (const auto& [expires_ms, members] : connections) {
    text += fmt::format("{} expire at {}:\n", members.size(), date(expires_ms));
    for (const ConnectionView* connection : members)
      text += fmt::format("\tip: /{} sessionId: {}\n", connection->peer, connection->session);
  }
  return text;
}

std::string wchc(const ServerView& view) {
  std::map<std::int64_t, std::vector<const std::string*>> by_session;
  for (const WatchView& watch : view.watches)
    by_session[watch.session.value].push_back(&watch.path);
  std::string text;
  for (const auto& [session, paths] : by_session) {
    text += fmt::format("{}\n", SessionId{session});
    for (const std::string* path : paths) text.append("\t").append(*path).append("\n");
  }
  return text + "\n";
}

std::string wchp(const ServerView& view) {
  std::map<std::string_view, std::vector<SessionId>> by_path;
  for (const WatchView& watch : view.watches) by_path[watch.path].push_back(watch.session);
  std::string text;
  for (const auto& [path, sessions] : by_path) {
    text.append(path).append("\n");
    for (const SessionId session : sessions) text += fmt::format("\t{}\n", session);
  }
  return text + "\n";
}

}  // namespace paddock::words
