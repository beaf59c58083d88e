#include "recipes/client/transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

namespace paddock::client {

/// Lives as long as the open() that it belongs to.
struct Transport::Resolution {
  Transport* transport;
};

void Transport::open(const HostPort& server, std::weak_ptr<void> keep) {
  close();
  keep_ = std::move(keep);
  resolution_ = std::make_shared<Resolution>(Resolution{this});
  Addresses numeric = resolve(server, true);
  if (numeric.empty()) return resolve_aside(server);
  resolved(std::move(numeric));
}

void Transport::close() {
  resolution_.reset();
  close_fd();
  addresses_.clear();
  next_address_ = 0;
}

void Transport::close_fd() {
  if (fd_id_ != 0) core_->remove_fd(std::exchange(fd_id_, 0));
  fd_.reset();
  is_up_ = false;
  wants_write_ = false;
}

Transport::Addresses Transport::resolve(const HostPort& server, bool only_numeric) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (only_numeric ? AI_NUMERICHOST : AI_ADDRCONFIG);
  addrinfo* found = nullptr;
  Addresses addresses;
  if (getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found) != 0)
    return addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.length = at->ai_addrlen;
  }
  freeaddrinfo(found);
  return addresses;
}

void Transport::resolve_aside(const HostPort& server) {
  // A thread for each look-up: it blocks for as long as the resolver likes, and it is rare.
  const auto look_up = [core = core_, keep = keep_,
                        resolution = std::weak_ptr<Resolution>(resolution_), server] {
    core->post([keep, resolution, addresses = resolve(server, false)]() mutable {
      const std::shared_ptr<void> owner = keep.lock();
      const std::shared_ptr<Resolution> current = resolution.lock();
      if (owner && current) current->transport->resolved(std::move(addresses));
    });
  };
  try {
    std::thread(look_up).detach();
  } catch (const std::system_error&) {
    fail_soon();  // the standard library's only way to say that there are no more threads
  }
}

void Transport::resolved(Addresses addresses) {
  addresses_ = std::move(addresses);
  next_address_ = 0;
  try_next_address();
}

void Transport::try_next_address() {
  close_fd();
  while (next_address_ < addresses_.size()) {
    if (try_address(addresses_[next_address_++])) return;
  }
  fail_soon();
}

bool Transport::try_address(const Address& address) {
  fd_ = OwnedFd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return false;
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const auto* to = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(fd_.get(), to, address.length) != 0 && errno != EINPROGRESS) {
    fd_.reset();
    return false;
  }
  // Also when it succeeded at once: the owner is told from the loop.
  fd_id_ = core_->add_fd(fd_.get(), EPOLLOUT, [this, keep = keep_](std::uint32_t events) {
    const std::shared_ptr<void> owner = keep.lock();
    if (owner) fd_event(events);
  });
  return true;
}

void Transport::fd_event(std::uint32_t events) {
  if (is_up_) {
    const IoLoop::Core::FdId id = fd_id_;
    if (events & EPOLLOUT) {
      wants_write_ = false;
      core_->set_fd_events(fd_id_, EPOLLIN);
      owner_.transport_is_writable();
    }
    // An error or the end shows when it is read, behind the bytes that came before it.
    if (fd_id_ == id && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
      owner_.transport_is_readable();
    return;
  }
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
    return try_next_address();
  is_up_ = true;
  core_->set_fd_events(fd_id_, EPOLLIN);
  owner_.transport_is_up();
}

void Transport::fail_soon() {
  close_fd();
  core_->post([keep = keep_, resolution = std::weak_ptr<Resolution>(resolution_)] {
    const std::shared_ptr<void> owner = keep.lock();
    const std::shared_ptr<Resolution> current = resolution.lock();
    if (owner && current) current->transport->owner_.transport_is_down();
  });
}

std::ptrdiff_t Transport::send(Bytes bytes) {
  if (!is_up_) return -1;
  const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent > 0) return sent;
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return -1;
  if (!std::exchange(wants_write_, true)) core_->set_fd_events(fd_id_, EPOLLIN | EPOLLOUT);
  return 0;
}

std::ptrdiff_t Transport::receive(std::span<std::byte> into) {
  if (!is_up_) return -1;
  const ssize_t received = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (received > 0) return received;
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  return -1;
}

}  // namespace paddock::client
