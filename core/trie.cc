#include "core/trie.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "core/base/check.h"
#include "core/blob.h"

namespace paddock::core {
namespace {

// What is brought into the cache ahead of its use: with the name, and with the data.
constexpr std::size_t node_bytes_likely = 64;
constexpr std::size_t version_bytes_likely = 160;

/// Of an object, which may begin anywhere in a cache line.
void fetch_bytes(const void* object, std::size_t bytes) {
  constexpr std::size_t cache_line = 64;
  const auto* at = static_cast<const std::byte*>(object);
  for (std::size_t i = 0; i < bytes; i += cache_line) __builtin_prefetch(at + i);
  __builtin_prefetch(at + bytes - 1);
}

template <class Word>
bool is_same_word(const char* a, const char* b) {
  Word of_a, of_b;
  std::memcpy(&of_a, a, sizeof of_a);
  std::memcpy(&of_b, b, sizeof of_b);
  return of_a == of_b;
}

/// Whether `text` begins with `name`, which is not longer. Not memcmp(): its vectors reach behind a
/// short name into the next cache line, which nobody has fetched.
bool begins_with(const char* text, std::string_view name) {
  const std::size_t size = name.size();
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8)
      if (!is_same_word<std::uint64_t>(text + i, name.data() + i)) return false;
    return is_same_word<std::uint64_t>(text + size - 8, name.data() + size - 8);
  }
  if (size >= 4)
    return is_same_word<std::uint32_t>(text, name.data()) &&
           is_same_word<std::uint32_t>(text + size - 4, name.data() + size - 4);
  return std::equal(name.begin(), name.end(), text);
}

}  // namespace

Trie::Trie(const Options& options)
    : epoch_(options.reader_count_max, this),
      pins_(options.reader_count_max),
      acls_(epoch_),
      table_(epoch_),
      root_(make_node(nullptr, "", child_hash(0, ""))),
      held_(pins_.place_count()) {
  Version* version = make_version(0, nullptr, std::nullopt, Fields::all);
  version->acl = acls_.intern({});
  ++version_count_;
  root_->newest_.store(version, std::memory_order_release);  // [T3]
  table_.insert(root_);
}

Trie::~Trie() {
  if (open_) undo();
  while (!queue_.empty()) {
    Znode* node = queue_.front().node;
    queue_.pop_front();
    forget(*node, Znode::in_queue);
  }
  for (std::size_t place = 0; place < held_.size(); ++place)
    for (Znode* node : held_[place].nodes) forget(*node, held_flag(place));
  std::vector<Znode*> nodes;
  for (std::size_t shard = 0; shard < NodeTable::shard_count; ++shard) {
    nodes.clear();
    table_.visit_shard(shard, [&](Znode& node) { nodes.push_back(&node); });
    for (Znode* node : nodes) {
      // relaxed: no reader left.
      Version* at = node->newest_.load(std::memory_order_relaxed);
      while (at != nullptr) {
        Version* older = at->older.load(std::memory_order_relaxed);
        destroy_version(this, at);
        at = older;
      }
      destroy_node(this, node);
    }
  }
  while (epoch_.waiting() != 0) CHECK(epoch_.collect(SIZE_MAX) != 0);
}

std::uint64_t Trie::child_hash(std::uint64_t parent_hash, std::string_view name) {
  return XXH3_64bits_withSeed(name.data(), name.size(), parent_hash);
}

const Znode* Trie::find(std::string_view path) const {
  const std::optional<std::uint64_t> hash = hash_path(path);
  if (!hash) return nullptr;
  if (path.size() <= 1) return root_;
  // The hash needs no node, so one probe finds the last component; its ancestors, who are shared
  // and warm, then confirm the path.
  return table_.find(*hash, [path](const Znode& node) {
    std::size_t end = path.size();
    for (const Znode* at = &node; at->parent_ != nullptr; at = at->parent_) {
      const std::string_view name = at->name();
      if (end <= name.size()) return false;
      end -= name.size() + 1;
      if (path[end] != '/' || !begins_with(path.data() + end + 1, name)) return false;
    }
    return end == 0;
  });
}

void Trie::fetch(std::span<const std::string_view> paths) const {
  std::array<std::uint64_t, fetch_max> hashes;
  std::size_t count = 0;
  for (const std::string_view path : paths.first(std::min(paths.size(), fetch_max)))
    if (const std::optional<std::uint64_t> hash = hash_path(path)) hashes[count++] = *hash;
  for (std::size_t i = 0; i < count; ++i) table_.prefetch(hashes[i]);
  std::array<const Znode*, fetch_max> nodes;
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Znode* node = table_.find_likely(hashes[i]);
    if (node == nullptr) continue;
    fetch_bytes(node, node_bytes_likely);
    nodes[found++] = node;
  }
  for (std::size_t i = 0; i < found; ++i)  // acquire; pairs with [T3]. Nothing of it is read.
    fetch_bytes(nodes[i]->newest_.load(std::memory_order_acquire), version_bytes_likely);
}

