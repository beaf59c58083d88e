#include "bench/load/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace paddock::load {

namespace {

/// Longer than any reply that a workload asks for.
constexpr std::int32_t frame_bytes_max = 64 << 20;
constexpr std::size_t receive_bytes = 256 << 10;

}  // namespace

Session::Session(int socket, std::uint32_t index, std::int32_t timeout_ms, Faults& faults)
    : faults_(faults), socket_(socket), index_(index), timeout_ms_(timeout_ms) {
  const std::byte no_password[proto::password_bytes] = {};
  const proto::FrameStart frame = proto::begin_frame(output_);
  proto::encode_connect_request(
      {.timeout_ms = timeout_ms, .password = Bytes(no_password), .has_read_only = true}, output_);
  proto::end_frame(output_, frame);
}

Session::~Session() { abandon(); }

void Session::abandon() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

proto::FrameStart Session::begin(proto::OpCode op, std::int64_t start_ns, std::uint32_t tag) {
  // An xid stays positive: the negative ones have a meaning of their own.
  xid_ = xid_ == 0x7fffffff ? 1 : xid_ + 1;
  const std::int32_t xid = op == proto::OpCode::ping ? proto::xid_ping : xid_;
  pending_.push_back({.start_ns = start_ns, .xid = xid, .op = op, .tag = tag});
  const proto::FrameStart frame = proto::begin_frame(output_);
  proto::Writer(output_).write(proto::RequestHeader{.xid = xid, .op = op});
  return frame;
}

bool Session::flush() {
  while (!is_lost_ && sent_ < output_.size()) {
    const ssize_t done = ::send(socket_, output_.data() + sent_, output_.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done >= 0) {
      sent_ += static_cast<std::size_t>(done);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      lose(std::string("send: ") + std::strerror(errno));
    }
  }
  output_.clear();
  sent_ = 0;
  return true;
}

void Session::receive(ByteBuffer& scratch, Owner& owner, bool waits) {
  scratch.clear();
  scratch.append(input_.bytes());
  std::byte* to = scratch.grow(receive_bytes);
  const ssize_t got = ::recv(socket_, to, receive_bytes, waits ? 0 : MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return lose(got == 0 ? "the server closed" : std::strerror(errno));
  scratch.truncate(scratch.size() - receive_bytes + static_cast<std::size_t>(got));
  Bytes run = scratch.bytes();
  while (!is_lost_) {
    const proto::FrameSplit split = proto::split_frame(run, frame_bytes_max);
    if (split.kind == proto::FrameSplit::Kind::need_more) break;
    if (split.kind == proto::FrameSplit::Kind::bad_length) return lose("a frame without a length");
    frame_arrived(split.body, owner);
    run = run.subspan(split.bytes);
  }
  input_.clear();
  input_.append(run);
}

void Session::frame_arrived(Bytes body, Owner& owner) {
  if (!is_open_) return session_granted(body);
  reply_arrived(body, owner);
}

void Session::session_granted(Bytes body) {
  const auto response = proto::decode_connect_response(body);
  if (!response || response->timeout_ms <= 0) return lose("no session was granted");
  timeout_ms_ = response->timeout_ms;
  is_open_ = true;
}

void Session::reply_arrived(Bytes body, Owner& owner) {
  proto::Reader in(body);
  proto::ReplyHeader header;
  in.read(header);
  if (!in.ok()) return lose("a reply without a header");
  // Releases before 3.9 and late events have -1 there.
  if (header.zxid.value > 0) {
    if (header.zxid < last_zxid_) fault("the zxid went back");
    last_zxid_ = header.zxid;
  }
  if (header.xid == proto::xid_notification) {
    proto::WatcherEvent event;
    in.read(event);
    if (!in.ok()) return lose("a malformed notification");
    return owner.notified(*this, event);
  }
  if (pending_.empty()) return lose("a reply that nothing asked for");
  const Pending pending = pending_.front();
  pending_.pop_front();
  // Nothing after this could be told apart.
  if (pending.xid != header.xid)
    return lose("xid " + std::to_string(header.xid) + " instead of " + std::to_string(pending.xid));
  owner.replied(*this, pending, header, in.rest());
}

void Session::lose(const std::string& why) {
  fault(why);
  is_lost_ = true;
}

void Session::fault(const std::string& what) {
  faults_.add("connection " + std::to_string(index_) + ": " + what);
}

}  // namespace paddock::load
