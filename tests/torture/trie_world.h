#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/trie.h"

namespace paddock::core {

/// A tree that changes at random, with properties that hold after every transaction and between
/// none of its steps:
///  * /left/i and /right/i (i < pair_count) hold two numbers whose sum is pair_sum;
///  * /pool/d (d < pool_count) has as many children as its version says, each holding its own path,
///  and
///    each second child a child of its own;
///  * the tree as a set of (path, data, mzxid) hashes to what the writer's model, a plain map,
///  says.
/// A transaction is now and then made up of many steps and then undone.
class TrieWorld {
 public:
  static constexpr int pair_count = 32;
  static constexpr std::int64_t pair_sum = 1'000'000;
  static constexpr int pool_count = 4;
  static constexpr int pool_names = 600;
  static constexpr std::uint32_t reader_count = 4;  // the last one is the snapshot walker's

  explicit TrieWorld(std::uint32_t seed);

  /// The writer: one loop turn of transactions, seals, commits and reclamation.
  void turn();
  /// Commits all, so that nothing is pending.
  void finish();

  Trie& trie() { return trie_; }
  std::uint64_t txn_count() const { return txn_count_; }
  std::uint64_t undo_count() const { return undo_count_; }
  std::size_t model_size() const { return model_.size(); }

  /// What the model's digest was after the committed state `zxid`. Threads: any (its own lock).
  std::uint64_t digest_at(Zxid zxid);
  /// One node's part of the digest, which is the sum of them.
  static std::uint64_t hash_of(std::string_view path, std::string_view data, std::int64_t mzxid);

  /// A reader's checks at its pin, with `random` choosing; CHECKs. Counted by kind.
  struct Seen {
    std::uint64_t pairs = 0, pools = 0, children = 0, missing = 0;
  };
  void check_pair(Zxid snapshot, int i, Seen& seen) const;
  /// `between(child)` is called after each child.
  template <class Between>
  void check_pool(Zxid snapshot, int d, Seen& seen, Between&& between) const;

 private:
  struct Entry {
    std::string data;
    std::int64_t mzxid;
  };

  void transaction();
  void transfer();
  void toggle_pool_child();
  void set_pool_child();
  void create(const std::string& path, std::string data);
  void set(const std::string& path, std::string data);
  void remove(const std::string& path);
  void note(const std::string& path, std::optional<Entry> now);
  std::string random_child();
  static std::string filler(std::string_view path, std::uint32_t random);

  Trie trie_{{.reader_count_max = reader_count}};
  std::mt19937 random_;
  std::map<std::string, Entry> model_;
  std::uint64_t digest_ = 0;
  std::vector<std::pair<std::string, std::optional<Entry>>> before_;  // of the open transaction
  std::deque<Zxid> sealed_;                                           // batch ends to commit
  std::uint64_t txn_count_ = 0;
  std::uint64_t undo_count_ = 0;

  std::mutex lock_;
  std::map<std::int64_t, std::uint64_t> digests_;  // under lock_
};

template <class Between>
void TrieWorld::check_pool(Zxid snapshot, int d, Seen& seen, Between&& between) const {
  const std::string pool = "/pool/" + std::to_string(d);
  const Znode* node = trie_.find(pool);
  CHECK(node != nullptr);
  const Version* version = Trie::visible(*node, snapshot);
  CHECK(version != nullptr);
  const std::int32_t expected = version->num_children();
  std::int32_t count = 0;
  ChildWalk walk(*node, snapshot);
  while (const Znode* child = walk.next()) {
    ++count;
    const Version* seen_version = Trie::visible(*child, snapshot);
    CHECK(seen_version != nullptr);
    std::string path = pool + "/";
    path += child->name();
    const std::string_view data = as_text(*seen_version->data());
    CHECK(data.substr(0, path.size()) == path);
    CHECK(trie_.find_visible(path, snapshot) == seen_version);
    between();
  }
  CHECK(count == expected);
  ++seen.pools;
  seen.children += static_cast<std::uint64_t>(count);
}

}  // namespace paddock::core
