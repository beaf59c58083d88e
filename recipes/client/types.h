#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/types.h"
#include "recipes/client/deadline.h"
#include "recipes/client/errors.h"

/// What operations take and give, in ZooKeeper's words. Plain values: they own what they hold.
/// Data is bytes in a std::string, not necessarily text.
namespace paddock::client {

struct Stat {
  Zxid czxid{};  ///< of the creation: unique to this incarnation, and what fencing tokens are
  Zxid mzxid{};
  std::int64_t ctime_ms = 0;
  std::int64_t mtime_ms = 0;
  std::int32_t version = 0;
  std::int32_t cversion = 0;
  std::int32_t aversion = 0;
  SessionId ephemeral_owner{};  ///< 0 = not ephemeral; containers and TTL nodes show 0 too
  std::int32_t data_length = 0;
  std::int32_t num_children = 0;
  Zxid pzxid{};
  bool operator==(const Stat&) const = default;
};

/// Permission bits of an Acl.
namespace perms {
inline constexpr std::int32_t read = 1;
inline constexpr std::int32_t write = 2;
inline constexpr std::int32_t create = 4;
inline constexpr std::int32_t remove = 8;
inline constexpr std::int32_t admin = 16;
inline constexpr std::int32_t all = 31;
}  // namespace perms

struct Acl {
  std::int32_t perms = perms::all;
  std::string scheme;
  std::string id;
  bool operator==(const Acl&) const = default;
};
/// Anyone may do anything (world:anyone), anyone may read, and whoever the session authenticated as
/// may do anything (auth:; needs an add_auth before).
std::vector<Acl> open_acl();
std::vector<Acl> read_acl();
std::vector<Acl> creator_acl();

/// The numbers are the protocol's flags.
enum class CreateMode : std::int32_t {
  persistent = 0,
  ephemeral = 1,
  persistent_sequential = 2,
  ephemeral_sequential = 3,
  container = 4,
  persistent_ttl = 5,
  persistent_sequential_ttl = 6,
};
constexpr bool is_ephemeral(CreateMode mode) {
  return mode == CreateMode::ephemeral || mode == CreateMode::ephemeral_sequential;
}
constexpr bool is_sequential(CreateMode mode) {
  return mode == CreateMode::persistent_sequential || mode == CreateMode::ephemeral_sequential ||
         mode == CreateMode::persistent_sequential_ttl;
}

struct CreateOptions {
  CreateMode mode = CreateMode::persistent;
  std::vector<Acl> acl = open_acl();
  Milliseconds ttl{0};  ///< for the two TTL modes, at least 1 ms
  /// false uses the older create, whose reply has no Stat: Created::stat stays zero.
  bool want_stat = true;
};

/// A node that now exists. `path` has the sequence number of a sequential one.
struct Created {
  std::string path;
  Stat stat;
};

struct NodeData {
  std::string data;
  Stat stat;
  bool is_null = false;  ///< created with null data rather than empty
};

struct Children {
  std::vector<std::string> names;  ///< in no order
  Stat stat;                       ///< of the parent
};

struct AclList {
  std::vector<Acl> acl;
  Stat stat;
};

struct Identity {
  std::string scheme;
  std::string user;
  bool operator==(const Identity&) const = default;
};

/// What a version argument that does not matter says.
inline constexpr std::int32_t any_version = -1;

// --- watches ---

enum class EventType : std::int32_t {
  node_created = 1,
  node_deleted = 2,
  node_data_changed = 3,
  node_children_changed = 4,
  /// The session is over and with it the watch: the last call of this watcher. Never from a server.
  watch_lost = -2,
};

struct WatchedEvent {
  EventType type{};
  std::string path;
  Zxid zxid{};  ///< of the transaction; -1 if the server does not tell (before 3.9, or after a
                ///< reconnect)
};

/// Called on the I/O thread with each event, before any reply that shows the state behind it. One
/// object may watch many paths; registered twice for the same path and kind it is still called once
/// an event. Its identity is how it is removed. Held by the client until it has fired (one-shot) or
/// is removed, so it should hold its recipe weakly.
using Watcher = std::shared_ptr<const std::function<void(const WatchedEvent&)>>;

template <class F>
Watcher make_watcher(F&& f) {
  return std::make_shared<const std::function<void(const WatchedEvent&)>>(std::forward<F>(f));
}

enum class AddWatchMode : std::int32_t {
  persistent = 0,            ///< data and children of one node, until removed
  persistent_recursive = 1,  ///< data of a node and everything below it, until removed
};

/// Which watches remove_watches and check_watches mean.
enum class WatcherType : std::int32_t {
  children = 1,
  data = 2,  ///< get_data's and exists's
  any = 3,
  persistent = 4,
  persistent_recursive = 5,
};

// --- multi ---

struct CreateOp {
  std::string path;
  std::string data{};
  CreateOptions options{};
};
struct RemoveOp {
  std::string path;
  std::int32_t version = any_version;
};
struct SetDataOp {
  std::string path;
  std::string data{};
  std::int32_t version = any_version;
};
/// Fails the multi unless the node exists and has this version.
struct CheckOp {
  std::string path;
  std::int32_t version = any_version;
};
using Op = std::variant<CreateOp, RemoveOp, SetDataOp, CheckOp>;

/// One operation's outcome: Created for a create (its stat stays zero where the server sends none),
/// Stat for a setData, nothing for delete, check and failures.
struct OpResult {
  Error error = Error::ok;
  std::variant<std::monostate, Created, Stat> value;

  const Created* created() const { return std::get_if<Created>(&value); }
  const Stat* stat() const { return std::get_if<Stat>(&value); }
};

/// What a multi came to: all of it happened, or none. One result per operation, in their order.
struct MultiResult {
  std::vector<OpResult> results;

  /// The index of the operation that failed the multi; nullopt = all of it happened.
  std::optional<std::size_t> failed() const;
  /// That operation's error, or ok.
  Error error() const;
};

struct GetDataOp {
  std::string path;
};
struct GetChildrenOp {
  std::string path;
};
using ReadOp = std::variant<GetDataOp, GetChildrenOp>;
/// Each by itself: names without a Stat for getChildren.
struct ReadResult {
  Error error = Error::ok;
  std::variant<std::monostate, NodeData, std::vector<std::string>> value;

  const NodeData* data() const { return std::get_if<NodeData>(&value); }
  const std::vector<std::string>* names() const {
    return std::get_if<std::vector<std::string>>(&value);
  }
};

}  // namespace paddock::client
