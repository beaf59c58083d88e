#include "net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace paddock::net {

static_assert(sizeof(Connection) <= 300, "an idle connection is cheap");

namespace {

/// One send takes no more than this: a completion reports bytes in 31 bits.
constexpr std::size_t send_bytes_max = 1u << 30;

bool is_transient(int error) { return error == EINTR || error == EAGAIN; }

}  // namespace

Connection::Connection(Loop& loop, int socket, Owner& owner, Limits limits)
    : loop_(loop),
      owner_(owner),
      timer_([](Timer& timer, std::int64_t) {
        Connection& self = *static_cast<CloseTimer&>(timer).connection;
        self.fail(self.is_lingering_ ? 0 : ETIMEDOUT);
      }),
      input_bytes_max_(limits.input_bytes_max),
      socket_(socket),
      peer_(PeerAddress::of(socket)) {
  receive_.connection = send_.connection = timer_.connection = this;
  receive_.done = [](Completion& self, std::int32_t result, std::uint32_t flags) {
    static_cast<Op&>(self).connection->receive_done(result, flags);
  };
  send_.done = [](Completion& self, std::int32_t result, std::uint32_t) {
    static_cast<Op&>(self).connection->send_done(result);
  };
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (limits.keepalive) setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Connection::~Connection() {
  CHECK(!is_armed_);
  CHECK(!is_sending_);
  CHECK(is_closed_ || !is_closing_);
  loop_.timers().cancel(timer_);
  give_back(input_);
  give_back(output_);
  give_back(sending_);
  if (!is_closed_) ::close(socket_);
}

void Connection::give_back(ByteBuffer& buffer) {
  if (buffer.capacity() != 0) loop_.buffers().give(buffer);
}

// Receiving.

void Connection::start_receive() {
  if (input_ended_ || is_closing()) return;
  wants_input_ = true;
  arm_receive();
}

void Connection::pause_receive() {
  if (is_closing()) return;
  wants_input_ = false;
  cancel_receive();
}

void Connection::arm_receive() {
  if (is_armed_ || is_full_ || input_ended_ || is_closing_ || !wants_input_) return;
  io_uring_sqe* sqe = loop_.get_sqe(&receive_);
  if (loop_.has_multishot()) {
    io_uring_prep_recv_multishot(sqe, socket_, nullptr, 0, 0);
  } else {
    io_uring_prep_recv(sqe, socket_, nullptr, loop_.recv_buffer_bytes(), 0);
  }
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = loop_.recv_group();
  is_armed_ = true;
}

void Connection::cancel_receive() {
  if (!is_armed_ || is_cancelling_) return;
  is_cancelling_ = true;
  io_uring_prep_cancel(loop_.get_sqe(nullptr), static_cast<Completion*>(&receive_), 0);
}

void Connection::receive_done(std::int32_t result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_MORE) == 0) is_armed_ = is_cancelling_ = false;
  if (result > 0) {
    const auto buffer = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    take_input(buffer, static_cast<std::size_t>(result));
  } else if ((flags & IORING_CQE_F_BUFFER) != 0) {
    loop_.recycle_recv_buffer(static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT));
  }
  if (is_closing_) {
    finish_close();
    return;
  }
  if (result == 0) {
    input_ended_ = true;
    if (is_lingering_) {
      fail(0);
    } else if (!is_draining_) {
      owner_.input_arrived(*this);
    }
    return;
  }
  if (result == -ENOBUFS) {
    loop_.recv_starved();
  } else if (result == -EINVAL && loop_.has_multishot()) {
    loop_.multishot_refused();
  } else if (result < 0 && result != -ECANCELED && !is_transient(-result)) {
    input_ended_ = true;
    fail(-result);
    return;
  }
  // Armed again before the owner is told: the owner may pause.
  arm_receive();
  if (result > 0 && !is_draining_) owner_.input_arrived(*this);
}

