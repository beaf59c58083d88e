#include <algorithm>
#include <limits>

#include "core/proto/frame.h"
#include "core/proto/records.h"
#include "recipes/client/chroot.h"
#include "recipes/client/engine.h"

/// What comes from the server. Nothing of it is trusted: what makes no sense ends the connection.
namespace paddock::client {
namespace {

/// A gathered frame's memory beyond this is given back.
constexpr std::size_t input_bytes_kept = 256 * 1024;

}  // namespace

void Engine::received(Bytes bytes, TimePoint now) {
  if (phase_ != Phase::handshaking && phase_ != Phase::connected) return;
  // After a pause of our own the session may be gone, whatever is still in the socket: those who
  // hold something must hear of that before any reply.
  if (phase_ == Phase::connected && now >= valid_until_) return drop(now);
  last_received_ = now;
  ByteBuffer gathered;
  gathered.swap(input_);
  const bool was_partial = !gathered.empty();
  if (was_partial) gathered.append(bytes);
  Bytes run = was_partial ? gathered.bytes() : bytes;
  const auto frame_bytes_max = static_cast<std::int32_t>(
      std::min<std::size_t>(options_.reply_bytes_max, std::numeric_limits<std::int32_t>::max()));
  const std::uint64_t attempt = attempt_;
  for (;;) {
    const proto::FrameSplit split = proto::split_frame(run, frame_bytes_max);
    if (split.kind == proto::FrameSplit::Kind::need_more) break;
    const bool is_sound = split.kind == proto::FrameSplit::Kind::complete &&
                          (phase_ == Phase::handshaking ? take_handshake(split.body, now)
                                                        : take_frame(split.body, now));
    if (!wanted() || attempt_ != attempt) return;  // the connection is over
    if (!is_sound) return drop(now);
    run = run.subspan(split.bytes);
  }
  // What is left is the start of a frame.
  if (run.empty()) {
    gathered.clear();
    if (gathered.capacity() <= input_bytes_kept) input_.swap(gathered);
  } else if (was_partial && run.size() == gathered.size()) {
    input_.swap(gathered);
  } else {
    input_.append(run);
  }
  pump(now);
}

bool Engine::take_frame(Bytes frame, TimePoint now) {
  proto::Reader in(frame);
  proto::ReplyHeader header;
  in.read(header);
  if (!in.ok()) return false;
  if (header.xid == proto::xid_notification) return take_notification(header, in.rest());
  if (header.zxid.value > 0) last_zxid_ = std::max(last_zxid_, header.zxid);
  if (header.xid == xid_auth) return take_auth_reply(header, now);
  failed_attempts_ = 0;
  slow_attempts_ = 0;
  if (header.xid == proto::xid_ping) {
    if (!ping_sent_at_) return false;
    answered(*ping_sent_at_);
    ping_sent_at_.reset();
    return true;
  }
  if (header.xid == xid_set_watches) return take_set_watches_reply(header);
  return take_reply(header, in.rest(), now);
}

void Engine::answered(TimePoint sent_at) {
  valid_until_ = std::max(valid_until_, sent_at + timeout_);
}

bool Engine::take_notification(const proto::ReplyHeader& header, Bytes body) {
  proto::TextArena arena;
  proto::Reader in(body, &arena);
  proto::WatcherEvent event;
  in.read(event);
  if (!in.ok() || !event.path) return false;
  const auto type = static_cast<EventType>(event.type);
  if (type < EventType::node_created || type > EventType::node_children_changed) return true;
  const std::vector<Watcher> watchers = watches_.take(type, *event.path);
  if (watchers.empty()) return true;
  const WatchedEvent told{
      .type = type, .path = client_path(*event.path, options_.chroot), .zxid = header.zxid};
  for (const Watcher& watcher : watchers) (*watcher)(told);
  return true;
}

bool Engine::take_auth_reply(const proto::ReplyHeader& header, TimePoint) {
  if (auths_in_flight_.empty()) return false;
  Auth& auth = auths_[auths_in_flight_.front()];
  auths_in_flight_.pop_front();
  if (header.err != proto::ErrorCode::ok) {
    end(SessionState::auth_failed, Error::auth_failed);
    return true;
  }
  if (auth.done) std::exchange(auth.done, {})(Error::ok);
  return true;
}

bool Engine::take_set_watches_reply(const proto::ReplyHeader& header) {
  if (set_watches_in_flight_ == 0) return false;
  --set_watches_in_flight_;
  // A server that cannot do it will never tell of these watches, so their watchers must know.
  if (header.err != proto::ErrorCode::ok) lose_watches();
  return true;
}

bool Engine::take_reply(const proto::ReplyHeader& header, Bytes body, TimePoint) {
  // Replies come in the order of the requests.
  if (in_flight_.empty() || in_flight_.front().xid != header.xid) return false;
  InFlight sent = std::move(in_flight_.front());
  in_flight_.pop_front();
  answered(sent.sent_at);
  const auto error = static_cast<Error>(header.err);
  if (sent.request.op == proto::OpCode::close_session) {
    end(SessionState::closed, Error::client_closed);
    return true;
  }
  if (sent.request.watch && !sent.request.is_given_up()) register_watch(*sent.request.watch, error);
  return sent.request.done({.error = error, .zxid = header.zxid, .body = body});
}

void Engine::register_watch(const WatchOrder& order, Error error) {
  using Read = WatchOrder::Read;
  if (order.read == Read::exists && error == Error::no_node)
    return watches_.add(WatchKind::exist, order.path, order.watcher);
  if (error != Error::ok) return;
  switch (order.read) {
    case Read::data:
    case Read::exists:
      return watches_.add(WatchKind::data, order.path, order.watcher);
    case Read::children:
      return watches_.add(WatchKind::child, order.path, order.watcher);
    case Read::permanent:
      return watches_.add(WatchKind::persistent, order.path, order.watcher);
    case Read::recursive:
      return watches_.add(WatchKind::recursive, order.path, order.watcher);
  }
}

}  // namespace paddock::client
