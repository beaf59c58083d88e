#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/proto/protocol.h"
#include "recipes/client/errors.h"
#include "recipes/client/function.h"
#include "recipes/client/pending.h"
#include "recipes/client/watch_registry.h"

namespace paddock::client {

/// What became of a request. Borrowed for the call that brings it.
struct Reply {
  Error error = Error::ok;
  Zxid zxid{};
  Bytes body;
};

/// A watch that a request leaves at the server if it succeeds.
struct WatchOrder {
  enum class Read {
    data,       ///< getData
    exists,     ///< data if the node exists, exist if not
    children,   ///< getChildren, getChildren2
    permanent,  ///< addWatch
    recursive,
  };
  Read read{};
  std::string path;  ///< the server's
  Watcher watcher;
};

/// A request on its way through the engine: encoded by the caller, so that the I/O thread has only
/// bytes to move.
struct Request {
  proto::OpCode op{};
  /// The whole frame: length, xid (filled in when it is sent), op, body.
  ByteBuffer frame;
  /// Called exactly once. False = the body makes no sense: the connection cannot be trusted.
  UniqueFunction<bool(const Reply&)> done;
  std::optional<WatchOrder> watch;
  /// Whose result it is; ready before `done` was called = given up, not to be sent.
  std::shared_ptr<PendingState> pending;

  bool is_given_up() const { return pending && pending->is_ready(); }
};
inline constexpr std::size_t frame_xid_offset = 4;

/// Java's xids for what a client sends on its own.
inline constexpr std::int32_t xid_auth = -4;
inline constexpr std::int32_t xid_set_watches = -8;

}  // namespace paddock::client
