#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/acl.h"
#include "core/base/bytes.h"
#include "core/base/types.h"

namespace paddock::core {

struct Version;
struct Blob;

/// A place in the tree with a stable address; what is there at a given zxid is in its versions.
/// It exists from the moment its creation is prepared until nobody can see any version but the
/// tombstone of its deletion; a node that is created again before that is the same Znode.
///
/// Memory: 51 bytes and the name, in one block. Threads: one writer, readers under an epoch.
class Znode {
 public:
  const Znode* parent() const { return parent_; }  ///< null for the root
  Znode* parent() { return parent_; }
  std::string_view name() const {  ///< last path component, "" for the root
    if (short_length_ != long_name) [[likely]]
      return {name_start(), short_length_};
    std::uint32_t length;
    std::memcpy(&length, name_start(), 4);
    return {name_start() + 4, length};
  }
  /// XXH3 of the name seeded with the parent's path_hash: the same for the same path, everywhere.
  std::uint64_t path_hash() const { return path_hash_; }
  /// Of the whole path.
  std::size_t path_bytes() const {
    if (parent_ == nullptr) return 1;
    std::size_t bytes = 0;
    for (const Znode* at = this; at->parent_ != nullptr; at = at->parent_)
      bytes += 1 + at->name().size();
    return bytes;
  }
  /// Appends the whole path, "/" for the root.
  template <class Text>
  void append_path(Text& out) const;

 private:
  friend class Trie;
  friend class NodeTable;
  friend class ChildWalk;
  friend class SnapshotCursor;

  static constexpr std::uint16_t long_name =
      0xffff;  // the length is in the 4 bytes before the name
  static constexpr std::size_t name_offset = 51;
  // Where the writer's collector knows this node from; a node's memory goes when no bit is left.
  static constexpr std::uint8_t in_queue = 1;      // Trie::queue_
  static constexpr std::uint8_t held_by_turn = 2;  // the list of some reader's pin
  static constexpr std::uint8_t held_by_hold = 4;  // the list of some hold
  static constexpr std::uint8_t dead = 8;          // out of table and child list

  static bool is_long(std::string_view name) { return name.size() >= long_name; }
  /// Of its memory, with such a name behind the fields.
  static std::size_t bytes_with(std::string_view name) {
    return std::max(sizeof(Znode), name_offset + (is_long(name) ? 4 : 0) + name.size());
  }

  Znode() = default;
  const char* name_start() const { return reinterpret_cast<const char*>(this) + name_offset; }

  Znode* parent_ = nullptr;
  std::atomic<Version*> newest_{nullptr};      // [T3]
  std::atomic<Znode*> first_child_{nullptr};   // [T4]; newest child first
  std::atomic<Znode*> next_sibling_{nullptr};  // [T4]; kept when unlinked
  Znode* previous_sibling_ = nullptr;          // writer only
  std::uint64_t path_hash_ = 0;
  std::uint16_t short_length_ = 0;
  std::uint8_t flags_ = 0;  // writer only
  // Behind it: the name.
};
static_assert(sizeof(Znode) == 56);

/// What a znode was from one transaction on. Readers may read `zxid` and `older` of any version in
/// a chain, the rest only of versions at or below a committed zxid that they have pinned; from its
/// commit on nothing of it changes but `older`.
///
/// The writer may change the plain fields of a version that Trie::edit() gave it, until the end of
/// that transaction.
///
/// Memory: 56 bytes, 36 more if it has what most znodes do not (Rare), and the data behind them up
/// to data_inline_max bytes (then there is one cache miss less, and no second block); longer data
/// is in a Blob that versions share.
struct Version {
  static constexpr std::size_t data_inline_max = 164;  // 92 + 164 = 256, a size class of mimalloc

  /// What a version needs of its own once the znode has or had children, has an owner, or has been
  /// changed otherwise than by its data.
  struct Rare {
    std::int64_t mzxid = 0;
    std::int64_t pzxid = 0;
    std::int64_t owner = 0;  ///< ephemeralOwner
    std::int32_t aversion = 0;
    std::int32_t create_counter = 0;  ///< of children; cversion = 2 * create_counter - num_children
    std::int32_t num_children = 0;
  };

