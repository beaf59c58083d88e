// How connections begin and end, and the bounds on what they hold.

#include <algorithm>

#include "paddock/log.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {
namespace {

/// Least bound of one connection's unconsumed input; more when a single frame may be larger.
constexpr std::uint32_t input_bytes_least = 2u << 20;
/// So much of one connection's input is taken whatever the others have filled inFlightBytesMax
/// with: their pings and most requests.
constexpr std::size_t input_share_bytes = 64u << 10;

}  // namespace

void Client::input_arrived(net::Connection&) { owner.input_arrived(*this); }
void Client::output_sent(net::Connection&) { owner.output_sent(*this); }
void Client::closed(net::Connection&, int error) { owner.connection_closed(*this, error); }

void Reactor::take_socket(int socket, const net::PeerAddress& from) {
  const auto frame_bytes = static_cast<std::uint32_t>(server_.config.frame_bytes_max) + 4;
  const net::Connection::Limits limits{
      .input_bytes_max = std::max(input_bytes_least, frame_bytes),
      .keepalive = server_.config.tcp_keep_alive,
  };
  Client& client = clients_.add(*this, *loop_, socket, limits);
  client.admitted_from = from;
  stats_.connections.add();
  stats_.accepted.add();
  client.established_ms = wall_ms_;
  client.identities =
      std::make_shared<const core::IdentitySet>(core::IdentitySet{{"ip", from.address()}});
  client.connection.start_receive();
  if (is_stopping_) return close_now(client);
  deadlines_.arm(client.deadline, clock_.now_ms(), server_.config.handshake_timeout_ms);
}

void Reactor::make_ready(Client& client) {
  if (client.is_ready) return;
  client.is_ready = true;
  ready_.push_back(client.id);
}

void Reactor::make_dirty(Client& client) {
  if (client.is_dirty) return;
  client.is_dirty = true;
  dirty_.push_back(client.id);
}

void Reactor::hold(Client& client, Client::Hold why) {
  client.hold = why;
  if (why == Client::Hold::core) held_by_core_.push_back(client.id);
  if (why == Client::Hold::throttle) held_by_throttle_.push_back(client.id);
  if (why == Client::Hold::slice && !(slice_ && slice_->id == client.id))
    held_by_slice_.push_back(client.id);
}

void Reactor::release_held(std::deque<ordering::ConnectionId>& held) {
  for (; !held.empty(); held.pop_front()) {
    Client* client = clients_.find(held.front());
    if (client == nullptr) continue;
    client->hold = Client::Hold::none;
    make_ready(*client);
  }
}

/// Those that the core did not take, oldest first, until it refuses again. Who got nothing keeps
/// its place; who got something goes behind the others, so that a client which fills a batch by
/// itself, turn by turn, starves nobody.
void Reactor::retry_core() {
  while (!held_by_core_.empty()) {
    const ordering::ConnectionId id = held_by_core_.front();
    held_by_core_.pop_front();
    Client* client = clients_.find(id);
    if (client == nullptr) continue;
    client->hold = Client::Hold::none;
    serve(*client);
    if (client->hold != Client::Hold::core) continue;
    if (client->is_served) return;
    held_by_core_.pop_back();  // where hold() put it
    held_by_core_.push_front(id);
    return;
  }
}

void Reactor::input_arrived(Client& client) {
  if (client.phase == Client::Phase::closing) return;
  if (client.input_counted == 0) client.arrived_ns = loop_->now_ns();
  count_input(client);
  if (input_bytes_ > in_flight_bytes_max_ && client.input_counted > input_share_bytes &&
      !client.is_paused_for_bytes) {
    client.is_paused_for_bytes = true;
    client.connection.pause_receive();
    paused_.push_back(client.id);
    stats_.receive_pauses.add();
  }
  if (client.hold == Client::Hold::none || client.connection.input_ended()) make_ready(client);
}

/// Brings the sum of unconsumed bytes up to what this connection has now.
void Reactor::count_input(Client& client) {
  const std::size_t now =
      client.phase == Client::Phase::closing ? 0 : client.connection.input().size();
  input_bytes_ += now - client.input_counted;
  if (now > client.input_counted)
    stats_.bytes_received.add(static_cast<std::int64_t>(now - client.input_counted));
  client.input_counted = now;
  stats_.in_flight_bytes.set(static_cast<std::int64_t>(input_bytes_ + outstanding_bytes_));
}

