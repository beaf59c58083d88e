#pragma once

#include <cstdint>

/// Names and numbers of the ZooKeeper client protocol (release 3.9).
namespace paddock::proto {

enum class OpCode : std::int32_t {
  notification = 0,
  create = 1,
  remove = 2,  // "delete" in ZooKeeper, a keyword here
  exists = 3,
  get_data = 4,
  set_data = 5,
  get_acl = 6,
  set_acl = 7,
  get_children = 8,
  sync = 9,
  ping = 11,
  get_children2 = 12,
  check = 13,
  multi = 14,
  create2 = 15,
  reconfig = 16,
  check_watches = 17,
  remove_watches = 18,
  create_container = 19,
  delete_container = 20,
  create_ttl = 21,
  multi_read = 22,
  auth = 100,
  set_watches = 101,
  sasl = 102,
  get_ephemerals = 103,
  get_all_children_number = 104,
  set_watches2 = 105,
  add_watch = 106,
  who_am_i = 107,
  create_session = -10,
  close_session = -11,
  error = -1,
};

/// Codes a reply header may carry; clients die on codes they do not know, so none is invented.
enum class ErrorCode : std::int32_t {
  ok = 0,
  runtime_inconsistency = -2,
  marshalling_error = -5,
  unimplemented = -6,
  bad_arguments = -8,
  no_node = -101,
  no_auth = -102,
  bad_version = -103,
  no_children_for_ephemerals = -108,
  node_exists = -110,
  not_empty = -111,
  session_expired = -112,
  invalid_acl = -114,
  auth_failed = -115,
  not_read_only = -119,
  no_watcher = -121,
  reconfig_disabled = -123,
  session_closed_require_sasl_auth = -124,
  quota_exceeded = -125,
};

/// Event types the server sends in a WatcherEvent.
enum class EventType : std::int32_t {
  node_created = 1,
  node_deleted = 2,
  node_data_changed = 3,
  node_children_changed = 4,
};

/// Request xids with a meaning of their own.
inline constexpr std::int32_t xid_notification = -1;
inline constexpr std::int32_t xid_ping = -2;

/// ACL permission bits.
inline constexpr std::int32_t perm_read = 1;
inline constexpr std::int32_t perm_write = 2;
inline constexpr std::int32_t perm_create = 4;
inline constexpr std::int32_t perm_delete = 8;
inline constexpr std::int32_t perm_admin = 16;
inline constexpr std::int32_t perm_all = 31;

}  // namespace paddock::proto
