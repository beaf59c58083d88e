#include <xxhash.h>

#include <cstring>

#include "tests/property/model.h"

// The tree, its digest, and reads.
namespace paddock::property {
namespace {

constexpr std::int64_t container_owner = INT64_MIN;

bool is_session(std::int64_t owner) {
  if (owner == 0 || owner == container_owner) return false;
  const auto bits = static_cast<std::uint64_t>(owner);
  return !(bits >> 56 == 0xff && (bits >> 40 & 0xffff) == 0);
}

template <class T>
void put_little(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

std::uint64_t hash(const std::string& text, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t path_hash(const std::string& path) {
  std::uint64_t at = hash("");
  std::string name;
  if (path == "/") return at;
  for (std::size_t i = 1; i <= path.size(); ++i) {
    if (i < path.size() && path[i] != '/') {
      name += path[i];
      continue;
    }
    at = hash(name, at);
    name.clear();
  }
  return at;
}

std::uint64_t acl_hash(const GrantList& acl) {
  std::uint64_t at = acl.size();
  for (const Grant& grant : acl) {
    std::string sizes;
    put_little(sizes, std::uint64_t{static_cast<std::uint32_t>(grant.perms)});
    put_little(sizes, std::uint64_t{grant.scheme.size()});
    put_little(sizes, std::uint64_t{grant.id.size()});
    at = hash(sizes, at);
    at = hash(grant.scheme, at);
    at = hash(grant.id, at);
  }
  return at;
}

std::uint64_t term(const std::string& path, const Node& node) {
  std::string record;
  put_little(record, path_hash(path));
  put_little(record, node.czxid);
  put_little(record, node.mzxid);
  put_little(record, node.pzxid);
  put_little(record, node.ctime_ms);
  put_little(record, node.mtime_ms);
  put_little(record, node.owner);
  put_little(record, node.version);
  put_little(record, node.aversion);
  put_little(record, node.create_counter);
  put_little(record, static_cast<std::int32_t>(node.children.size()));
  put_little(record, node.data ? static_cast<std::int32_t>(node.data->size()) : -1);
  put_little(record, std::int32_t{0});
  put_little(record, node.data ? hash(*node.data) : std::uint64_t{0});
  put_little(record, acl_hash(node.acl));
  return hash(record);
}

/// The node and whether the caller may; "" is the root.
std::int32_t find(const Reading& reading, const std::string& path, std::int32_t needed,
                  const Node*& node) {
  node = reading.tree.find(path.empty() ? "/" : path);
  if (node == nullptr) return -101;
  return reading.skip_acl || permits(node->acl, needed, reading.who) ? 0 : -102;
}

}  // namespace

const Node* Tree::find(const std::string& path) const {
  const auto found = nodes.find(path);
  return found == nodes.end() ? nullptr : &found->second;
}

std::vector<std::string> Tree::ephemerals(std::int64_t session) const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes)
    if (node.owner == session) paths.push_back(path);
  return paths;
}

std::size_t Tree::ephemeral_count() const {
  std::size_t count = 0;
  for (const auto& [path, node] : nodes) count += is_session(node.owner) ? 1 : 0;
  return count;
}

std::int64_t Tree::approximate_data_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [path, node] : nodes) bytes += path.size() + (node.data ? node.data->size() : 0);
  return static_cast<std::int64_t>(bytes);
}

Tree empty_tree() {
  Tree tree;
  const GrantList open{{31, "world", "anyone"}};
  tree.nodes["/"] = {.data = "", .acl = open, .children = {"zookeeper"}};
  tree.nodes["/zookeeper"] = {.data = "", .acl = open, .children = {"config", "quota"}};
  tree.nodes["/zookeeper/quota"] = {.data = "", .acl = open};
  tree.nodes["/zookeeper/config"] = {
      .data = "", .acl = {{can_read, "world", "anyone"}}, .aversion = -1};
  return tree;
}

std::uint64_t digest(const Tree& tree) {
  std::uint64_t sum = 0;
  for (const auto& [path, node] : tree.nodes) sum += term(path, node);
  for (const auto& [id, session] : tree.sessions) {
    std::string record;
    put_little(record, id);
    put_little(record, session.timeout_ms);
    put_little(record, std::int32_t{0});
    sum += hash(record + session.password);
  }
  return sum;
}

std::string stat_of(const Node& node) {
  const auto children = static_cast<std::int32_t>(node.children.size());
  const std::int64_t cversion = std::int64_t{2} * node.create_counter - children;
  std::string stat;
  put_i64(stat, node.czxid);
  put_i64(stat, node.mzxid);
  put_i64(stat, node.ctime_ms);
  put_i64(stat, node.mtime_ms);
  put_i32(stat, node.version);
  put_i32(stat, static_cast<std::int32_t>(cversion));
  put_i32(stat, node.aversion);
  put_i64(stat, is_session(node.owner) ? node.owner : 0);
  put_i32(stat, node.data ? static_cast<std::int32_t>(node.data->size()) : 0);
  put_i32(stat, children);
  put_i64(stat, node.pzxid);
  return stat;
}

ReadAnswer exists(const Reading& reading, const std::string& path) {
  if (path.find('\0') != std::string::npos) return {.err = -8};
  const Node* node = nullptr;
  if (const std::int32_t err = find(reading, path, can_read, node); err != 0) return {.err = err};
  return {.reply = stat_of(*node)};
}

ReadAnswer get_data(const Reading& reading, const std::string& path) {
  const Node* node = nullptr;
  if (const std::int32_t err = find(reading, path, can_read, node); err != 0) return {.err = err};
  ReadAnswer answer;
  put_text(answer.reply, node->data);
  answer.reply += stat_of(*node);
  return answer;
}

ReadAnswer get_acl(const Reading& reading, const std::string& path) {
  const Node* node = nullptr;
  if (const std::int32_t err = find(reading, path, can_read | can_admin, node); err != 0)
    return {.err = err};
  const bool hides = !reading.skip_acl && !permits(node->acl, can_admin, reading.who);
  ReadAnswer answer;
  put_i32(answer.reply, static_cast<std::int32_t>(node->acl.size()));
  for (const Grant& grant : node->acl) {
    std::string id = grant.id;
    if (hides && grant.scheme == "digest") id = id.substr(0, id.find(':')) + ":x";
    put_i32(answer.reply, grant.perms);
    put_text(answer.reply, grant.scheme);
    put_text(answer.reply, id);
  }
  answer.reply += stat_of(*node);
  return answer;
}

ReadAnswer get_children(const Reading& reading, const std::string& path, bool with_stat) {
  const Node* node = nullptr;
  if (const std::int32_t err = find(reading, path, can_read, node); err != 0) return {.err = err};
  ReadAnswer answer;
  answer.names.assign(node->children.begin(), node->children.end());
  if (with_stat) answer.reply = stat_of(*node);
  return answer;
}

ReadAnswer get_all_children_number(const Reading& reading, const std::string& path) {
  const Node* node = nullptr;
  if (const std::int32_t err = find(reading, path, can_read, node); err != 0) return {.err = err};
  const std::string above = path.empty() || path == "/" ? "/" : path + "/";
  std::int32_t count = 0;
  for (const auto& [other, ignored] : reading.tree.nodes)
    count += other.size() > above.size() && other.starts_with(above) ? 1 : 0;
  ReadAnswer answer;
  put_i32(answer.reply, count);
  return answer;
}

}  // namespace paddock::property
