#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "net/loop.h"
#include "net/peer_address.h"

namespace paddock::net {

/// One TCP connection on a loop: bytes in, bytes out, and a bound on both.
///
/// Received bytes are appended to input() and the owner is told once per completion; the owner
/// takes them with consume() whenever it likes (the reactor does so after all completions of the
/// turn have been reaped). Bytes put into output() leave with flush(): one send in flight at a
/// time, what is added meanwhile goes with the next, bytes are held until the kernel has them.
///
/// An idle connection holds no buffers: they are borrowed from the loop's pool while they have
/// something in them. Threads: loop-local.
class Connection {
 public:
  /// The owner; outlives the connection. Calls come from inside Loop::wait(). Every function of the
  /// connection may be called from them; destroying it, only from closed().
  class Owner {
   public:
    /// input() has grown, or input_ended() has become true: the peer sent FIN. A peer that only
    /// closed its sending half still reads, so the connection stays open until the owner calls
    /// close_after_flush() or close().
    virtual void input_arrived(Connection& connection) = 0;
    /// A send completed; output_bytes() has shrunk.
    virtual void output_sent(Connection& connection) = 0;
    /// An error came, or close() was called. Called exactly once, when the kernel holds nothing of
    /// the connection any more: the owner may destroy it. `error` is 0 or an errno.
    virtual void closed(Connection& connection, int error) = 0;

   protected:
    ~Owner() = default;
  };

  struct Limits {
    /// Receiving pauses when more than this has not been consumed, and resumes below half of it.
    /// One turn's completions may overshoot it by what the kernel had already received.
    std::uint32_t input_bytes_max = 2u << 20;
    bool keepalive = false;  ///< SO_KEEPALIVE
  };

  /// close_after_flush() gives a peer so long to read what is left, and then so long to send its
  /// FIN (closing with unread input would answer with RST, which can destroy a reply on its way).
  static constexpr std::int64_t flush_ns_max = 5'000'000'000;
  static constexpr std::int64_t linger_ns_max = 1'000'000'000;

  /// Takes over `socket`, a blocking one. TCP_NODELAY is set.
  Connection(Loop& loop, int socket, Owner& owner, Limits limits);
  /// REQUIRES: closed() was called, or neither start_receive(), flush() nor close() ever was.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts (or resumes after pause_receive) the multishot receive.
  void start_receive();
  /// Stops the receive: bytes stay in the socket, the peer's window closes. What the kernel has
  /// already received still arrives.
  void pause_receive();
  /// Between start_receive() and pause_receive() or the end of the input.
  bool is_receiving() const { return wants_input_ && !input_ended_ && !is_closing_; }

  /// What has arrived and has not been consumed. Valid until consume() or the next Loop::wait().
  Bytes input() const { return {input_.data() + input_begin_, input_.size() - input_begin_}; }
  void consume(std::size_t bytes);
  /// Bytes have come that the kernel has not handed over yet. A system call.
  bool has_unread_input() const;
  /// The peer has sent FIN or the connection failed: no more input will come.
  bool input_ended() const { return input_ended_; }

  /// Append replies here, then flush(). Pointers into it die with flush().
  ByteBuffer& output() {
    if (output_.capacity() == 0) output_ = loop_.buffers().take();
    return output_;
  }
  /// Fetches into the cache where the next bytes of output() will be, some hundred of them: who has
  /// something for many connections writes into as many places that the cache does not hold.
  void prefetch_output() const {
    constexpr std::size_t cache_line = 64;
    const std::byte* end = output_.data() + output_.size();
    __builtin_prefetch(end, 1);
    __builtin_prefetch(end + cache_line, 1);
  }
  /// Queues a send, unless one is in flight: then its completion sends what output() holds by then.
  void flush();
  /// Bytes not yet taken by the kernel, output() included.
  std::size_t output_bytes() const { return output_.size() + sending_.size() - sent_; }

  /// Sends what output() holds, then closes (with a bound on time for a peer that does not read);
  /// input is dropped from now on and the owner is not told of it.
  void close_after_flush();
  /// Closes at once; unsent bytes are dropped. closed() follows from a later Loop::wait().
  void close() { fail(0); }
  bool is_closing() const { return is_closing_ || is_draining_; }

  const PeerAddress& peer() const { return peer_; }

 private:
  struct Op : Completion {
    Connection* connection = nullptr;
  };
  struct CloseTimer : Timer {
    using Timer::Timer;
    Connection* connection = nullptr;
  };

  void arm_receive();
  void cancel_receive();
  void receive_done(std::int32_t result, std::uint32_t flags);
  void take_input(std::uint16_t buffer, std::size_t bytes);
  void send_rest();
  void send_done(std::int32_t result);
  void drained();
  void fail(int error);
  void finish_close();
  void give_back(ByteBuffer& buffer);

  Loop& loop_;
  Owner& owner_;
  ByteBuffer input_;
  ByteBuffer output_;   ///< what flush() will send
  ByteBuffer sending_;  ///< what the kernel is sending; empty: no send in flight
  Op receive_;
  Op send_;  ///< the send, and after the last one the close
  CloseTimer timer_;
  std::uint32_t input_begin_ = 0;  ///< consumed bytes at the front of input_
  std::uint32_t sent_ = 0;         ///< bytes of sending_ that the kernel has taken
  std::uint32_t input_bytes_max_;
  int socket_;
  int error_ = 0;  ///< why it is closing
  PeerAddress peer_;

  bool wants_input_ : 1 = false;    ///< the owner wants to receive
  bool is_full_ : 1 = false;        ///< more than input_bytes_max_ unconsumed: not armed for now
  bool is_armed_ : 1 = false;       ///< the kernel has a receive of ours
  bool is_cancelling_ : 1 = false;  ///< and a cancel of it is on its way
  bool is_sending_ : 1 = false;     ///< the kernel has a send of ours
  bool input_ended_ : 1 = false;
  bool is_draining_ : 1 = false;   ///< close_after_flush()
  bool is_lingering_ : 1 = false;  ///< all sent, our FIN too; waiting for the peer's
  bool is_closing_ : 1 = false;    ///< close(), or an error
  bool is_closed_ : 1 = false;     ///< closed() has been called
};

}  // namespace paddock::net
