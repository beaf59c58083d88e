#include <fmt/format.h>

#include <algorithm>

#include "tests/property/model.h"

// Writes: docs/protocol.md, sections 5, 6, 8.2, 8.3 and 9.2.
namespace paddock::property {
namespace {

constexpr std::int32_t event_created = 1, event_deleted = 2, event_data = 3, event_children = 4;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}
std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::int32_t wrapped_plus_one(std::int32_t version) {
  return version == INT32_MAX ? INT32_MIN : version + 1;
}

bool is_reserved(const std::string& path) {
  return path == "/" || path == "/zookeeper" || path == "/zookeeper/quota" ||
         path == "/zookeeper/config";
}

bool is_special_owner(std::int64_t owner) { return is_removable({.owner = owner}); }

std::int64_t length(const Text& data) { return data ? static_cast<std::int64_t>(data->size()) : 0; }

void put_result(std::string& reply, std::int32_t type, std::int32_t err) {
  put_i32(reply, type);
  reply += '\0';
  put_i32(reply, err);
}

}  // namespace

Answer Model::apply(const Request& request) {
  request_ = &request;
  answer_ = {};
  zxid_ =
      (tree_.zxid & 0xffffffff) == 0xffffffff ? ((tree_.zxid >> 32) + 1) << 32 | 1 : tree_.zxid + 1;
  const Tree before = tree_;
  const std::int32_t err = request.cut_short               ? -5
                           : request.op.opcode == op_multi ? multi(request.op)
                                                           : apply_single(request.op);
  answer_.err = err;
  answer_.has_txn = err == 0;
  if (request.op.opcode == op_multi && !request.cut_short) {
    // A failed one has an answer all the same, which multi() has written.
    if (in_multi_) answer_.has_txn = false;
    in_multi_ = false;
    if (!answer_.has_txn) tree_ = before;
  }
  if (!answer_.has_txn) answer_.events.clear();
  if (err != 0) answer_.reply.clear();
  if (answer_.has_txn) {
    tree_.zxid = zxid_;
    update_quotas(before);
  }
  answer_.zxid = tree_.zxid;
  answer_.judged.emplace_back(name_of(request.op.opcode), err);
  return std::move(answer_);
}

std::int32_t Model::apply_single(const Operation& op) {
  switch (op.opcode) {
    case op_create:
    case op_create2:
    case op_create_container:
    case op_create_ttl:
      return create(op);
    case op_delete:
      return remove(op);
    case op_set_data:
      return set_data(op);
    case op_set_acl:
      return set_acl(op);
    case op_check:
      return check(op);
    case op_delete_container:
      return remove_container(op);
    case op_create_session:
      return open_session();
    case op_close_session:
      return close_session();
    default:
      return -6;
  }
}

bool Model::may(const Node& node, std::int32_t needed) const {
  return options_.skip_acl || permits(node.acl, needed, request_->who);
}

bool Model::is_session_open() const {
  return request_->session == 0 || tree_.sessions.contains(request_->session);
}

std::int32_t Model::owner_of(const Operation& op, std::int64_t& owner) const {
  if (op.flags < 0 || op.flags > 6) return -8;
  const bool asks_ttl = op.flags == 5 || op.flags == 6;
  if (asks_ttl && !options_.extended_types_enabled) return -6;
  if (op.opcode == op_create_ttl) {
    if (!asks_ttl || op.ttl_ms < 1 || op.ttl_ms > 1099511627775) return -8;
    owner = static_cast<std::int64_t>(0xff00000000000000u + static_cast<std::uint64_t>(op.ttl_ms));
    return 0;
  }
  if (asks_ttl) return -8;
  if (op.opcode == op_create_container)
    owner = INT64_MIN;
  else
    owner = op.flags == 1 || op.flags == 3 ? request_->session : 0;
  return 0;
}

