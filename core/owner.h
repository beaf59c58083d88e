#pragma once

#include <cstdint>

#include "core/base/types.h"

/// What an ephemeralOwner means. It is stored as ZooKeeper encodes it: one number for a session, a
/// container or a time to live.
namespace paddock::core {

enum class OwnerKind : std::uint8_t {
  persistent,
  container,  ///< removed by the server once its last child is gone
  ttl,        ///< removed by the server when unchanged for its time to live and childless
  session,    ///< ephemeral: dies with its session
};

inline constexpr std::int64_t owner_container = INT64_MIN;  // 0x8000000000000000
/// The high byte 0xff marks extended types; the next two bytes are the type, of which 0 = TTL is
/// the only one.
inline constexpr std::uint64_t owner_ttl_mark = 0xff00000000000000u;
inline constexpr std::uint64_t owner_ttl_mask = 0xffffff0000000000u;
inline constexpr std::int64_t ttl_ms_max = (std::int64_t{1} << 40) - 1;

constexpr OwnerKind owner_kind(std::int64_t owner) {
  if (owner == 0) return OwnerKind::persistent;
  if (owner == owner_container) return OwnerKind::container;
  if ((static_cast<std::uint64_t>(owner) & owner_ttl_mask) == owner_ttl_mark) return OwnerKind::ttl;
  return OwnerKind::session;
}

/// REQUIRES: 1 <= ttl_ms <= ttl_ms_max.
constexpr std::int64_t owner_of_ttl(std::int64_t ttl_ms) {
  return static_cast<std::int64_t>(owner_ttl_mark | static_cast<std::uint64_t>(ttl_ms));
}
constexpr std::int64_t ttl_ms_of(std::int64_t owner) { return owner & ttl_ms_max; }

/// Whether a container or TTL node may be the server's to remove, by its kind.
constexpr bool is_removable_owner(std::int64_t owner) {
  return owner_kind(owner) == OwnerKind::container || owner_kind(owner) == OwnerKind::ttl;
}
/// Whether more than `age_ms` have passed since `since_ms`, both wall clock and both of any value:
/// never when the clock went back (R22).
constexpr bool is_older_than(std::int64_t age_ms, std::int64_t since_ms, std::int64_t now_ms) {
  if (now_ms <= since_ms) return false;
  return static_cast<std::uint64_t>(now_ms) - static_cast<std::uint64_t>(since_ms) >
         static_cast<std::uint64_t>(age_ms);
}

/// The ephemeralOwner of a Stat: clients see containers and TTL nodes as nobody's.
constexpr std::int64_t owner_shown(std::int64_t owner) {
  return owner_kind(owner) == OwnerKind::session ? owner : 0;
}

/// Whether a client's session may have this id: not what has another meaning as an owner.
constexpr bool is_session_id(SessionId id) { return owner_kind(id.value) == OwnerKind::session; }

static_assert(owner_kind(owner_of_ttl(1)) == OwnerKind::ttl);
static_assert(owner_kind(owner_of_ttl(ttl_ms_max)) == OwnerKind::ttl);
static_assert(ttl_ms_of(owner_of_ttl(ttl_ms_max)) == ttl_ms_max);

}  // namespace paddock::core
