#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/types.h"

namespace paddock::core {

/// One entry of an ACL as text; the memory is the lender's.
struct AclEntry {
  std::int32_t perms = 0;
  std::string_view scheme;
  std::string_view id;
  bool operator==(const AclEntry&) const = default;
};

/// What a step of a transaction does. Stored in the log: numbers are frozen.
enum class StepKind : std::uint8_t {
  create_node = 1,
  delete_node = 2,
  set_data = 3,
  set_acl = 4,
  create_session = 5,
  close_session = 6,
  set_quota_stats = 7,
};

/// One resolved change: sequence numbers, versions and parent changes are in it, so that replaying
/// decides nothing. Fields not named for a kind are left at their defaults.
///   create_node     path (suffix included), data, acl, owner, create_counter (the parent's, after)
///   delete_node     path
///   set_data        path, data, version (after)
///   set_acl         path, acl, version (aversion, after)
///   create_session  session, timeout_ms, password
///   close_session   session (the delete_node steps of its ephemerals come before it)
///   set_quota_stats path, data: nothing but the data changes, no field of the Stat
struct Step {
  StepKind kind{};
  std::string_view path;
  std::optional<Bytes> data;  ///< nullopt = null data, distinct from empty
  std::span<const AclEntry> acl;
  std::int64_t owner =
      0;  ///< ephemeralOwner as stored (docs/protocol.md, section 5: container, TTL encodings)
  std::int32_t version = 0;
  std::int32_t create_counter = 0;
  SessionId session{};
  std::int32_t timeout_ms = 0;
  Bytes password;  ///< 16 bytes
};

/// One transaction: all of it or nothing, one zxid, one time. Borrowed memory throughout: what a
/// function says about its lifetime holds for everything reachable from here.
struct Txn {
  Zxid zxid{};
  std::int64_t time_ms = 0;  ///< wall clock, ms since 1970
  SessionId session{};       ///< who asked; {0} = the server itself
  std::span<const Step> steps;
};

}  // namespace paddock::core
