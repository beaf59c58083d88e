#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/identity.h"
#include "core/proto/protocol.h"
#include "paddock/ordering/feed.h"

namespace paddock::ordering {

/// What a reactor asks of the ordering core. Each but detach_session is answered through the feed,
/// in the order in which one connection asked.
struct CoreRequest {
  enum class Kind : std::uint8_t {
    write,           ///< a client's request that changes the tree, closeSession included
    read,            ///< state without versions: sync (R18)
    open_session,    ///< timeout_ms; answered when its createSession is durable
    resume_session,  ///< session, password, timeout_ms
    expire_session,  ///< the reactor's deadline has passed (R15); refused if the generation moved
    detach_session,  ///< the connection is gone; the deadline is the core's from now on
  };

  Kind kind{};
  std::uint16_t reactor = 0;
  ConnectionId connection{};
  proto::OpCode op{};
  SessionId session{};
  std::uint64_t owner_generation =
      0;  ///< as the connect answer gave it; an older one is dropped (R14)
  const core::IdentitySetRef* identities = nullptr;  ///< write: during the call
  Bytes body;                                        ///< request body; during the call
  Bytes password;                                    ///< resume_session; during the call
  std::int32_t timeout_ms = 0;                       ///< open and resume: as negotiated
  std::int64_t remaining_ms = 0;                     ///< detach_session: until the deadline
};

}  // namespace paddock::ordering
