#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/acl.h"
#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/identity.h"
#include "core/proto/protocol.h"
#include "core/txn.h"

/// What goes into State::prepare and what comes out: plain values.
namespace paddock::core {

/// A client's (or the server's own) request to change the tree.
/// create_session and close_session are requests as well: the server makes them.
struct WriteRequest {
  proto::OpCode op{};
  Bytes body;           ///< request body behind the 8-byte header, still jute
  SessionId session{};  ///< of the caller; create_session: the id to open
  const IdentitySet* identities = nullptr;  ///< not null for client requests; held by the caller
  std::int64_t now_ms = 0;                  ///< wall clock, ms since 1970
  std::int32_t timeout_ms = 0;              ///< create_session only: the negotiated timeout
  Bytes password;                           ///< create_session only: 16 random bytes
};

/// One watch event, in the order of PROTOCOL section 9.3. The ACL decides who may be told (READ).
struct Event {
  proto::EventType type{};
  std::string_view path;  ///< lives as long as the Prepared it is in
  const Acl* acl = nullptr;  ///< retained by the Prepared (Acl::retain); see acl.h
};

/// The outcome of one prepare(). Reused from call to call: clear() keeps the memory, so there is no
/// allocation on the request path after warm-up. Everything in it lives until the next clear().
struct Prepared {
  proto::ErrorCode err{};
  Zxid zxid{};          ///< of the new transaction, or the newest one that the answer was judged on
  bool has_txn = false;  ///< a transaction was prepared: `txn` must be logged
  ByteBuffer reply_body;  ///< behind the reply header; multi fills it although it failed
  Txn txn;
  std::vector<Event> events;
  SessionId session_ended{};  ///< close_session: its connection closes when this commits; else {0}

  // Memory behind txn and events.
  std::vector<Step> steps;
  std::vector<std::vector<AclEntry>> acl_lists;
  std::vector<std::unique_ptr<char[]>> text;

  void clear();
};

}  // namespace paddock::core
