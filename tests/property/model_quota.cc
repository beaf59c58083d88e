#include <cerrno>
#include <cstdlib>
#include <limits>

#include "tests/property/model.h"

// Quotas: docs/protocol.md, section 11; and what the server removes by itself: section 5.
namespace paddock::property {
namespace {

const std::string quota_root = "/zookeeper/quota";

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (at.find(c) != std::string::npos)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

struct Numbers {
  std::int64_t count = -1, bytes = -1, count_hard = -1, bytes_hard = -1;
};

std::int64_t number(const std::string& text) {
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  if (text.size() == digits || text.find_first_not_of("0123456789", digits) != std::string::npos)
    return -1;
  errno = 0;
  const std::int64_t value = std::strtoll(text.c_str(), nullptr, 10);
  return errno == ERANGE ? -1 : value;
}

Numbers parse(const Text& data) {
  Numbers numbers;
  for (const std::string& pair : split(data.value_or(""), ",;")) {
    const std::vector<std::string> parts = split(pair, "=");
    if (parts.size() < 2) continue;
    if (parts[0] == "count") numbers.count = number(parts[1]);
    if (parts[0] == "bytes") numbers.bytes = number(parts[1]);
    if (parts[0] == "countHardLimit") numbers.count_hard = number(parts[1]);
    if (parts[0] == "byteHardLimit") numbers.bytes_hard = number(parts[1]);
  }
  return numbers;
}

std::int64_t bounded_sum(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (b > 0 && a > Limits::max() - b) return Limits::max();
  if (b < 0 && a < Limits::min() - b) return Limits::min();
  return a + b;
}

std::int64_t length(const Node* node) {
  return node != nullptr && node->data ? static_cast<std::int64_t>(node->data->size()) : 0;
}

/// The deepest path at or above `path` that has limits; "" if there is none.
std::string quota_of(const Tree& tree, const std::string& path) {
  std::string found;
  for (std::size_t end = 2; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string above = path.substr(0, end);
    if (tree.find(quota_root + above + "/zookeeper_limits") != nullptr) found = above;
  }
  return found;
}

/// "/a" of "/zookeeper/quota/a/zookeeper_stats", whether limits or stats; "" of anything else.
std::string quota_with_node(const std::string& path) {
  for (const std::string name : {"/zookeeper_limits", "/zookeeper_stats"})
    if (path.starts_with(quota_root + "/") && path.ends_with(name) &&
        path.size() > quota_root.size() + name.size())
      return path.substr(quota_root.size(), path.size() - quota_root.size() - name.size());
  return "";
}

}  // namespace

/// The answer of a create or setData to the quota that counts for `path`, as it stood before the
/// request: `count` and `bytes` are what it would add.
std::int32_t Model::check_quota(const std::string& path, std::int64_t count, std::int64_t bytes) {
  const std::string on = quota_of(tree_, path);
  if (on.empty()) return 0;
  const Node* limits = tree_.find(quota_root + on + "/zookeeper_limits");
  const Node* stats = tree_.find(quota_root + on + "/zookeeper_stats");
  if (stats == nullptr || limits->czxid == zxid_) return 0;
  const Numbers allowed = parse(limits->data);
  const Numbers used = parse(stats->data);
  const auto judge = [&](const char* what, std::int64_t value, std::int64_t soft,
                         std::int64_t hard) {
    const std::int64_t limit = hard > -1 ? hard : soft;
    if (limit < 0 || value <= limit) return 0;
    answer_.excess = Excess{path, what, value, limit, hard > -1};
    return hard > -1 && options_.enforce_quota ? -125 : 0;
  };
  if (count != 0) {
    const std::int32_t err =
        judge("count", bounded_sum(used.count, count), allowed.count, allowed.count_hard);
    if (err != 0) return err;
  }
  if (bytes == 0) return 0;
  return judge("bytes", bounded_sum(used.bytes, bytes), allowed.bytes, allowed.bytes_hard);
}

/// Behind the last change of a request: statistics get the sum of what has changed, or are counted
/// anew where the quota has just begun or says no numbers.
void Model::update_quotas(const Tree& before) {
  struct Change {
    std::int64_t count = 0, bytes = 0;
    bool recount = false;
  };
  std::map<std::string, Change> changes;
  const auto changed = [&](const std::string& path) {
    const Node* now = tree_.find(path);
    const Node* then = before.find(path);
    const std::string begun = quota_with_node(path);
    if (now != nullptr && now->czxid == zxid_ && !begun.empty()) changes[begun].recount = true;
    const std::string on = quota_of(tree_, path);
    if (on.empty()) return;
    changes[on].count += (now != nullptr ? 1 : 0) - (then != nullptr ? 1 : 0);
    changes[on].bytes += length(now) - length(then);
  };
  for (const auto& [path, node] : tree_.nodes) changed(path);
  for (const auto& [path, node] : before.nodes)
    if (tree_.find(path) == nullptr) changed(path);

  for (const auto& [on, change] : changes) {
    if (!change.recount && change.count == 0 && change.bytes == 0) continue;
    const auto stats = tree_.nodes.find(quota_root + on + "/zookeeper_stats");
    if (stats == tree_.nodes.end()) continue;
    Numbers used = parse(stats->second.data);
    if (change.recount || used.count < 0 || used.bytes < 0) {
      used.count = used.bytes = 0;
      for (const auto& [path, node] : tree_.nodes) {
        if (path != on && !path.starts_with(on + "/")) continue;
        ++used.count;
        used.bytes += length(&node);
      }
    } else {
      used.count = bounded_sum(used.count, change.count);
      used.bytes = bounded_sum(used.bytes, change.bytes);
    }
    stats->second.data =
        "count=" + std::to_string(used.count) + ",bytes=" + std::to_string(used.bytes);
  }
}

// --- Containers and TTL nodes.

bool is_removable(const Node& node) {
  return node.owner == INT64_MIN || static_cast<std::uint64_t>(node.owner) >> 40 == 0xff0000;
}

bool is_due(const Node& node, std::int64_t now_ms, std::int64_t never_used_ms_max) {
  if (!is_removable(node) || !node.children.empty()) return false;
  const std::int64_t age_ms = now_ms - node.mtime_ms;
  if (node.owner != INT64_MIN) return age_ms > (node.owner & 0xffffffffff);
  return node.create_counter > 0 || (never_used_ms_max > 0 && age_ms > never_used_ms_max);
}

}  // namespace paddock::property
