#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/property/operation.h"

/// What the core must do, written down a second time and as simply as possible: maps, copies and
/// loops, nothing kept up to date that can be computed. It includes nothing of core/.
namespace paddock::property {

/// An entry of an ACL list as stored.
struct Grant {
  std::int32_t perms = 0;
  std::string scheme;
  std::string id;
  auto operator<=>(const Grant&) const = default;
};
using GrantList = std::vector<Grant>;

struct Node {
  Text data;
  GrantList acl;
  std::int64_t czxid = 0, mzxid = 0, pzxid = 0;
  std::int64_t ctime_ms = 0, mtime_ms = 0;
  std::int64_t owner = 0;  ///< as stored: containers and TTL nodes encoded
  std::int32_t version = 0, aversion = 0, create_counter = 0;
  std::set<std::string> children;  ///< names
};

struct OpenSession {
  std::int32_t timeout_ms = 0;
  std::string password;
};

/// The whole state after one transaction. Snapshots are copies.
struct Tree {
  std::int64_t zxid = 0;
  std::map<std::string, Node> nodes;  ///< by path
  std::map<std::int64_t, OpenSession> sessions;

  const Node* find(const std::string& path) const;
  std::vector<std::string> ephemerals(std::int64_t session) const;  ///< sorted paths
  std::size_t ephemeral_count() const;
  std::int64_t approximate_data_bytes() const;
};

/// A fresh server's: the four reserved nodes at zxid 0.
Tree empty_tree();

/// As docs/digest.md has it, from scratch.
std::uint64_t digest(const Tree& tree);

/// A container or a TTL node.
bool is_removable(const Node& node);
/// Whether the server is to remove it by itself; `never_used_ms_max` is of containers that never
/// had a child, 0 = they stay.
bool is_due(const Node& node, std::int64_t now_ms, std::int64_t never_used_ms_max);

/// The Stat's 68 bytes.
std::string stat_of(const Node& node);

// --- ACLs.

bool permits(const GrantList& acl, std::int32_t needed, const std::vector<Who>& who);
/// The list to store, or an error code (then the list has no meaning).
std::pair<std::int32_t, GrantList> resolve(const std::optional<std::vector<AskedAcl>>& asked,
                                           const std::vector<Who>& who);
inline constexpr std::int32_t can_read = 1, can_write = 2, can_create = 4, can_delete = 8,
                              can_admin = 16;

// --- Text and paths.

/// The text that a Java server sees in these bytes. Of malformed UTF-8 it knows what the generator
/// makes: single bytes that fit nowhere, and surrogates of three bytes.
std::string java_text(const std::string& bytes);
/// ZooKeeper's PathUtils.validatePath.
bool is_valid_path(const std::string& path);

// --- Writes.

struct ExpectedEvent {
  std::int32_t type = 0;
  std::string path;
  GrantList acl;
  auto operator<=>(const ExpectedEvent&) const = default;
};

/// A quota that the request exceeds, or would have.
struct Excess {
  std::string path;
  std::string what;
  std::int64_t value = 0, limit = 0;
  bool is_hard = false;
};

struct Answer {
  std::int32_t err = 0;
  std::int64_t zxid = 0;
  bool has_txn = false;
  std::string reply;
  std::vector<ExpectedEvent> events;
  std::optional<Excess> excess;  ///< the last one
  /// (operation, code) of all that was judged: the request, and its parts if it is a multi.
  std::vector<std::pair<std::string, std::int32_t>> judged;
};

class Model {
 public:
  struct Options {
    bool extended_types_enabled = true;
    bool skip_acl = false;
    bool enforce_quota = false;
  };
  Model(const Options& options, Tree tree) : options_(options), tree_(std::move(tree)) {}

  const Tree& tree() const { return tree_; }
  /// Carries out the request.
  Answer apply(const Request& request);

 private:
  std::int32_t apply_single(const Operation& op);
  std::int32_t create(const Operation& op);
  std::int32_t owner_of(const Operation& op, std::int64_t& owner) const;
  std::int32_t remove(const Operation& op);
  std::int32_t remove_container(const Operation& op);
  std::int32_t set_data(const Operation& op);
  std::int32_t set_acl(const Operation& op);
  std::int32_t check(const Operation& op);
  std::int32_t multi(const Operation& op);
  std::int32_t open_session();
  std::int32_t close_session();

  std::int32_t check_quota(const std::string& path, std::int64_t count, std::int64_t bytes);
  void update_quotas(const Tree& before);

  bool may(const Node& node, std::int32_t needed) const;
  bool is_session_open() const;
  std::int32_t find_valid(const Text& raw, std::string& path, Node*& node);
  void delete_node(const std::string& path);
  void tell(std::int32_t type, const std::string& path);

  Options options_;
  Tree tree_;
  // The request being applied.
  const Request* request_ = nullptr;
  std::int64_t zxid_ = 0;
  Answer answer_;
  bool in_multi_ = false;
};

// --- Reads at a snapshot: an error code, or 0 and the reply's body.

struct ReadAnswer {
  std::int32_t err = 0;
  std::string reply;
  std::vector<std::string> names;  ///< getChildren: sorted; the reply is what follows the names
};
struct Reading {
  const Tree& tree;
  const std::vector<Who>& who;
  bool skip_acl = false;
};
ReadAnswer exists(const Reading& reading, const std::string& path);
ReadAnswer get_data(const Reading& reading, const std::string& path);
ReadAnswer get_acl(const Reading& reading, const std::string& path);
ReadAnswer get_children(const Reading& reading, const std::string& path, bool with_stat);
ReadAnswer get_all_children_number(const Reading& reading, const std::string& path);

}  // namespace paddock::property