std::int32_t Model::create(const Operation& op) {
  std::int64_t owner = 0;
  if (const std::int32_t err = owner_of(op, owner); err != 0) return err;
  if (!is_session_open()) return -112;
  if (!op.path) return -5;
  std::string path = java_text(*op.path);
  if (path.find('/') == std::string::npos || path.find('\0') != std::string::npos) return -8;
  const auto [acl_err, acl] = resolve(op.acl, request_->who);
  if (acl_err != 0) return acl_err;
  const std::string above = parent_of(path);
  const auto parent = tree_.nodes.find(above);
  if (parent == tree_.nodes.end()) return -101;
  if (!may(parent->second, can_create)) return -102;
  std::int32_t& counter = parent->second.create_counter;
  if (op.flags == 2 || op.flags == 3 || op.flags == 6) path += fmt::format("{:010d}", counter);
  if (!is_valid_path(path)) return -8;
  if (tree_.find(path) != nullptr) return -110;
  if (parent->second.owner != 0 && !is_special_owner(parent->second.owner)) return -108;
  if (const std::int32_t err = check_quota(path, 1, length(op.data)); err != 0) return err;

  Node& node = tree_.nodes[path];
  node = {.data = op.data,
          .acl = acl,
          .czxid = zxid_,
          .mzxid = zxid_,
          .pzxid = zxid_,
          .ctime_ms = request_->now_ms,
          .mtime_ms = request_->now_ms,
          .owner = owner};
  parent->second.pzxid = zxid_;
  if (counter < INT32_MAX) ++counter;
  parent->second.children.insert(last_name(path));
  tell(event_created, path);
  tell(event_children, above);
  if (in_multi_) put_result(answer_.reply, op.opcode == op_create ? 1 : 15, 0);
  put_text(answer_.reply, path);
  if (op.opcode != op_create) answer_.reply += stat_of(node);
  return 0;
}

std::int32_t Model::remove(const Operation& op) {
  if (!is_session_open()) return -112;
  if (!op.path) return -5;
  const std::string path = java_text(*op.path);
  if (path.find('/') == std::string::npos || path.find('\0') != std::string::npos) return -8;
  if (is_reserved(path)) return -8;
  const Node* parent = tree_.find(parent_of(path));
  if (parent == nullptr) return -101;
  if (!may(*parent, can_delete)) return -102;
  const Node* node = tree_.find(path);
  if (node == nullptr) return -101;
  if (op.version != -1 && op.version != node->version) return -103;
  if (!node->children.empty()) return -111;
  delete_node(path);
  if (in_multi_) put_result(answer_.reply, op_delete, 0);
  return 0;
}

/// The server's own: it may have been outdated since the server chose the node.
std::int32_t Model::remove_container(const Operation& op) {
  if (!op.path || is_reserved(*op.path)) return -8;
  const Node* node = tree_.find(*op.path);
  if (node == nullptr) return -101;
  if (!node->children.empty()) return -111;
  if (!is_special_owner(node->owner)) return -103;
  if (node->owner != INT64_MIN) {
    const std::int64_t ttl_ms = node->owner & 0xffffffffff;
    if (request_->now_ms - node->mtime_ms <= ttl_ms) return -103;
  }
  delete_node(*op.path);
  return 0;
}

void Model::delete_node(const std::string& path) {
  const std::string above = parent_of(path);
  tell(event_deleted, path);
  tree_.nodes.erase(path);
  Node& parent = tree_.nodes.at(above);
  parent.children.erase(last_name(path));
  parent.pzxid = zxid_;
  tell(event_children, above);
}

/// What setData, setACL and check do with a path.
std::int32_t Model::find_valid(const Text& raw, std::string& path, Node*& node) {
  if (!raw) return -8;
  path = java_text(*raw);
  if (!is_valid_path(path)) return -8;
  const auto found = tree_.nodes.find(path);
  if (found == tree_.nodes.end()) return -101;
  node = &found->second;
  return 0;
}

