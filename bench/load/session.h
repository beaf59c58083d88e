#pragma once

#include <cstdint>
#include <string>

#include "bench/load/faults.h"
#include "core/base/bytes.h"
#include "core/proto/records.h"
#include "core/ring_queue.h"

namespace paddock::load {

/// One connection with its session: requests out, replies in, each held against the request that it
/// answers (xid, order, and a zxid that never goes back). What a reply says is for the owner to
/// check. Threads: loop-local.
class Session {
 public:
  struct Pending {
    std::int64_t start_ns = 0;  ///< when it was sent, or had to be (open loop)
    std::int32_t xid = 0;
    proto::OpCode op{};
    std::uint32_t tag = 0;  ///< the sender's own: which node, which step
  };

  /// Gets what arrives; may send on any session from inside its functions.
  class Owner {
   public:
    /// `body` is what follows the header; it lives until the call returns.
    virtual void replied(Session& session, const Pending& pending, const proto::ReplyHeader& header,
                         Bytes body) = 0;
    virtual void notified(Session& session, const proto::WatcherEvent& event) = 0;

   protected:
    ~Owner() = default;
  };

  /// Takes over a connected socket and asks for a session.
  Session(int socket, std::uint32_t index, std::int32_t timeout_ms, Faults& faults);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::uint32_t index() const { return index_; }
  int socket() const { return socket_; }
  bool is_open() const { return is_open_; }  ///< the server has granted a session
  bool is_lost() const { return is_lost_; }  ///< the connection ended, which is a fault
  std::int32_t timeout_ms() const { return timeout_ms_; }  ///< as granted
  std::size_t in_flight() const { return pending_.size(); }

  /// Appends a request; it leaves with the next flush().
  template <class T>
  void request(proto::OpCode op, const T& record, std::int64_t start_ns, std::uint32_t tag = 0) {
    const proto::FrameStart frame = begin(op, start_ns, tag);
    proto::Writer(output_).write(record);
    proto::end_frame(output_, frame);
  }
  void ping(std::int64_t start_ns) {
    proto::end_frame(output_, begin(proto::OpCode::ping, start_ns, 0));
  }
  /// For requests that are not one record: the body is written to output() in between.
  proto::FrameStart begin(proto::OpCode op, std::int64_t start_ns, std::uint32_t tag);
  void end(proto::FrameStart frame) { proto::end_frame(output_, frame); }
  ByteBuffer& output() { return output_; }

  /// Sends as much as the kernel takes. False: something is left for when the socket is writable.
  bool flush();
  /// Takes what has arrived, into a buffer lent by the caller. With `waits` it blocks for a first
  /// byte, up to the socket's receive timeout.
  void receive(ByteBuffer& scratch, Owner& owner, bool waits);
  /// Closes the socket and leaves the session to expire.
  void abandon();

 private:
  void frame_arrived(Bytes body, Owner& owner);
  void session_granted(Bytes body);
  void reply_arrived(Bytes body, Owner& owner);
  void lose(const std::string& why);
  void fault(const std::string& what);

  Faults& faults_;
  ByteBuffer output_;
  std::size_t sent_ = 0;  ///< bytes of output_ that the kernel has
  ByteBuffer input_;      ///< the start of a frame whose end has not arrived
  core::RingQueue<Pending> pending_;
  Zxid last_zxid_{};
  int socket_;
  std::uint32_t index_;
  std::int32_t timeout_ms_;
  std::int32_t xid_ = 0;
  bool is_open_ = false;
  bool is_lost_ = false;
};

}  // namespace paddock::load
