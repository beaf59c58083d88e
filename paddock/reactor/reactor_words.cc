// A reactor's part of the four-letter words.

#include "paddock/reactor/reactor.h"

namespace paddock::reactor {

void Reactor::fill_part(ViewPart& part, words::Part parts, ordering::ConnectionId asker) {
  words::ServerView& view = part.view;
  const bool wants_connections = words::has(parts, words::Part::connections);
  const bool wants_watches = words::has(parts, words::Part::watches);
  const bool wants_sessions = words::has(parts, words::Part::sessions);
  const bool wants_counts = words::has(parts, words::Part::watch_counts);
  clients_.for_each([&](Client& client) {
    if (client.phase == Client::Phase::closing) return;
    // Deadlines are on the session clock; shown on the wall's.
    const std::int64_t expires_ms = wall_ms_ + client.deadline.expires_ms - clock_.now_ms();
    if (wants_connections) {
      words::ConnectionView& shown = view.connections.emplace_back();
      shown.peer = client.connection.peer().address_and_port();
      shown.interest = client.id == asker ? 0
                                          : (client.connection.is_receiving() ? 1 : 0) |
                                                (client.connection.output_bytes() != 0 ? 4 : 0);
      shown.queued = static_cast<std::int64_t>(client.outstanding.size());
      const ClientCounts& counts = client.counts;
      shown.received = counts.received + (client.phase == Client::Phase::word ? 1 : 0);
      shown.sent = counts.sent;
      shown.session = client.session;
      shown.last_op = counts.last_op;
      shown.established_ms = client.established_ms;
      shown.timeout_ms = client.timeout_ms;
      shown.last_xid = counts.last_xid;
      shown.last_zxid = counts.last_zxid;
      shown.last_response_ms = counts.last_response_ms;
      shown.last_latency_ns = counts.last_latency_ns;
      shown.min_latency_ns = counts.min_latency_ns;
      shown.max_latency_ns = counts.max_latency_ns;
      shown.total_latency_ns = counts.total_latency_ns;
      shown.latency_count = counts.latency_count;
      shown.expires_ms = expires_ms;
    }
    if (wants_sessions && client.session.value != 0)
      view.expiries.push_back({expires_ms, client.session});
    bool watches_data = false;
    if (wants_watches || wants_counts) {
      watches_.visit(client.watches, [&](const WatchTable::Watch& watch) {
        if ((watch.bits & watch_data_table) == 0) return;
        watches_data = true;
        if (wants_watches)
          view.watches.push_back({client.session, std::string(watches_.text(watch.path))});
        if (wants_counts)
          part.watched_paths.push_back(WatchTable::hash_of(watches_.text(watch.path)));
      });
    }
    if (watches_data) ++view.watching_connections;
  });
}

void Reactor::reset_connection_counts() {
  clients_.for_each([](Client& client) { client.counts = {}; });
}

void Reactor::answer_word(ordering::ConnectionId asker, const std::optional<std::string>& text) {
  Client* client = clients_.find(asker);
  if (client == nullptr || client->phase == Client::Phase::closing) return;
  if (text) client->connection.output().append(as_bytes(*text));
  close_after_answers(*client);
}

}  // namespace paddock::reactor