std::int32_t Model::set_data(const Operation& op) {
  if (!is_session_open()) return -112;
  std::string path;
  Node* node = nullptr;
  if (const std::int32_t err = find_valid(op.path, path, node); err != 0) return err;
  if (!may(*node, can_write)) return -102;
  const std::int64_t more = length(op.data) - length(node->data);
  if (const std::int32_t err = check_quota(path, 0, more); err != 0) return err;
  if (op.version != -1 && op.version != node->version) return -103;
  node->data = op.data;
  node->version = wrapped_plus_one(node->version);
  node->mzxid = zxid_;
  node->mtime_ms = request_->now_ms;
  tell(event_data, path);
  if (in_multi_) put_result(answer_.reply, op_set_data, 0);
  answer_.reply += stat_of(*node);
  return 0;
}

std::int32_t Model::set_acl(const Operation& op) {
  if (!is_session_open()) return -112;
  if (!op.path || !is_valid_path(java_text(*op.path))) return -8;
  const auto [acl_err, acl] = resolve(op.acl, request_->who);
  if (acl_err != 0) return acl_err;
  std::string path;
  Node* node = nullptr;
  if (const std::int32_t err = find_valid(op.path, path, node); err != 0) return err;
  if (!may(*node, can_admin)) return -102;
  if (op.version != -1 && op.version != node->aversion) return -103;
  node->acl = acl;
  node->aversion = wrapped_plus_one(node->aversion);
  answer_.reply += stat_of(*node);
  return 0;
}

std::int32_t Model::check(const Operation& op) {
  if (!is_session_open()) return -112;
  std::string path;
  Node* node = nullptr;
  if (const std::int32_t err = find_valid(op.path, path, node); err != 0) return err;
  if (!may(*node, can_read)) return -102;
  if (op.version != -1 && op.version != node->version) return -103;
  put_result(answer_.reply, op_check, 0);
  return 0;
}

/// Leaves in_multi_ set if one of the operations failed.
std::int32_t Model::multi(const Operation& op) {
  for (const Operation& sub : op.ops)
    if (sub.opcode == op_set_acl || (is_create(sub.opcode) && (sub.flags < 0 || sub.flags > 6)))
      return -5;
  in_multi_ = true;
  for (std::size_t i = 0; i < op.ops.size(); ++i) {
    const std::int32_t err = apply_single(op.ops[i]);
    answer_.judged.emplace_back(std::string("multi.") + name_of(op.ops[i].opcode), err);
    if (err == 0) continue;
    if (err == -5) return err;
    answer_.reply.clear();
    for (std::size_t j = 0; j < op.ops.size(); ++j) {
      const std::int32_t told = j < i ? 0 : j == i ? err : -2;
      put_result(answer_.reply, -1, told);
      put_i32(answer_.reply, told);
      if (told == -2) answer_.judged.emplace_back("multi.rest", told);
    }
    put_i32(answer_.reply, -1);
    answer_.reply += '\1';
    put_i32(answer_.reply, -1);
    answer_.judged.emplace_back("multi.failed", 0);
    return 0;
  }
  in_multi_ = false;
  put_i32(answer_.reply, -1);
  answer_.reply += '\1';
  put_i32(answer_.reply, -1);
  return 0;
}

std::int32_t Model::open_session() {
  if (request_->session == 0 || is_special_owner(request_->session)) return -8;
  if (tree_.sessions.contains(request_->session)) return -110;
  tree_.sessions[request_->session] = {request_->timeout_ms, request_->password};
  return 0;
}

std::int32_t Model::close_session() {
  if (!tree_.sessions.contains(request_->session)) return -112;
  for (const std::string& path : tree_.ephemerals(request_->session)) delete_node(path);
  tree_.sessions.erase(request_->session);
  return 0;
}

void Model::tell(std::int32_t type, const std::string& path) {
  answer_.events.push_back({type, path, tree_.nodes.at(path).acl});
}

}  // namespace paddock::property