/// Those go on that have been served what they have sent, even if the others' bytes stay.
void Reactor::resume_paused() {
  if (paused_.empty()) return;
  const bool all_may = input_bytes_ <= in_flight_bytes_max_ / 2;
  std::erase_if(paused_, [&](ordering::ConnectionId id) {
    Client* client = clients_.find(id);
    if (client == nullptr || client->phase == Client::Phase::closing) return true;
    if (!all_may && client->input_counted > input_share_bytes / 2) return false;
    client->is_paused_for_bytes = false;
    client->connection.start_receive();
    return true;
  });
}

void Reactor::output_sent(Client& client) {
  count_output(client);
  if (client.connection.output_bytes() == 0) client.large_reply_bytes = 0;
  if (client.hold != Client::Hold::output) return;
  touch(client);  // it reads: that it is not served meanwhile is no reason to expire it
  if (!reads_too_slowly(client, 0)) {
    client.hold = Client::Hold::none;
    make_ready(client);
  }
}

/// Brings the sum of unsent bytes up to what this connection has now.
void Reactor::count_output(Client& client) {
  const std::size_t now = client.connection.output_bytes();
  output_bytes_ += now - client.output_counted;
  if (now < client.output_counted)
    stats_.bytes_sent.add(static_cast<std::int64_t>(client.output_counted - now));
  client.output_counted = now;
  stats_.output_bytes.set(static_cast<std::int64_t>(output_bytes_));
}

/// Whether a client should read before it is answered more.
bool Reactor::reads_too_slowly(const Client& client, std::size_t more) const {
  const auto bound = static_cast<std::size_t>(server_.config.output_bytes_max) / 2;
  return client.connection.output_bytes() + more > std::min(output_pause_bytes, bound);
}

/// Closes those whose events have come to more than may be kept for them, and when all together
/// have too much, those that have most.
void Reactor::close_slow() {
  if (output_bytes_ > output_bytes_total_max_) {
    std::vector<Client*> largest;
    clients_.for_each([&](Client& client) {
      if (client.connection.output_bytes() != 0 && client.phase != Client::Phase::closing)
        largest.push_back(&client);
    });
    std::sort(largest.begin(), largest.end(), [](const Client* a, const Client* b) {
      return a->connection.output_bytes() > b->connection.output_bytes();
    });
    std::size_t left = output_bytes_;
    for (Client* client : largest) {
      if (left <= output_bytes_total_max_ / 2) break;
      left -= std::min(left, client->connection.output_bytes());
      client->is_slow = true;
      slow_.push_back(client->id);
    }
  }
  for (const ordering::ConnectionId id : slow_) {
    Client* client = clients_.find(id);
    if (client == nullptr || client->phase == Client::Phase::closing) continue;
    stats_.slow_readers_closed.add();
    if (auto more = slow_readers_.admit(now_ns_))
      log::warn("session {} of {}: closed, because it has {} bytes unread{}", client->session,
                client->connection.peer().address(), client->connection.output_bytes(),
                log::AndMore{*more});
    close_now(*client);
  }
  slow_.clear();
}

// --- The end.

/// Its watches go, its session is the core's again; what it still asked for is not answered.
void Reactor::begin_closing(Client& client) {
  if (client.phase == Client::Phase::closing) return;
  if (slice_ && slice_->id == client.id) finish_slice(nullptr);
  if (client.session.value != 0) {
    const std::int64_t remaining_ms = client.deadline.expires_ms - clock_.now_ms();
    detach(client.session, client.owner_generation, std::max<std::int64_t>(0, remaining_ms));
    stats_.sessions.sub();
    client.session = SessionId{};
  }
  client.phase = Client::Phase::closing;
  count_input(client);
  if (client.deadline.is_armed()) deadlines_.remove(client.deadline);
  watches_.remove_all(client.id.index, client.watches);
  count_watches();
  for (; !client.outstanding.empty(); client.outstanding.pop_front()) {
    outstanding_bytes_ -= client.outstanding.front().bytes;
    --outstanding_count_;
  }
  stats_.outstanding.set(static_cast<std::int64_t>(outstanding_count_));
  client.deferred_events.release();
}

void Reactor::close_now(Client& client) {
  begin_closing(client);
  client.connection.close();
}

/// What is in its output still leaves.
void Reactor::close_after_answers(Client& client) {
  begin_closing(client);
  client.connection.close_after_flush();
  count_output(client);
}

void Reactor::connection_closed(Client& client, int error) {
  if (error != 0)
    log::debug("session {} of {}: the connection failed: {}", client.session,
               client.connection.peer().address(), std::strerror(error));
  begin_closing(client);
  output_bytes_ -= client.output_counted;
  stats_.output_bytes.set(static_cast<std::int64_t>(output_bytes_));
  stats_.connections.sub();
  server_.limits.leave(client.admitted_from.bytes(), index_);
  clients_.remove(client);
}

}  // namespace paddock::reactor
