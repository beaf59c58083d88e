#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/bytes.h"
#include "net/loop.h"

namespace paddock::net {

/// One TCP connection on a loop: bytes in, bytes out, and a bound on both.
///
/// Received bytes are appended to input() and the owner is told once per completion; the owner takes
/// them with consume() whenever it likes (the reactor does so after all completions of the turn have
/// been reaped). Bytes put into output() leave with flush(): one send in flight at a time, what is
/// added meanwhile goes with the next, bytes are held until the kernel has them.
///
/// An idle connection holds no buffers. Threads: loop-local.
class Connection {
 public:
  /// The owner; outlives the connection. Calls come from inside Loop::wait().
  class Owner {
   public:
    virtual void input_arrived(Connection& connection) = 0;
    /// A send completed; output_bytes() has shrunk.
    virtual void output_sent(Connection& connection) = 0;
    /// The peer closed, an error came, or close() was called. Called exactly once, when the kernel
    /// holds nothing of the connection any more: the owner may destroy it. `error` is 0 or an errno.
    virtual void closed(Connection& connection, int error) = 0;

   protected:
    ~Owner() = default;
  };

  struct Limits {
    std::size_t input_bytes_max = 2u << 20;  ///< receiving pauses above and resumes below half
  };

  /// Takes over `socket`. TCP_NODELAY is set.
  Connection(Loop& loop, int socket, Owner& owner, Limits limits);
  ~Connection();

  /// Starts (or resumes after pause_receive) the multishot receive.
  void start_receive();
  /// Stops the receive: bytes stay in the socket, the peer's window closes.
  void pause_receive();
  bool is_receiving() const;

  /// What has arrived and has not been consumed. Valid until consume() or the next Loop::wait().
  Bytes input() const;
  void consume(std::size_t bytes);
  /// The peer has sent FIN or the connection failed: no more input will come.
  bool input_ended() const;

  /// Append replies here, then flush(). Pointers into it die with flush().
  ByteBuffer& output();
  void flush();
  /// Bytes not yet taken by the kernel, output() included.
  std::size_t output_bytes() const;

  /// Sends what output() holds, then closes (with a bound on time for a peer that does not read);
  /// input is dropped from now on.
  void close_after_flush();
  /// Closes at once; unsent bytes are dropped. closed() follows from a later Loop::wait().
  void close();
  bool is_closing() const;

  /// "127.0.0.1" or "::1", an IPv4-mapped address as IPv4; and "addr:port".
  const std::string& peer_address() const;
  std::uint16_t peer_port() const;

 private:
  struct State;
  State* state_;
};

}  // namespace paddock::net
