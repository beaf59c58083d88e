#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "net/loop.h"

namespace paddock::net {

struct ListenError {
  int error = 0;        ///< errno; 0 if the host name could not be resolved
  std::string message;  ///< a sentence that names address and port
};

/// A listening TCP socket on a loop. When the process is out of descriptors or memory it stops
/// accepting for a while, instead of spinning on a connection that it cannot take: the client waits
/// in the backlog. Threads: loop-local.
class Listener {
 public:
  /// Outlives the listener. Calls come from inside Loop::wait().
  class Owner {
   public:
    /// A new connection; the owner has the socket now. It is a blocking one, as io_uring wants it.
    virtual void accepted(Listener& listener, int socket) = 0;
    /// accept() failed with EMFILE, ENFILE, ENOMEM or the like and is tried again every pause_ns.
    /// Called once per burst: again only after an accept has succeeded in between.
    virtual void accept_paused(Listener& listener, int error) = 0;
    /// After close(): the kernel holds nothing of it, the listener may be destroyed.
    virtual void listener_closed(Listener& listener) = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    /// A literal (of IPv6 in brackets or not), a host name (its IPv4 address is preferred, as Java
    /// does), or empty: all addresses, IPv6 and IPv4. "::" as well accepts IPv4.
    std::string address;
    std::uint16_t port = 0;  ///< 0: the kernel picks, see port()
    int backlog = 1024;      ///< bounded by net.core.somaxconn
  };

  static constexpr std::int64_t pause_ns = 100'000'000;

  static Result<std::unique_ptr<Listener>, ListenError> open(Loop& loop, Owner& owner,
                                                             const Options& options);
  /// REQUIRES: listener_closed() was called, or start() never was.
  ~Listener();

  /// Begins to accept. The port answers (with the backlog) from open() on.
  void start();
  /// Stops accepting; listener_closed() follows. The port is free when it is called.
  void close();

  std::uint16_t port() const { return port_; }
  /// "127.0.0.1:2181" or "[::]:2181": what it is bound to.
  const std::string& name() const { return name_; }

 private:
  struct AcceptOp : Completion {
    Listener* listener = nullptr;
  };
  struct RetryTimer : Timer {
    using Timer::Timer;
    Listener* listener = nullptr;
  };

  Listener(Loop& loop, Owner& owner, int socket);
  void arm();
  void accept_done(std::int32_t result, std::uint32_t flags);
  void finish_close();

  Loop& loop_;
  Owner& owner_;
  int socket_;
  std::uint16_t port_ = 0;
  std::string name_;
  AcceptOp accept_;
  AcceptOp close_;
  RetryTimer retry_;
  bool is_armed_ = false;   ///< the kernel has an accept of ours
  bool is_paused_ = false;  ///< the owner has been told, and no accept has succeeded since
  bool is_closing_ = false;
  bool is_closed_ = false;
};

}  // namespace paddock::net
