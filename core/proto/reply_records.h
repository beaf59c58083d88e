#pragma once

#include <cstdint>
#include <tuple>

#include "core/proto/codec.h"
#include "core/proto/request_records.h"

/// The bodies of replies with err 0. delete, ping, auth, checkWatches, removeWatches, setWatches
/// and closeSession have none; an error never has one, but for a multi (multi.h).
namespace paddock::proto {

struct Stat {
  Zxid czxid{};
  Zxid mzxid{};
  std::int64_t ctime_ms = 0;
  std::int64_t mtime_ms = 0;
  std::int32_t version = 0;
  std::int32_t cversion = 0;
  std::int32_t aversion = 0;
  std::int64_t ephemeral_owner = 0;  ///< a session, else 0: containers and TTL nodes show 0 too
  std::int32_t data_length = 0;
  std::int32_t num_children = 0;
  Zxid pzxid{};
  static auto fields(auto& r) {
    return std::tie(r.czxid, r.mzxid, r.ctime_ms, r.mtime_ms, r.version, r.cversion, r.aversion,
                    r.ephemeral_owner, r.data_length, r.num_children, r.pzxid);
  }
  bool operator==(const Stat&) const = default;
};
inline constexpr std::size_t stat_bytes = 68;

/// create, sync.
struct PathReply {
  Ustring path;
  static auto fields(auto& r) { return std::tie(r.path); }
};

/// create2, createContainer, createTTL.
struct PathStatReply {
  Ustring path;
  Stat stat;
  static auto fields(auto& r) { return std::tie(r.path, r.stat); }
};

/// exists, setData, setACL.
struct StatReply {
  Stat stat;
  static auto fields(auto& r) { return std::tie(r.stat); }
};

/// getData, reconfig.
struct DataReply {
  Buffer data;
  Stat stat;
  static auto fields(auto& r) { return std::tie(r.data, r.stat); }
};

struct AclReply {
  Vector<Acl> acl;
  Stat stat;
  static auto fields(auto& r) { return std::tie(r.acl, r.stat); }
};

/// getChildren: names; getEphemerals: full paths.
struct NamesReply {
  Vector<Ustring> names;
  static auto fields(auto& r) { return std::tie(r.names); }
};

/// getChildren2.
struct NamesStatReply {
  Vector<Ustring> names;
  Stat stat;
  static auto fields(auto& r) { return std::tie(r.names, r.stat); }
};

/// getAllChildrenNumber.
struct CountReply {
  std::int32_t count = 0;
  static auto fields(auto& r) { return std::tie(r.count); }
};

struct SaslReply {
  Buffer token;
  static auto fields(auto& r) { return std::tie(r.token); }
};

/// addWatch: an error code inside the body, always 0.
struct AddWatchReply {
  std::int32_t err = 0;
  static auto fields(auto& r) { return std::tie(r.err); }
};

struct ClientIdentity {
  Ustring scheme;
  Ustring user;
  static auto fields(auto& r) { return std::tie(r.scheme, r.user); }
  bool operator==(const ClientIdentity&) const = default;
};

struct WhoAmIReply {
  Vector<ClientIdentity> identities;
  static auto fields(auto& r) { return std::tie(r.identities); }
};

}  // namespace paddock::proto
