#pragma once

#include <cstdint>
#include <tuple>

#include "core/proto/codec.h"
#include "core/proto/protocol.h"

/// The bodies of requests, in the order of their opcodes. ping, closeSession and whoAmI have none;
/// multi and multiRead are in multi.h.
namespace paddock::proto {

/// One entry of an ACL as it came from the client: nothing about it has been checked.
struct Acl {
  std::int32_t perms = 0;
  Ustring scheme;
  Ustring id;
  static auto fields(auto& r) { return std::tie(r.perms, r.scheme, r.id); }
  bool operator==(const Acl&) const = default;
};

/// create, create2, createContainer.
struct CreateRequest {
  Ustring path;
  Buffer data;
  Vector<Acl> acl;
  std::int32_t flags = 0;
  static auto fields(auto& r) { return std::tie(r.path, r.data, r.acl, r.flags); }
};

struct CreateTtlRequest {
  Ustring path;
  Buffer data;
  Vector<Acl> acl;
  std::int32_t flags = 0;
  std::int64_t ttl_ms = 0;
  static auto fields(auto& r) { return std::tie(r.path, r.data, r.acl, r.flags, r.ttl_ms); }
};

/// delete, check: a version of -1 matches any.
struct PathVersionRequest {
  Ustring path;
  std::int32_t version = 0;
  static auto fields(auto& r) { return std::tie(r.path, r.version); }
};

/// exists, getData, getChildren, getChildren2.
struct PathWatchRequest {
  Ustring path;
  bool watch = false;
  static auto fields(auto& r) { return std::tie(r.path, r.watch); }
};

/// getACL, sync, getAllChildrenNumber, deleteContainer; getEphemerals, where it is a prefix.
struct PathRequest {
  Ustring path;
  static auto fields(auto& r) { return std::tie(r.path); }
};

struct SetDataRequest {
  Ustring path;
  Buffer data;
  std::int32_t version = 0;
  static auto fields(auto& r) { return std::tie(r.path, r.data, r.version); }
};

/// `version` is compared with the node's aversion.
struct SetAclRequest {
  Ustring path;
  Vector<Acl> acl;
  std::int32_t version = 0;
  static auto fields(auto& r) { return std::tie(r.path, r.acl, r.version); }
};

struct ReconfigRequest {
  Ustring joining;
  Ustring leaving;
  Ustring new_members;
  std::int64_t config_id = 0;
  static auto fields(auto& r) { return std::tie(r.joining, r.leaving, r.new_members, r.config_id); }
};

/// checkWatches and removeWatches.
enum class WatcherType : std::int32_t {
  children = 1,
  data = 2,
  any = 3,
  persistent = 4,
  persistent_recursive = 5,
};

/// The type is what the client sent, in or out of range.
struct WatchesRequest {
  Ustring path;
  WatcherType type{};
  static auto fields(auto& r) { return std::tie(r.path, r.type); }
};

/// `type` means nothing.
struct AuthRequest {
  std::int32_t type = 0;
  Ustring scheme;
  Buffer auth;
  static auto fields(auto& r) { return std::tie(r.type, r.scheme, r.auth); }
};

/// The watches of a reconnecting client, with the last zxid that it has seen.
struct SetWatchesRequest {
  Zxid relative_zxid{};
  Vector<Ustring> data;
  Vector<Ustring> exist;
  Vector<Ustring> child;
  static auto fields(auto& r) { return std::tie(r.relative_zxid, r.data, r.exist, r.child); }
};

struct SetWatches2Request {
  Zxid relative_zxid{};
  Vector<Ustring> data;
  Vector<Ustring> exist;
  Vector<Ustring> child;
  Vector<Ustring> persistent;
  Vector<Ustring> persistent_recursive;
  static auto fields(auto& r) {
    return std::tie(r.relative_zxid, r.data, r.exist, r.child, r.persistent,
                    r.persistent_recursive);
  }
};

struct SaslRequest {
  Buffer token;
  static auto fields(auto& r) { return std::tie(r.token); }
};

enum class AddWatchMode : std::int32_t {
  persistent = 0,
  persistent_recursive = 1,
};

/// The mode is what the client sent, in or out of range.
struct AddWatchRequest {
  Ustring path;
  AddWatchMode mode{};
  static auto fields(auto& r) { return std::tie(r.path, r.mode); }
};

}  // namespace paddock::proto
