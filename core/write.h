#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/acl.h"
#include "core/arena.h"
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
  Bytes body;                               ///< request body behind the 8-byte header, still jute
  SessionId session{};                      ///< of the caller; create_session: the id to open
  const IdentitySet* identities = nullptr;  ///< not null for client requests; held by the caller
  std::int64_t now_ms = 0;                  ///< wall clock, ms since 1970
  std::int32_t timeout_ms = 0;              ///< create_session only: the negotiated timeout
  Bytes password;                           ///< create_session only: 16 random bytes
};

/// One watch event, in ZooKeeper's order: the event on the node, then NodeChildrenChanged of its
/// parent; a multi operation by operation. The ACL decides who may be told (READ).
struct Event {
  proto::EventType type{};
  std::string_view path;     ///< lives as long as the Prepared it is in
  const Acl* acl = nullptr;  ///< held by the Prepared; retain() it to keep it longer
};

/// A limit of a quota that a request went beyond: for the operator's log.
struct QuotaExcess {
  std::string_view path;   ///< of the request; lives as long as the Prepared it is in
  std::string_view what;   ///< "count" or "bytes"
  std::int64_t value = 0;  ///< with the request
  std::int64_t limit = 0;  ///< less than value
  bool is_hard = false;    ///< a hard one; with enforceQuota the request was refused
};

/// The outcome of one prepare(). Reused from call to call: clear() keeps the memory, so there is no
/// allocation on the request path after warm-up. Everything in it lives until the next clear(), and
/// nothing of it is borrowed from the request. The State must outlive it.
///
/// Threads: loop-local.
struct Prepared {
  proto::ErrorCode err{};
  Zxid zxid{};  ///< of the new transaction, or the newest one that the answer was judged on
  bool has_txn = false;   ///< a transaction was prepared: `txn` must be logged
  ByteBuffer reply_body;  ///< behind the reply header; multi fills it although it failed
  Txn txn;
  std::vector<Event> events;
  std::optional<QuotaExcess> quota_excess;  ///< the last one of the request
  SessionId session_ended{};  ///< close_session: its connection closes when this commits; else {0}

  Prepared() = default;
  ~Prepared() { clear(); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  void clear();

  // Memory behind txn and events.
  std::vector<Step> steps;
  std::vector<const Acl*> acls;  ///< one reference each: what events and steps point to
  Arena text;                    ///< paths, data, passwords
};

}  // namespace paddock::core
