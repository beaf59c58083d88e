#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "recipes/client/io_core.h"
#include "recipes/client/options.h"

namespace paddock::client {

/// One TCP connection, from the name of a server on: resolves it (aside, since that blocks), tries
/// its addresses in turn, then moves bytes. Threads: loop-local.
class Transport {
 public:
  /// Who uses it. Called from the loop, never from inside a call of the transport.
  class Owner {
   public:
    virtual void transport_is_up() = 0;
    /// No address could be reached, or the connection broke; it is closed already.
    virtual void transport_is_down() = 0;
    virtual void transport_is_readable() = 0;
    virtual void transport_is_writable() = 0;

   protected:
    ~Owner() = default;
  };

  Transport(std::shared_ptr<IoLoop::Core> core, Owner& owner)
      : core_(std::move(core)), owner_(owner) {}
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Closes what was open, and tells its owner soon. `keep` holds the owner while it is called.
  void open(const HostPort& server, std::weak_ptr<void> keep);
  void close();

  bool is_up() const { return is_up_; }
  /// Bytes taken; 0 = none now (the owner is told when it is writable again), -1 = broken.
  std::ptrdiff_t send(Bytes bytes);
  /// Bytes read; 0 = none now, -1 = broken or at its end.
  std::ptrdiff_t receive(std::span<std::byte> into);

 private:
  struct Address {
    sockaddr_storage storage;
    socklen_t length;
  };
  using Addresses = std::vector<Address>;
  struct Resolution;

  static Addresses resolve(const HostPort& server, bool only_numeric);
  void resolve_aside(const HostPort& server);
  void resolved(Addresses addresses);
  void try_next_address();
  bool try_address(const Address& address);
  void fd_event(std::uint32_t events);
  void fail_soon();
  void close_fd();

  const std::shared_ptr<IoLoop::Core> core_;
  Owner& owner_;
  std::weak_ptr<void> keep_;
  std::shared_ptr<Resolution> resolution_;  ///< of this open(); stale news finds it gone
  Addresses addresses_;
  std::size_t next_address_ = 0;
  OwnedFd fd_;
  IoLoop::Core::FdId fd_id_ = 0;
  bool is_up_ = false;
  bool wants_write_ = false;
};

}  // namespace paddock::client
