#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/transaction.h"
#include "core/trie.h"

/// Quotas. The quota on /a/b is /zookeeper/quota/a/b/zookeeper_limits; while that node exists the
/// quota is active. What is used is the data of its sibling zookeeper_stats, so it has versions
/// like all data, and there is nothing to rebuild on load. The tree below /zookeeper/quota is the
/// index by which quotas are found: the deepest active one on a path is the only one that counts.
///
/// Of several changes in one transaction the statistics see the sum: they are written once, behind
/// its last change, as a step of its own kind, which replay carries out without counting anything.
/// Until then the transaction's own checks see the statistics as they were before it.
namespace paddock::core {

inline constexpr std::string_view quota_limits_name = "zookeeper_limits";
inline constexpr std::string_view quota_stats_name = "zookeeper_stats";

/// What the data of one of these nodes says: "count=N,bytes=M" and possibly
/// "=;byteHardLimit=X;countHardLimit=Y" behind it. -1 = nothing, or nothing that is a number.
struct QuotaNumbers {
  std::int64_t count = -1;
  std::int64_t bytes = -1;
  std::int64_t count_hard = -1;
  std::int64_t bytes_hard = -1;
  bool operator==(const QuotaNumbers&) const = default;
};
QuotaNumbers parse_quota(std::string_view text);
/// The largest or least number where the sum does not fit: a client may write any into statistics.
std::int64_t bounded_sum(std::int64_t a, std::int64_t b);
std::string quota_stats_text(std::int64_t count, std::int64_t bytes);

/// Whether `node` is of that name and belongs to a quota. One directly under /zookeeper/quota does
/// not: there is no quota on the root.
bool is_quota_node(const Trie& trie, const Znode& node, std::string_view name);

/// The folder with the nodes of the quota that counts for `path`, as of the newest state, or null.
Znode* find_quota(Trie& trie, std::string_view path);

/// What a transaction does to the statistics of quotas, found out in slices.
///
/// Threads: loop-local.
class QuotaChanges {
 public:
  explicit QuotaChanges(Trie& trie) : trie_(trie) {}

  /// Forgets the last transaction; `txn` has come to its end but for run().
  void start(const Transaction& txn);
  /// Calls `write(stats, path, data)` for each statistics node that changes; both texts live during
  /// the call. True when all is done; `budget` nodes are looked at before it returns false.
  template <class Write>
  bool run(const Transaction& txn, std::size_t& budget, Write&& write);

 private:
  struct Change {
    Znode* folder = nullptr;
    std::int64_t count = 0;
    std::int64_t bytes = 0;
    bool recount = false;  ///< the difference does not matter: all is counted
  };

  void look_at(const Transaction& txn, const Transaction::Touched& touched);
  Change& change_of(Znode& folder);
  /// The statistics node of the change, if there is one that is to be written.
  Znode* find_stats(const Change& change) const;
  bool make_text(const Change& change, const Znode& stats, std::size_t& budget);
  bool count_subtree(const Znode& folder, std::size_t& budget);

  Trie& trie_;
  std::size_t touched_count_ = 0;
  std::size_t looked_at_ = 0;
  std::vector<Change> changes_;  ///< in the order of the transaction
  std::unordered_map<const Znode*, std::size_t> index_;
  std::size_t written_ = 0;

  // A count that goes on.
  bool is_counting_ = false;
  std::vector<ChildWalk> walks_;  ///< one for each level
  std::int64_t count_ = 0;
  std::int64_t bytes_ = 0;

  std::string path_;
  std::string text_;
};

template <class Write>
bool QuotaChanges::run(const Transaction& txn, std::size_t& budget, Write&& write) {
  for (; looked_at_ < touched_count_; ++looked_at_, --budget) {
    if (budget == 0) return false;
    look_at(txn, txn.touched(looked_at_));
  }
  for (; written_ < changes_.size(); ++written_) {
    Znode* stats = find_stats(changes_[written_]);
    if (stats == nullptr) continue;
    if (!make_text(changes_[written_], *stats, budget)) return false;
    path_.clear();
    stats->append_path(path_);
    write(*stats, std::string_view(path_), std::string_view(text_));
  }
  return true;
}

}  // namespace paddock::core
