#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/trie.h"

namespace paddock::core {

/// A trie with verbs for single-threaded tests: each of create, set and remove is a transaction of
/// its own, with the next zxid; commit_all() ends the batch and commits it.
struct TrieTest : ::testing::Test {
  static constexpr std::uint32_t reader_count = 4;

  Zxid next() { return next_zxid(trie.newest_zxid()); }
  Znode& node(std::string_view path) {
    Znode* found = trie.find(path);
    CHECK(found != nullptr);
    return *found;
  }

  // Changes inside an open transaction, parents included.
  void do_create(std::string_view path, std::string_view data = "") {
    const std::size_t slash = path.rfind('/');
    Znode& parent = node(path.substr(0, slash));
    const Acl* acl = trie.acls().intern({});
    Znode& made = trie.add_child(parent, path.substr(slash + 1), as_bytes(data), acl);
    acl->release();
    Version::Rare& above = trie.edit(parent).rare();
    ++above.num_children;
    ++above.create_counter;
    above.pzxid = trie.created(made).zxid;
  }
  void do_set(std::string_view path, std::string_view data) {
    ++trie.edit_data(node(path), as_bytes(data)).version;
  }
  void do_remove(std::string_view path) {
    Znode& gone = node(path);
    Znode& parent = *gone.parent();
    trie.remove(gone);
    Version& above = trie.edit(parent);
    --above.rare().num_children;
    above.rare().pzxid = above.zxid;
  }

  // One transaction each.
  void create(std::string_view path, std::string_view data = "") {
    trie.begin(next());
    do_create(path, data);
    trie.keep();
  }
  void set(std::string_view path, std::string_view data) {
    trie.begin(next());
    do_set(path, data);
    trie.keep();
  }
  void remove(std::string_view path) {
    trie.begin(next());
    do_remove(path);
    trie.keep();
  }
  Zxid commit_all() {
    trie.seal();
    trie.commit(trie.newest_zxid());
    return trie.newest_zxid();
  }
  void reclaim_all() {
    while (trie.reclaim()) {
    }
    trie.reclaim();
  }

  // What a reader sees. "-" = not there.
  std::string at(std::string_view path, Zxid snapshot) {
    const Version* version = trie.find_visible(path, snapshot);
    if (version == nullptr) return "-";
    const std::optional<Bytes> data = version->data();
    return data ? std::string(as_text(*data)) : "null";
  }
  std::vector<std::string> children(std::string_view path, Zxid snapshot) {
    std::vector<std::string> names;
    ChildWalk walk(node(path), snapshot);
    while (const Znode* child = walk.next()) names.emplace_back(child->name());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::size_t chain_length(std::string_view path) {
    std::size_t length = 0;
    const std::int64_t newest = trie.newest_zxid().value;
    std::vector<const Version*> seen;
    for (std::int64_t zxid = newest; zxid >= 0; --zxid) {
      const Version* version = trie.find_visible(path, Zxid{zxid});
      if (version == nullptr) continue;
      if (seen.empty() || seen.back() != version) ++length, seen.push_back(version);
    }
    return length;
  }

  Trie trie{{.reader_count_max = reader_count}};
};

using Names = std::vector<std::string>;

}  // namespace paddock::core
