#include "core/quota.h"

#include <charconv>
#include <limits>

#include "core/proto/paths.h"

namespace paddock::core {
namespace {

std::int64_t parse_number(std::string_view text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

std::int64_t length(const Version* version) {
  return version != nullptr ? version->data_length() : 0;
}

/// The newest version of a child, or null.
const Version* newest_child(const Trie& trie, const Znode& folder, std::string_view name) {
  const Znode* child = trie.find_child(folder, name);
  return child != nullptr ? Trie::newest(*child) : nullptr;
}

}  // namespace

QuotaNumbers parse_quota(std::string_view text) {
  QuotaNumbers numbers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(",;"), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos) continue;
    const std::string_view key = pair.substr(0, equals);
    // The value ends at the next one: "bytes=10=;" is how ZooKeeper writes "bytes=10".
    const std::string_view rest = pair.substr(equals + 1);
    const std::int64_t value = parse_number(rest.substr(0, rest.find('=')));
    if (key == "count") numbers.count = value;
    if (key == "bytes") numbers.bytes = value;
    if (key == "countHardLimit") numbers.count_hard = value;
    if (key == "byteHardLimit") numbers.bytes_hard = value;
  }
  return numbers;
}

std::int64_t bounded_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  using Limits = std::numeric_limits<std::int64_t>;
  return b > 0 ? Limits::max() : Limits::min();
}

std::string quota_stats_text(std::int64_t count, std::int64_t bytes) {
  return "count=" + std::to_string(count) + ",bytes=" + std::to_string(bytes);
}

bool is_quota_node(const Trie& trie, const Znode& node, std::string_view name) {
  if (node.name() != name) return false;
  const Znode* quotas = trie.find(proto::quota_path);
  if (quotas == nullptr || node.parent() == quotas) return false;
  for (const Znode* at = node.parent(); at != nullptr; at = at->parent())
    if (at == quotas) return true;
  return false;
}

Znode* find_quota(Trie& trie, std::string_view path) {
  Znode* deepest = nullptr;
  Znode* at = trie.find(proto::quota_path);
  while (at != nullptr && Trie::newest(*at) != nullptr && path.size() > 1) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    at = trie.find_child(*at, path.substr(0, end));
    path.remove_prefix(end);
    if (at != nullptr && newest_child(trie, *at, quota_limits_name) != nullptr) deepest = at;
  }
  return deepest;
}

void QuotaChanges::start(const Transaction& txn) {
  touched_count_ = txn.touched_count();
  looked_at_ = written_ = 0;
  changes_.clear();
  index_.clear();
  is_counting_ = false;
}

void QuotaChanges::look_at(const Transaction& txn, const Transaction::Touched& touched) {
  Znode& node = *touched.node;
  const Version* now = Trie::newest(node);
  // Only now does the quota begin, or have a place for its numbers: nothing was counted before.
  if (now != nullptr && now->czxid == txn.zxid().value &&
      (is_quota_node(trie_, node, quota_limits_name) ||
       is_quota_node(trie_, node, quota_stats_name)))
    change_of(*node.parent()).recount = true;
  const int count = (now != nullptr ? 1 : 0) - (touched.existed ? 1 : 0);
  const std::int64_t bytes = length(now) - touched.data_length;
  if (count == 0 && bytes == 0) return;
  path_.clear();
  node.append_path(path_);
  Znode* folder = find_quota(trie_, path_);
  if (folder == nullptr) return;
  Change& change = change_of(*folder);
  change.count += count;
  change.bytes += bytes;
}

QuotaChanges::Change& QuotaChanges::change_of(Znode& folder) {
  const auto [at, is_new] = index_.emplace(&folder, changes_.size());
  if (is_new) changes_.push_back({.folder = &folder});
  return changes_[at->second];
}

Znode* QuotaChanges::find_stats(const Change& change) const {
  if (!change.recount && change.count == 0 && change.bytes == 0) return nullptr;
  Znode* stats = trie_.find_child(*change.folder, quota_stats_name);
  return stats != nullptr && Trie::newest(*stats) != nullptr ? stats : nullptr;
}

bool QuotaChanges::make_text(const Change& change, const Znode& stats, std::size_t& budget) {
  const Version& version = *Trie::newest(stats);
  const QuotaNumbers before = parse_quota(as_text(version.data().value_or(Bytes{})));
  // Numbers that a client has made unreadable are found anew.
  if (change.recount || before.count < 0 || before.bytes < 0) {
    if (!count_subtree(*change.folder, budget)) return false;
    text_ = quota_stats_text(count_, bytes_);
  } else {
    text_ = quota_stats_text(bounded_sum(before.count, change.count),
                             bounded_sum(before.bytes, change.bytes));
  }
  return true;
}

/// Count and bytes of what the quota in `folder` is on, itself included, as of the newest state.
bool QuotaChanges::count_subtree(const Znode& folder, std::size_t& budget) {
  constexpr Zxid newest{INT64_MAX};
  if (!is_counting_) {
    is_counting_ = true;
    count_ = bytes_ = 0;
    walks_.clear();
    path_.clear();
    folder.append_path(path_);
    const Znode* top = trie_.find(std::string_view(path_).substr(proto::quota_path.size()));
    const Version* version = top != nullptr ? Trie::newest(*top) : nullptr;
    if (version != nullptr) {
      count_ = 1;
      bytes_ = version->data_length();
      walks_.emplace_back(*top, newest);
    }
  }
  for (; !walks_.empty(); --budget) {
    if (budget == 0) return false;
    const Znode* child = walks_.back().next();
    if (child == nullptr) {
      walks_.pop_back();
      continue;
    }
    const Version& version = *Trie::newest(*child);
    ++count_;
    bytes_ += version.data_length();
    if (version.num_children() != 0) walks_.emplace_back(*child, newest);
  }
  is_counting_ = false;
  return true;
}

}  // namespace paddock::core
