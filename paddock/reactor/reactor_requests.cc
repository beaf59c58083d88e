// The order of one connection's requests (R11), and where each goes.

#include "core/proto/connect_records.h"
#include "core/proto/names.h"
#include "paddock/log.h"
#include "paddock/reactor/lookahead.h"
#include "paddock/reactor/reactor.h"
#include "paddock/reactor/word_desk.h"
#include "paddock/words/word.h"

namespace paddock::reactor {
namespace {

/// Frames of one connection in a row; then others have their turn.
constexpr std::size_t frames_per_turn = 128;

enum class Route : std::uint8_t { write, core_read, own };

/// Who answers: the ordering core as a change, the ordering core as a read of what has no versions
/// (R18), or this reactor.
Route route_of(proto::OpCode op) {
  using proto::OpCode;
  // A switch over a few of many values: what is not named is this reactor's to answer or refuse.
  switch (static_cast<std::int32_t>(op)) {
    case static_cast<std::int32_t>(OpCode::create):
    case static_cast<std::int32_t>(OpCode::create2):
    case static_cast<std::int32_t>(OpCode::create_container):
    case static_cast<std::int32_t>(OpCode::create_ttl):
    case static_cast<std::int32_t>(OpCode::remove):
    case static_cast<std::int32_t>(OpCode::set_data):
    case static_cast<std::int32_t>(OpCode::set_acl):
    case static_cast<std::int32_t>(OpCode::multi):
    case static_cast<std::int32_t>(OpCode::close_session):
      return Route::write;
    case static_cast<std::int32_t>(OpCode::sync):
    case static_cast<std::int32_t>(OpCode::get_ephemerals):
      return Route::core_read;
    default:
      return Route::own;
  }
}

}  // namespace

void Reactor::serve(Client& client) {
  std::size_t budget = frames_per_turn;
  client.is_served = false;
  answered_ns_ = net::monotonic_ns();
  const auto frame_bytes_max = static_cast<std::int32_t>(server_.config.frame_bytes_max);
  Lookahead ahead(server_.state.trie(), frame_bytes_max);
  while (true) {
    if (client.phase == Client::Phase::closing || client.phase == Client::Phase::word) return;
    if (client.hold != Client::Hold::none) return;
    if (is_stopping_ || client.is_expiring) return;
    if (reads_too_slowly(client, 0)) {
      stats_.receive_pauses.add();
      return hold(client, Client::Hold::output);
    }
    const Bytes input = client.connection.input();
    if (client.is_ending) {
      client.connection.consume(input.size());
      return count_input(client);
    }
    if (budget-- == 0) return make_ready(client);
    if (client.phase == Client::Phase::first_bytes && !serve_first_bytes(client)) return;
    const proto::FrameSplit frame = proto::split_frame(input, frame_bytes_max);
    Taken taken = Taken::closed;
    switch (frame.kind) {
      case proto::FrameSplit::Kind::need_more:
        // A peer that has sent its last byte still gets the answers to what it asked.
        if (client.connection.input_ended() && client.outstanding.empty() && !client.is_connecting)
          close_after_answers(client);
        return;
      case proto::FrameSplit::Kind::bad_length:
        stats_.frames_too_large.add();
        if (auto more = malformed_.admit(now_ns_))
          log::info(
              "{}: closed, because a frame's length is {} (at most {} is allowed, "
              "jute.maxbuffer){}",
              client.connection.peer().address(),
              static_cast<std::int32_t>(load_be32(input.data())), frame_bytes_max,
              log::AndMore{*more});
        return close_after_answers(client);
      case proto::FrameSplit::Kind::complete:
        break;
    }
    if (client.phase == Client::Phase::handshake) {
      taken = connect(client, frame.body, frame.bytes);
    } else if (frame.body.size() < proto::request_header_bytes) {
      return close_after_answers(client);
    } else {
      ahead.go_on(input);
      Request request;
      request.xid = static_cast<std::int32_t>(load_be32(frame.body.data()));
      request.op = static_cast<OpCode>(load_be32(frame.body.data() + 4));
      request.body = frame.body.subspan(proto::request_header_bytes);
      request.frame_bytes = static_cast<std::uint32_t>(frame.bytes);
      taken = take_request(client, request);
    }
    if (taken != Taken::yes) return;
    client.connection.consume(frame.bytes);
    ahead.served(frame.bytes);
    client.is_served = true;
    count_input(client);
  }
}

/// A four-letter word, or else the length of a connect request. False: not now.
bool Reactor::serve_first_bytes(Client& client) {
  const Bytes input = client.connection.input();
  if (input.size() < proto::frame_header_bytes) {
    if (client.connection.input_ended()) close_now(client);
    return false;
  }
  const std::string_view name = as_text(input.first(proto::frame_header_bytes));
  if (!words::find_word(name)) {
    client.phase = Client::Phase::handshake;
    return true;
  }
  // stmk has eight bytes behind it.
  if (name == "stmk" && input.size() < 12 && !client.connection.input_ended()) return false;
  client.phase = Client::Phase::word;
  stats_.packets_received.add();
  server_.words->ask(index_, client.id, std::string(name), std::string(as_text(input.subspan(4))),
                     client.connection.peer().address());
  client.connection.consume(input.size());
  count_input(client);
  return false;
}

Reactor::Taken Reactor::take_request(Client& client, const Request& request) {
  Taken taken = Taken::yes;
  switch (route_of(request.op)) {
    case Route::write:
      taken = forward(client, request, ordering::CoreRequest::Kind::write);
      break;
    case Route::core_read:
      taken = forward(client, request, ordering::CoreRequest::Kind::read);
      break;
    case Route::own:
      if (!client.outstanding.empty()) {
        hold(client, Client::Hold::answers);
        return Taken::not_yet;
      }
      if (!fanout_.is_idle()) fanout_.flush_share(client);
      taken = serve_own(client, request);
      arena_.clear();
      break;
  }
  if (taken == Taken::not_yet) return taken;
  stats_.packets_received.add();
  ++client.counts.received;
  client.counts.last_xid = request.xid;
  client.counts.last_op = request.op;
  // Auth and sasl packets do not keep a session alive, in ZooKeeper as here.
  if (request.op != OpCode::auth && request.op != OpCode::sasl) touch(client);
  return taken;
}

Reactor::Taken Reactor::forward(Client& client, const Request& request,
                                ordering::CoreRequest::Kind kind) {
  if (outstanding_count_ >= outstanding_max_ && !client.outstanding.empty()) {
    stats_.receive_pauses.add();
    if (auto more = throttled_.admit(now_ns_))
      log::warn("{}: its requests wait, because {} are under way (globalOutstandingLimit){}",
                client.connection.peer().address(), outstanding_count_, log::AndMore{*more});
    hold(client, Client::Hold::throttle);
    return Taken::not_yet;
  }
  ordering::CoreRequest asked;
  asked.kind = kind;
  asked.reactor = index_;
  asked.connection = client.id;
  asked.op = request.op;
  asked.session = client.session;
  asked.owner_generation = client.owner_generation;
  asked.identities = &client.identities;
  asked.body = request.body;
  if (!submit(asked)) {
    hold(client, Client::Hold::core);
    return Taken::not_yet;
  }
  client.outstanding.push_back({request.xid, request.op, request.frame_bytes, client.arrived_ns});
  ++outstanding_count_;
  outstanding_bytes_ += request.frame_bytes;
  stats_.outstanding.set(static_cast<std::int64_t>(outstanding_count_));
  if (request.op == OpCode::close_session) client.is_ending = true;
  return Taken::yes;
}

/// To the ordering core: a call on its own reactor, a message from any other. False: not now (R4).
bool Reactor::submit(const ordering::CoreRequest& request) {
  if (is_core()) return server_.core.submit(request, wall_ms_);
  if (!server_.to_core[index_]->push(CoreMessage(request))) return false;
  Reactor& core = *server_.reactors[0];
  if (core.sleeper().claim_wake()) net::Loop::wake(*loop_, core.loop());
  return true;
}

Reactor::Taken Reactor::serve_own(Client& client, const Request& request) {
  switch (request.op) {
    case OpCode::ping: {
      Request ping = request;
      ping.xid = proto::xid_ping;  // whatever came
      reply(client, ping, ErrorCode::ok);
      return Taken::yes;
    }
    case OpCode::exists:
    case OpCode::get_data:
    case OpCode::get_acl:
    case OpCode::get_children:
    case OpCode::get_children2:
    case OpCode::get_all_children_number:
      return read(client, request);
    case OpCode::multi_read:
      return read_multi(client, request);
    case OpCode::set_watches:
    case OpCode::set_watches2:
      return set_watches(client, request);
    case OpCode::add_watch:
      return add_watch(client, request);
    case OpCode::check_watches:
    case OpCode::remove_watches:
      return check_or_remove_watches(client, request);
    case OpCode::auth:
      return auth(client, request);
    case OpCode::sasl:
      return sasl(client, request);
    case OpCode::who_am_i:
      return who_am_i(client, request);
    case OpCode::reconfig:
      return reconfig(client, request);
    case OpCode::create_session:  // the server's own; a client's has nothing to say
      reply(client, request, ErrorCode::marshalling_error);
      return Taken::yes;
    case OpCode::delete_container:  // the reaper's own
      reply(client, request, ErrorCode::bad_arguments);
      return Taken::yes;
    case OpCode::check:  // inside a multi only
    case OpCode::notification:
    case OpCode::error:
    case OpCode::create:
    case OpCode::create2:
    case OpCode::create_container:
    case OpCode::create_ttl:
    case OpCode::remove:
    case OpCode::set_data:
    case OpCode::set_acl:
    case OpCode::multi:
    case OpCode::close_session:
    case OpCode::sync:
    case OpCode::get_ephemerals:
      break;
  }
  // An unknown operation: -6 and the end of the connection.
  proto::append_bare_reply(client.connection.output(),
                           {request.xid, Zxid{-1}, ErrorCode::unimplemented});
  count_reply(client, request.op, Zxid{-1}, proto::frame_header_bytes + proto::reply_header_bytes,
              client.arrived_ns);
  close_after_answers(client);
  return Taken::closed;
}

void Reactor::reply(Client& client, const Request& request, ErrorCode err) {
  reply_with(client, request, [err](ByteBuffer&) { return err; });
}

void Reactor::count_reply(Client& client, OpCode op, Zxid zxid, std::size_t bytes,
                          std::int64_t arrived_ns) {
  make_dirty(client);
  const std::int64_t latency_ns = std::max<std::int64_t>(0, answered_ns_ - arrived_ns);
  stats_.count_reply(op, static_cast<std::int64_t>(bytes), latency_ns);
  ClientCounts& counts = client.counts;
  ++counts.sent;
  if (zxid.value > 0) counts.last_zxid = zxid;
  counts.last_response_ms = answered_ns_ / 1'000'000;
  counts.last_latency_ns = latency_ns;
  if (counts.latency_count == 0 || latency_ns < counts.min_latency_ns)
    counts.min_latency_ns = latency_ns;
  counts.max_latency_ns = std::max(counts.max_latency_ns, latency_ns);
  counts.total_latency_ns += latency_ns;
  ++counts.latency_count;
}

}  // namespace paddock::reactor
