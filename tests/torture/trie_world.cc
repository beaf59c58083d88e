#include "tests/torture/trie_world.h"

#include <xxhash.h>

#include <charconv>

#include "core/base/check.h"

namespace paddock::core {
namespace {

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  CHECK(error == std::errc{});
  CHECK(end == text.data() + text.size());
  return number;
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

}  // namespace

TrieWorld::TrieWorld(std::uint32_t seed) : random_(seed) {
  trie_.begin(next_zxid(trie_.newest_zxid()));
  model_["/"] = {"", 0};
  digest_ = hash_of("/", "", 0);
  create("/left", "");
  create("/right", "");
  create("/pool", "");
  for (int i = 0; i < pair_count; ++i) {
    create("/left/" + std::to_string(i), "0");
    create("/right/" + std::to_string(i), std::to_string(pair_sum));
  }
  for (int d = 0; d < pool_count; ++d) create("/pool/" + std::to_string(d), "");
  trie_.keep();
  before_.clear();
  finish();
}

std::uint64_t TrieWorld::hash_of(std::string_view path, std::string_view data, std::int64_t mzxid) {
  const std::uint64_t parts[3] = {XXH3_64bits(path.data(), path.size()),
                                  XXH3_64bits(data.data(), data.size()),
                                  static_cast<std::uint64_t>(mzxid)};
  return XXH3_64bits(parts, sizeof parts);
}

void TrieWorld::turn() {
  const std::uint32_t count = random_() % 12;
  for (std::uint32_t i = 0; i < count; ++i) transaction();
  if (random_() % 2 == 0 &&
      (sealed_.empty() ? trie_.pins().committed() : sealed_.back()) < trie_.newest_zxid()) {
    trie_.seal();
    sealed_.push_back(trie_.newest_zxid());
    const std::lock_guard guard(lock_);
    digests_[trie_.newest_zxid().value] = digest_;
  }
  // Commits come late, several batches at a time now and then.
  while (!sealed_.empty() && random_() % 3 != 0) {
    trie_.commit(sealed_.front());
    sealed_.pop_front();
  }
  if (random_() % 4 != 0) trie_.reclaim();
}

void TrieWorld::finish() {
  // What an undone transaction has left in the queue waits for the commit of a later one.
  trie_.begin(next_zxid(trie_.newest_zxid()));
  transfer();
  trie_.keep();
  before_.clear();
  trie_.seal();
  sealed_.clear();
  {
    const std::lock_guard guard(lock_);
    digests_[trie_.newest_zxid().value] = digest_;
  }
  trie_.commit(trie_.newest_zxid());
}

std::uint64_t TrieWorld::digest_at(Zxid zxid) {
  const std::lock_guard guard(lock_);
  digests_.erase(digests_.begin(), digests_.lower_bound(zxid.value));
  CHECK(digests_.count(zxid.value) == 1);
  return digests_[zxid.value];
}

void TrieWorld::transaction() {
  trie_.begin(next_zxid(trie_.newest_zxid()));
  const std::uint64_t digest = digest_;
  const std::uint32_t steps = random_() % 8 == 0 ? random_() % 40 : 1;
  const bool is_undone = random_() % 5 == 0;
  for (std::uint32_t i = 0; i < steps; ++i) {
    switch (random_() % 3) {
      case 0:
        transfer();
        break;
      case 1:
        toggle_pool_child();
        break;
      default:
        set_pool_child();
    }
    // The core cuts a huge transaction into slices and goes on committing and reclaiming.
    if (steps > 10 && i % 8 == 7 && !sealed_.empty()) {
      trie_.commit(sealed_.front());
      sealed_.pop_front();
      trie_.reclaim();
    }
  }
  if (!is_undone) {
    trie_.keep();
    ++txn_count_;
  } else {
    trie_.undo();
    ++undo_count_;
    for (; !before_.empty(); before_.pop_back()) {
      auto& [path, entry] = before_.back();
      if (entry)
        model_[path] = std::move(*entry);
      else
        model_.erase(path);
    }
    digest_ = digest;
  }
  before_.clear();
}

void TrieWorld::transfer() {
  const std::string i = std::to_string(random_() % pair_count);
  const std::int64_t amount = static_cast<std::int64_t>(random_() % 1000) - 500;
  const std::int64_t left = number_in(model_["/left/" + i].data) + amount;
  set("/left/" + i, std::to_string(left));
  set("/right/" + i, std::to_string(pair_sum - left));
}

std::string TrieWorld::random_child() {
  return "/pool/" + std::to_string(random_() % pool_count) + "/" +
         std::to_string(random_() % pool_names);
}

/// Data that begins with the path, of any length: in the version or in a blob.
std::string TrieWorld::filler(std::string_view path, std::uint32_t random) {
  std::string data(path);
  data.append(random % 5 == 0 ? 300 : random % 60, '.');
  return data;
}

void TrieWorld::toggle_pool_child() {
  const std::string path = random_child();
  const std::string below = path + "/below";
  if (model_.count(path) == 0) {
    create(path, filler(path, random_()));
    if (random_() % 2 == 0) create(below, below);
    return;
  }
  if (model_.count(below) != 0) remove(below);
  remove(path);
}

void TrieWorld::set_pool_child() {
  const std::string path = random_child();
  if (model_.count(path) != 0) set(path, filler(path, random_()));
}

void TrieWorld::create(const std::string& path, std::string data) {
  Znode* parent = trie_.find(parent_of(path));
  const AclEntry entry{1 + static_cast<std::int32_t>(random_() % 4), "world", "anyone"};
  const Acl* acl = trie_.acls().intern({&entry, 1});
  Znode& node = trie_.add_child(*parent, std::string_view(path).substr(path.rfind('/') + 1),
                                as_bytes(data), acl);
  acl->release();
  const Version& version = trie_.created(node);
  ++trie_.edit(*parent).rare().num_children;
  note(path, Entry{std::move(data), version.zxid});
}

void TrieWorld::set(const std::string& path, std::string data) {
  const Version& version = trie_.edit_data(*trie_.find(path), as_bytes(data));
  note(path, Entry{std::move(data), version.zxid});
}

void TrieWorld::remove(const std::string& path) {
  Znode* node = trie_.find(path);
  trie_.remove(*node);
  --trie_.edit(*node->parent()).rare().num_children;
  note(path, std::nullopt);
}

void TrieWorld::note(const std::string& path, std::optional<Entry> now) {
  const auto at = model_.find(path);
  if (at != model_.end()) {
    digest_ -= hash_of(path, at->second.data, at->second.mzxid);
    before_.emplace_back(path, std::move(at->second));
  } else {
    before_.emplace_back(path, std::nullopt);
  }
  if (now) {
    digest_ += hash_of(path, now->data, now->mzxid);
    model_[path] = std::move(*now);
  } else {
    model_.erase(path);
  }
}

void TrieWorld::check_pair(Zxid snapshot, int i, Seen& seen) const {
  const std::string name = std::to_string(i);
  const Version* left = trie_.find_visible("/left/" + name, snapshot);
  const Version* right = trie_.find_visible("/right/" + name, snapshot);
  CHECK(left != nullptr);
  CHECK(right != nullptr);
  CHECK(left->mzxid() <= snapshot.value);
  CHECK(number_in(as_text(*left->data())) + number_in(as_text(*right->data())) == pair_sum);
  ++seen.pairs;
}

}  // namespace paddock::core
