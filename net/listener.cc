#include "net/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace paddock::net {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  int family() const { return storage.ss_family; }
};

Address any_address(int family, std::uint16_t port) {
  Address address;
  address.storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
    address.bytes = sizeof(sockaddr_in6);
  } else {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
    address.bytes = sizeof(sockaddr_in);
  }
  return address;
}

std::string text_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  std::string name;
  std::uint16_t port;
  if (address.family() == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    name.append("[").append(text).append("]");
    port = ntohs(in6.sin6_port);
  } else {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    name = text;
    port = ntohs(in.sin_port);
  }
  return name.append(":").append(std::to_string(port));
}

Result<Address, ListenError> resolve(const Listener::Options& options) {
  if (options.address.empty()) return any_address(AF_INET6, options.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::string name = options.address;
  if (name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  const int error = getaddrinfo(name.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (error != 0) {
    return fail(ListenError{0, "cannot listen on " + options.address + ":" +
                                   std::to_string(options.port) + ": " + gai_strerror(error)});
  }
  const addrinfo* chosen = found;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    if (i->ai_family == AF_INET) {
      chosen = i;
      break;
    }
  }
  Address address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.bytes = chosen->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

int bind_and_listen(const Address& address, int backlog, int& error) {
  const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    error = errno;
    return -1;
  }
  const int on = 1;
  const int off = 0;
  // Connections of the process before, in TIME_WAIT, do not keep the port; a listener does.
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6) {
    setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address.storage), address.bytes) != 0 ||
      ::listen(socket, backlog) != 0) {
    error = errno;
    ::close(socket);
    return -1;
  }
  return socket;
}

/// The connection died in the backlog, or a firewall forbids it: the next one may be fine. All
/// other errors (EMFILE, ENFILE, ENOMEM …) would come again at once.
bool concerns_one_connection(int error) {
  return error == ECONNABORTED || error == EPROTO || error == EPERM || error == EINTR;
}

}  // namespace

Result<std::unique_ptr<Listener>, ListenError> Listener::open(Loop& loop, Owner& owner,
                                                              const Options& options) {
  Result<Address, ListenError> address = resolve(options);
  if (!address) return fail(address.error());
  int error = 0;
  int socket = bind_and_listen(*address, options.backlog, error);
  // A machine without IPv6.
  if (socket < 0 && options.address.empty() && error != EADDRINUSE && error != EACCES) {
    address = any_address(AF_INET, options.port);
    socket = bind_and_listen(*address, options.backlog, error);
  }
  if (socket < 0) {
    const char* reason = error == EADDRINUSE ? "the port is in use" : std::strerror(error);
    return fail(ListenError{error, "cannot listen on " + text_of(*address) + ": " + reason});
  }
  std::unique_ptr<Listener> listener(new Listener(loop, owner, socket));
  address->bytes = sizeof address->storage;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address->storage), &address->bytes);
  listener->port_ = ntohs(address->family() == AF_INET6
                              ? reinterpret_cast<sockaddr_in6&>(address->storage).sin6_port
                              : reinterpret_cast<sockaddr_in&>(address->storage).sin_port);
  listener->name_ = text_of(*address);
  return listener;
}

Listener::Listener(Loop& loop, Owner& owner, int socket)
    : loop_(loop),
      owner_(owner),
      socket_(socket),
      retry_([](Timer& timer, std::int64_t) { static_cast<RetryTimer&>(timer).listener->arm(); }) {
  accept_.listener = close_.listener = retry_.listener = this;
  accept_.done = [](Completion& self, std::int32_t result, std::uint32_t flags) {
    static_cast<AcceptOp&>(self).listener->accept_done(result, flags);
  };
  close_.done = [](Completion& self, std::int32_t, std::uint32_t) {
    Listener& listener = *static_cast<AcceptOp&>(self).listener;
    listener.is_closed_ = true;
    listener.owner_.listener_closed(listener);
  };
}

Listener::~Listener() {
  CHECK(!is_armed_);
  CHECK(is_closed_ || !is_closing_);
  loop_.timers().cancel(retry_);
  if (!is_closed_) ::close(socket_);
}

void Listener::start() {
  CHECK(!is_armed_ && !is_closing_);
  arm();
}

void Listener::arm() {
  io_uring_sqe* sqe = loop_.get_sqe(&accept_);
  if (loop_.has_multishot()) {
    io_uring_prep_multishot_accept(sqe, socket_, nullptr, nullptr, SOCK_CLOEXEC);
  } else {
    io_uring_prep_accept(sqe, socket_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  is_armed_ = true;
}

void Listener::accept_done(std::int32_t result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_MORE) == 0) is_armed_ = false;
  if (is_closing_) {
    if (result >= 0) ::close(result);
    if (!is_armed_) finish_close();
    return;
  }
  if (result >= 0) {
    is_paused_ = false;
    owner_.accepted(*this, result);
  } else if (result == -EINVAL && loop_.has_multishot()) {
    loop_.multishot_refused();
  } else if (!concerns_one_connection(-result)) {
    if (!is_paused_) {
      is_paused_ = true;
      owner_.accept_paused(*this, -result);
    }
    if (!is_armed_ && !is_closing_) loop_.timers().arm(retry_, loop_.now_ns() + pause_ns);
    return;
  }
  if (!is_armed_ && !is_closing_) arm();
}

void Listener::close() {
  if (is_closing_) return;
  is_closing_ = true;
  loop_.timers().cancel(retry_);
  if (!is_armed_) {
    finish_close();
    return;
  }
  io_uring_sqe* sqe = loop_.get_sqe(nullptr);
  io_uring_prep_cancel(sqe, &accept_, 0);
}

void Listener::finish_close() {
  io_uring_sqe* sqe = loop_.get_sqe(&close_);
  io_uring_prep_close(sqe, socket_);
  socket_ = -1;
}

}  // namespace paddock::net
