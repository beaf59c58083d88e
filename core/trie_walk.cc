#include <algorithm>

#include "core/base/check.h"
#include "core/trie.h"

/// Walks of readers, and loading.
namespace paddock::core {

bool SnapshotCursor::visit_shard(const Visit& visit) {
  if (shard_ == NodeTable::shard_count) return false;
  const Epoch::Guard inside(trie_.epoch_, reader_);
  trie_.table_.visit_shard(shard_++, [&](const Znode& node) {
    const Version* version = Trie::visible(node, snapshot_);
    if (version != nullptr) visit(node, *version);
  });
  return true;
}

/// The child, made if it is missing: then without a version.
Znode& Trie::find_or_make(Znode& parent, std::string_view name) {
  const std::uint64_t hash = child_hash(parent.path_hash_, name);
  if (Znode* node = find_child(parent, name, hash); node != nullptr) return *node;
  Znode* node = make_node(&parent, name, hash);
  link(*node);
  return *node;
}

/// Replaces the version of a node that no reader knows yet.
void Trie::load_version(Znode& node, Version* version) {
  // relaxed: no reader yet; commit() and pin() publish.
  Version* before = node.newest_.load(std::memory_order_relaxed);
  node.newest_.store(version, std::memory_order_relaxed);
  ++version_count_;
  if (before == nullptr) return;
  --version_count_;
  destroy_version(this, before);
}

Version* Trie::load_node(std::string_view path, std::optional<Bytes> data, const Acl* acl,
                         std::optional<Zxid> mzxid) {
  CHECK(!open_);
  CHECK(newest_zxid_ == 0);
  if (!hash_path(path)) return nullptr;
  Znode* node = root_;
  std::size_t start = 1;
  if (path.size() > 1) {
    // Mostly the parent is there.
    const std::size_t last = path.rfind('/');
    if (Znode* parent = find(path.substr(0, last)); parent != nullptr) {
      node = parent;
      start = last + 1;
    }
  }
  while (start < path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    node = &find_or_make(*node, path.substr(start, end - start));
    start = end + 1;
    if (start <= path.size() && node->newest_.load(std::memory_order_relaxed) == nullptr) {
      Version* missing = make_version(0, nullptr, std::nullopt, Fields::usual);
      missing->set_length(Version::tombstone);
      load_version(*node, missing);
    }
  }
  Version* version = mzxid ? make_version(mzxid->value, nullptr, data, Fields::usual)
                           : make_version(0, nullptr, data, Fields::all);
  version->set_acl(acl);
  load_version(*node, version);
  return version;
}

Version& Trie::edit_loaded(Znode& node) {
  CHECK(newest_zxid_ == 0);
  const Version* before = newest(node);
  if (!before->has_rare()) load_version(node, copy_version(0, *before));
  return const_cast<Version&>(*newest(node));
}

void Trie::start_at(Zxid zxid) {
  CHECK(!open_);
  CHECK(newest_zxid_ == 0);
  newest_zxid_ = sealed_zxid_ = zxid.value;
  commit(zxid);
}

}  // namespace paddock::core