std::optional<std::uint64_t> Trie::hash_path(std::string_view path) const {
  std::uint64_t hash = root_->path_hash_;
  if (path.size() <= 1) {
    if (path.empty() || path == "/") return hash;
    return std::nullopt;
  }
  if (path[0] != '/') return std::nullopt;
  std::size_t start = 1;
  while (true) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (end == start) return std::nullopt;
    hash = child_hash(hash, path.substr(start, end - start));
    if (end == path.size()) return hash;
    start = end + 1;
  }
}

Znode* Trie::find_child(const Znode& parent, std::string_view name, std::uint64_t hash) const {
  return table_.find(
      hash, [&](const Znode& node) { return node.parent_ == &parent && node.name() == name; });
}

Znode* Trie::make_node(Znode* parent, std::string_view name, std::uint64_t hash) {
  CHECK(name.size() <= name_bytes_max);
  const bool is_long = Znode::is_long(name);
  void* memory = blocks_.allocate(Znode::bytes_with(name));
  auto* node = new (memory) Znode;
  node->parent_ = parent;
  node->path_hash_ = hash;
  char* text = static_cast<char*>(memory) + Znode::name_offset;
  if (is_long) {
    const auto length = static_cast<std::uint32_t>(name.size());
    std::memcpy(text, &length, 4);
    text += 4;
    node->short_length_ = Znode::long_name;
  } else {
    node->short_length_ = static_cast<std::uint16_t>(name.size());
  }
  if (!name.empty()) std::memcpy(text, name.data(), name.size());
  return node;
}

void Trie::destroy_node(void* trie, void* object) {
  auto* node = static_cast<Znode*>(object);
  const std::size_t bytes = Znode::bytes_with(node->name());
  node->~Znode();
  static_cast<Trie*>(trie)->blocks_.free(object, bytes);
}

Version* Trie::make_version(std::int64_t zxid, const Version* from, std::optional<Bytes> data,
                            Fields fields) {
  const std::size_t length = data ? data->size() : 0;
  const bool is_inline = length <= Version::data_inline_max;
  Version* version = allocate_version(zxid, from, is_inline ? length : sizeof(Blob*), fields);
  if (!data) return version;
  CHECK(length < Version::tombstone);
  version->set_length(static_cast<std::uint32_t>(length));
  auto* at = const_cast<std::byte*>(version->tail());
  if (!is_inline) {
    const Blob* blob = Blob::make(*data);
    std::memcpy(at, &blob, sizeof blob);
  } else if (length != 0) {
    std::memcpy(at, data->data(), length);
  }
  return version;
}

Version* Trie::copy_version(std::int64_t zxid, const Version& from) {
  if (from.data_length() <= static_cast<std::int32_t>(Version::data_inline_max))
    return make_version(zxid, &from, from.data(), Fields::all);
  Version* version = allocate_version(zxid, &from, sizeof(Blob*), Fields::all);
  version->set_length(from.length());
  auto* blob = const_cast<Blob*>(from.blob());
  ++blob->references;
  std::memcpy(const_cast<std::byte*>(version->tail()), &blob, sizeof blob);
  return version;
}

Version* Trie::allocate_version(std::int64_t zxid, const Version* from, std::size_t tail_bytes,
                                Fields fields) {
  const bool with_rare = fields == Fields::all;
  const std::size_t bytes = Version::bytes_with(with_rare, tail_bytes);
  auto* version = new (blocks_.allocate(bytes)) Version(zxid, with_rare);
  if (with_rare) new (&version->rare()) Version::Rare;
  if (from == nullptr) return version;
  version->czxid = from->czxid;
  version->ctime_ms = from->ctime_ms;
  version->mtime_ms = from->mtime_ms;
  version->version = from->version;
  version->set_acl(from->acl);
  if (!with_rare) return version;
  Version::Rare& rare = version->rare();
  if (from->has_rare()) {
    rare = from->rare();
  } else {
    rare.mzxid = from->mzxid();
    rare.pzxid = from->pzxid();
  }
  return version;
}

void Trie::destroy_version(void* trie, void* object) {
  auto* version = static_cast<Version*>(object);
  const std::size_t bytes = Version::bytes_with(version->has_rare(), version->tail_bytes());
  if (version->acl != nullptr) version->acl->release();
  if (static_cast<std::size_t>(version->data_length()) > Version::data_inline_max)
    const_cast<Blob*>(version->blob())->release();
  version->~Version();
  static_cast<Trie*>(trie)->blocks_.free(object, bytes);
}

void Trie::retire(Version* version) {
  --version_count_;
  epoch_.retire(version, destroy_version);
}

}  // namespace paddock::core
