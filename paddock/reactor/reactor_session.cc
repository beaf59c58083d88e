// Handshakes, the deadlines of attached sessions (R15), and handing sessions back to the core
// (R14).

#include <algorithm>

#include "core/proto/connect_records.h"
#include "paddock/log.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {
namespace {

constexpr std::size_t expiries_per_turn = 16;

}  // namespace

Reactor::Taken Reactor::connect(Client& client, Bytes body, std::size_t frame_bytes) {
  if (client.is_connecting) {
    hold(client, Client::Hold::answers);
    return Taken::not_yet;
  }
  const Result<proto::ConnectRequest, proto::DecodeError> decoded =
      proto::decode_connect_request(body);
  // A zxid that we have not had: the client has seen a state that this server never will.
  if (!decoded || decoded->last_zxid_seen > snapshot_) {
    stats_.handshakes_failed.add();
    if (auto more = malformed_.admit(now_ns_))
      log::info("{}: closed, because its connect request {}{}", client.connection.peer().address(),
                decoded ? "has seen a zxid from the future" : "is malformed", log::AndMore{*more});
    close_after_answers(client);
    return Taken::closed;
  }
  ordering::CoreRequest asked;
  asked.reactor = index_;
  asked.connection = client.id;
  asked.session = decoded->session;
  const std::int64_t timeout_ms =
      std::clamp<std::int64_t>(decoded->timeout_ms, server_.config.session_timeout_ms_min,
                               server_.config.session_timeout_ms_max);
  asked.timeout_ms = static_cast<std::int32_t>(timeout_ms);
  client.is_resuming = decoded->session.value != 0;
  if (client.is_resuming) {
    asked.kind = ordering::CoreRequest::Kind::resume_session;
    asked.password = decoded->password.value_or(Bytes{});
  } else {
    asked.kind = ordering::CoreRequest::Kind::open_session;
  }
  if (!submit(asked)) {
    hold(client, Client::Hold::core);
    return Taken::not_yet;
  }
  client.is_connecting = true;
  client.has_read_only_byte = decoded->has_read_only;
  client.outstanding.push_back(
      {0, OpCode::create_session, static_cast<std::uint32_t>(frame_bytes), client.arrived_ns});
  ++outstanding_count_;
  outstanding_bytes_ += frame_bytes;
  stats_.packets_received.add();
  ++client.counts.received;
  return Taken::yes;
}

/// `client` is null when it has gone meanwhile: then its session is nobody's.
void Reactor::connect_accepted(Client* client, const ordering::FeedSlot& slot,
                               const ordering::FeedRecord& record) {
  if (client == nullptr || client->phase == Client::Phase::closing)
    return detach(record.session, record.owner_generation, record.timeout_ms);
  client->session = record.session;
  client->owner_generation = record.owner_generation;
  client->timeout_ms = record.timeout_ms;
  client->phase = Client::Phase::serving;
  client->is_connecting = false;
  deadlines_.arm(client->deadline, clock_.now_ms(), record.timeout_ms);
  stats_.sessions.add();
  client->counts.last_op = OpCode::create_session;
  const proto::ConnectResponse response{
      .timeout_ms = record.timeout_ms,
      .session = record.session,
      .password = slot.body(record),
      .has_read_only = client->has_read_only_byte,
  };
  ByteBuffer& out = client->connection.output();
  const proto::FrameStart start = proto::begin_frame(out);
  proto::encode_connect_response(response, out);
  proto::end_frame(out, start);
  count_reply(*client, OpCode::create_session, record.zxid, out.size() - start.offset,
              client->arrived_ns);
  if (auto more = opened_.admit(now_ns_))
    log::info("session {} {} by {}, timeout {} ms{}", record.session,
              client->is_resuming ? "resumed" : "opened",
              client->connection.peer().address_and_port(), record.timeout_ms, log::AndMore{*more});
}

void Reactor::connect_refused(Client& client) {
  static constexpr std::byte zeros[proto::password_bytes] = {};
  const proto::ConnectResponse response{.password = Bytes(zeros),
                                        .has_read_only = client.has_read_only_byte};
  ByteBuffer& out = client.connection.output();
  const proto::FrameStart start = proto::begin_frame(out);
  proto::encode_connect_response(response, out);
  proto::end_frame(out, start);
  stats_.handshakes_failed.add();
  stats_.packets_sent.add();
  if (auto more = refused_.admit(now_ns_))
    log::info("{}: its session is refused: unknown, over, or with another password{}",
              client.connection.peer().address(), log::AndMore{*more});
  close_after_answers(client);
}

void Reactor::detach(SessionId session, std::uint64_t generation, std::int64_t remaining_ms) {
  ordering::CoreRequest request;
  request.kind = ordering::CoreRequest::Kind::detach_session;
  request.reactor = index_;
  request.session = session;
  request.owner_generation = generation;
  request.remaining_ms = remaining_ms;
  if (!detaches_.empty() || !submit(request)) detaches_.push_back(request);
}

void Reactor::retry_detaches() {
  while (!detaches_.empty() && submit(detaches_.front())) detaches_.pop_front();
}

void Reactor::touch(Client& client) {
  if (client.deadline.is_armed())
    deadlines_.touch(client.deadline, clock_.now_ms(), client.timeout_ms);
}

/// A client whose request has come and has not been looked at is alive, however long ago it came:
/// in the input or still in the kernel (R15). Not one that is not looked at because it does not
/// read, or sends more than it may.
bool Reactor::has_unserved_request(const Client& client) const {
  if (client.hold == Client::Hold::output || client.is_paused_for_bytes) return false;
  const proto::FrameSplit frame = proto::split_frame(
      client.connection.input(), static_cast<std::int32_t>(server_.config.frame_bytes_max));
  return frame.kind == proto::FrameSplit::Kind::complete || client.connection.has_unread_input();
}

void Reactor::expire_due() {
  deadlines_.expire(clock_.now_ms(), [&](ordering::SessionDeadlines::Entry& entry) {
    Client& client = *static_cast<Client::Deadline&>(entry).client;
    if (client.session.value == 0) {
      // The core may be waiting for the disk with its answer; the client is not to blame then.
      if (client.is_connecting)
        return deadlines_.arm(client.deadline, clock_.now_ms(),
                              server_.config.handshake_timeout_ms);
      stats_.handshakes_expired.add();
      return close_now(client);
    }
    // On a full disk nothing expires (R20). An expiry that the core refused when the disk filled is
    // asked for again from here.
    if (server_.core.is_read_only() || has_unserved_request(client)) {
      client.is_expiring = false;
      make_ready(client);
      return deadlines_.arm(client.deadline, clock_.now_ms(), client.timeout_ms);
    }
    deadlines_.arm(client.deadline, clock_.now_ms(), 0);
    client.is_expiring = true;
    expiring_.push_back(client.id);
  });
  // Many may come due at once; a turn takes a share of them, so that others go on meanwhile.
  is_expiry_blocked_ = false;
  for (std::size_t i = 0; i < expiries_per_turn && !expiring_.empty(); ++i) {
    Client* client = clients_.find(expiring_.front());
    if (client != nullptr && client->is_expiring && !ask_to_expire(*client)) {
      is_expiry_blocked_ = true;
      return;
    }
    expiring_.pop_front();
  }
}

/// False: the core does not take it now.
bool Reactor::ask_to_expire(Client& client) {
  ordering::CoreRequest request;
  request.kind = ordering::CoreRequest::Kind::expire_session;
  request.reactor = index_;
  request.connection = client.id;
  request.session = client.session;
  request.owner_generation = client.owner_generation;
  return submit(request);
}

}  // namespace paddock::reactor
