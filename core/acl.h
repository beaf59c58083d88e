#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/epoch.h"
#include "core/identity.h"
#include "core/txn.h"

namespace paddock::core {

class AclTable;

/// An ACL list: immutable, and there is one object for equal lists, so lists are compared by
/// address. Order and duplicates count; the caller has removed what ZooKeeper removes.
///
/// Threads: immutable. But retain() and release(): the ordering core's thread only. Another reader
/// may use an Acl that it found in a visible version while it is inside the epoch, or one that
/// somebody retains for it.
class Acl {
 public:
  std::span<const AclEntry> entries() const { return entries_; }
  std::uint64_t hash() const {
    return hash_;
  }  ///< of the content: same list, same hash, everywhere

  /// Whether somebody with `identities` may do what needs one of the bits `needed`: the list is
  /// empty, or an identity has the scheme "super", or an entry has one of the bits and is
  /// world:anyone or matches an identity of its scheme (ip: the first bits of the address; others:
  /// equality).
  bool permits(std::int32_t needed, const IdentitySet& identities) const;

  void retain() const { ++references_; }
  /// Gives one reference back; behind the last one the object goes when a grace period is over.
  void release() const;

 private:
  friend class AclTable;
  /// An "ip" entry's id, parsed. family 0: not an address, matches nothing.
  struct IpRange {
    std::array<std::uint8_t, 16> address{};
    std::uint8_t family = 0;  ///< 4 or 6
    std::uint8_t bits = 0;
  };
  Acl() = default;
  static IpRange parse_ip_range(std::string_view id);
  bool matches(std::size_t entry_index, const IdentitySet& identities) const;

  std::vector<AclEntry> entries_;   // text is in text_
  std::vector<IpRange> ip_ranges_;  // empty, or one for each entry
  std::unique_ptr<char[]> text_;
  std::uint64_t hash_ = 0;
  AclTable* table_ = nullptr;
  mutable std::uint32_t references_ = 0;
  std::int32_t world_perms_ = 0;  // all bits that world:anyone entries grant
};

/// All ACL lists in use. Threads: the ordering core's thread only.
class AclTable {
 public:
  explicit AclTable(Epoch& epoch) : epoch_(epoch) {}
  ~AclTable();
  AclTable(const AclTable&) = delete;
  AclTable& operator=(const AclTable&) = delete;

  /// The object for this list, retained once for the caller.
  const Acl* intern(std::span<const AclEntry> entries);
  std::size_t size() const { return by_hash_.size(); }

 private:
  friend class Acl;
  void remove(const Acl* acl);

  Epoch& epoch_;
  std::unordered_multimap<std::uint64_t, Acl*> by_hash_;
};

}  // namespace paddock::core