void Connection::take_input(std::uint16_t buffer, std::size_t bytes) {
  if (!is_closing()) {
    if (input_.capacity() == 0) input_ = loop_.buffers().take();
    if (input_begin_ != 0 && input_.capacity() - input_.size() < bytes) {
      const std::size_t left = input_.size() - input_begin_;
      std::memmove(input_.data(), input_.data() + input_begin_, left);
      input_.truncate(left);
      input_begin_ = 0;
    }
    input_.append({loop_.recv_buffer(buffer), bytes});
    if (input().size() > input_bytes_max_ && !is_full_) {
      is_full_ = true;
      cancel_receive();
    }
  }
  loop_.recycle_recv_buffer(buffer);
}

void Connection::consume(std::size_t bytes) {
  CHECK(bytes <= input().size());
  input_begin_ += static_cast<std::uint32_t>(bytes);
  if (input().empty()) {
    input_begin_ = 0;
    give_back(input_);
  }
  if (is_full_ && input().size() < input_bytes_max_ / 2) {
    is_full_ = false;
    arm_receive();
  }
}

bool Connection::has_unread_input() const {
  int bytes = 0;
  return !is_closing_ && ::ioctl(socket_, FIONREAD, &bytes) == 0 && bytes > 0;
}

// Sending.

void Connection::flush() {
  if (is_closing_ || is_lingering_ || is_sending_) return;
  if (output_.empty()) {
    give_back(output_);
    return;
  }
  sending_ = std::move(output_);
  sent_ = 0;
  send_rest();
}

void Connection::send_rest() {
  const std::size_t bytes = std::min(sending_.size() - sent_, send_bytes_max);
  io_uring_prep_send(loop_.get_sqe(&send_), socket_, sending_.data() + sent_, bytes, MSG_NOSIGNAL);
  is_sending_ = true;
}

void Connection::send_done(std::int32_t result) {
  is_sending_ = false;
  if (result > 0) sent_ += static_cast<std::uint32_t>(result);
  if (is_closing_) {
    finish_close();
    return;
  }
  if (result < 0 && !is_transient(-result)) {
    fail(-result);
    return;
  }
  if (sent_ < sending_.size()) {
    send_rest();
  } else {
    sent_ = 0;
    give_back(sending_);
    flush();
  }
  if (is_draining_) {
    if (!is_sending_) drained();
  } else {
    owner_.output_sent(*this);
  }
}

// Closing.

void Connection::close_after_flush() {
  if (is_closing()) return;
  is_draining_ = true;
  input_begin_ = 0;
  give_back(input_);
  is_full_ = false;
  wants_input_ = true;  // to see the peer's FIN; the bytes before it are dropped
  arm_receive();
  loop_.timers().arm(timer_, loop_.now_ns() + flush_ns_max);
  flush();
  if (!is_sending_) drained();
}

void Connection::drained() {
  is_lingering_ = true;
  if (input_ended_) {
    fail(0);
    return;
  }
  ::shutdown(socket_, SHUT_WR);
  loop_.timers().arm(timer_, loop_.now_ns() + linger_ns_max);
}

/// The way to closed(): shutting the socket down makes the kernel finish what it has of ours.
void Connection::fail(int error) {
  if (is_closing_) return;
  is_closing_ = true;
  error_ = error;
  loop_.timers().cancel(timer_);
  if (is_armed_ || is_sending_) ::shutdown(socket_, SHUT_RDWR);
  finish_close();
}

void Connection::finish_close() {
  if (is_armed_ || is_sending_) return;
  send_.done = [](Completion& self, std::int32_t, std::uint32_t) {
    Connection& connection = *static_cast<Op&>(self).connection;
    connection.is_closed_ = true;
    connection.owner_.closed(connection, connection.error_);
  };
  io_uring_prep_close(loop_.get_sqe(&send_), socket_);
}

}  // namespace paddock::net