  const std::int64_t zxid;  ///< of the transaction that made it; loaded: mzxid, or 0 with Rare
  std::atomic<Version*> older{nullptr};
  std::int64_t czxid = 0;
  std::int64_t ctime_ms = 0;
  std::int64_t mtime_ms = 0;
  const Acl* acl = nullptr;  ///< retained; null in tombstones. Change it with set_acl().
  std::int32_t version = 0;

  std::int64_t mzxid() const { return has_rare() ? rare().mzxid : zxid; }
  std::int64_t pzxid() const { return has_rare() ? rare().pzxid : czxid; }
  std::int64_t owner() const { return has_rare() ? rare().owner : 0; }
  std::int32_t aversion() const { return has_rare() ? rare().aversion : 0; }
  std::int32_t create_counter() const { return has_rare() ? rare().create_counter : 0; }
  std::int32_t num_children() const { return has_rare() ? rare().num_children : 0; }

  bool has_rare() const { return (size_ & rare_bit) != 0; }
  const Rare& rare() const {
    return *reinterpret_cast<const Rare*>(reinterpret_cast<const std::byte*>(this) + rare_offset);
  }
  /// Writer, in an edited version only. REQUIRES: has_rare().
  Rare& rare() { return const_cast<Rare&>(static_cast<const Version*>(this)->rare()); }

  bool is_tombstone() const { return length() == tombstone; }
  bool has_data() const { return length() < tombstone; }
  /// The Stat's dataLength: 0 for null data as well.
  std::int32_t data_length() const { return has_data() ? static_cast<std::int32_t>(length()) : 0; }
  /// nullopt = null data, which is not the same as empty data. Lives as long as the version.
  std::optional<Bytes> data() const;
  /// Of the data's bytes; 0 for null data. Cheap: long data has it stored.
  std::uint64_t data_hash() const;

  /// Writer, in an edited version only.
  void set_acl(const Acl* to);

 private:
  friend class Trie;
  static constexpr std::uint32_t rare_bit = 1u << 31;
  static constexpr std::uint32_t null_data = rare_bit - 1;
  static constexpr std::uint32_t tombstone = rare_bit - 2;
  static constexpr std::size_t rare_offset = 56;
  static constexpr std::size_t rare_bytes = 36;  // without what pads the struct

  Version(std::int64_t z, bool with_rare)
      : zxid(z), size_(null_data | (with_rare ? rare_bit : 0)) {}
  std::uint32_t length() const { return size_ & ~rare_bit; }
  void set_length(std::uint32_t length) { size_ = (size_ & rare_bit) | length; }
  /// Of its memory, with so many bytes behind the fields.
  static std::size_t bytes_with(bool with_rare, std::size_t tail_bytes) {
    if (!with_rare) return rare_offset + tail_bytes;
    return std::max(sizeof(Version) + sizeof(Rare), rare_offset + rare_bytes + tail_bytes);
  }
  std::size_t tail_bytes() const {
    if (!has_data()) return 0;
    return length() <= data_inline_max ? length() : sizeof(Blob*);
  }
  std::size_t data_offset() const { return rare_offset + (has_rare() ? rare_bytes : 0); }
  const std::byte* tail() const { return reinterpret_cast<const std::byte*>(this) + data_offset(); }
  const Blob* blob() const {
    const Blob* at;
    std::memcpy(&at, tail(), sizeof at);
    return at;
  }

  std::uint32_t size_;  // length of the data, or what is there instead; rare_bit
  // Behind it: Rare if there is one, then the data, or a Blob*.
};
static_assert(sizeof(Version) == 56);

template <class Text>
void Znode::append_path(Text& out) const {
  if (parent_ == nullptr) {
    out.append("/");
    return;
  }
  // Bottom-up twice, rather than recursion: depth is the client's choice.
  const std::size_t length = path_bytes();
  const std::size_t start = out.size();
  out.resize(start + length);
  char* end = out.data() + start + length;
  for (const Znode* at = this; at->parent_ != nullptr; at = at->parent_) {
    const std::string_view part = at->name();
    end -= part.size();
    if (!part.empty()) std::memcpy(end, part.data(), part.size());
    *--end = '/';
  }
}

}  // namespace paddock::core
