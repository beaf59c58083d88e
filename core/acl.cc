#include "core/acl.h"

#include <arpa/inet.h>
#include <xxhash.h>

#include <cstring>
#include <string>

#include "core/base/check.h"

namespace paddock::core {
namespace {

/// Parses "a.b.c.d" or an IPv6 address; the family, or 0.
std::uint8_t parse_address(std::string_view text, std::array<std::uint8_t, 16>& address) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return 0;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  if (inet_pton(AF_INET, terminated, address.data()) == 1) return 4;
  if (inet_pton(AF_INET6, terminated, address.data()) == 1) return 6;
  return 0;
}

/// Parses up to three decimal digits; -1 if it is anything else.
int parse_bits(std::string_view text) {
  if (text.empty() || text.size() > 3) return -1;
  int bits = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    bits = bits * 10 + (c - '0');
  }
  return bits;
}

bool equal_bits(const std::uint8_t* a, const std::uint8_t* b, std::uint32_t bits) {
  if (std::memcmp(a, b, bits / 8) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00u >> (bits % 8));
  return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

std::uint64_t hash_entries(std::span<const AclEntry> entries) {
  // Each entry starts from the hash so far, and lengths are hashed: no two lists run together.
  std::uint64_t hash = entries.size();
  for (const AclEntry& entry : entries) {
    const std::uint64_t head[3] = {static_cast<std::uint32_t>(entry.perms), entry.scheme.size(),
                                   entry.id.size()};
    hash = XXH3_64bits_withSeed(head, sizeof head, hash);
    hash = XXH3_64bits_withSeed(entry.scheme.data(), entry.scheme.size(), hash);
    hash = XXH3_64bits_withSeed(entry.id.data(), entry.id.size(), hash);
  }
  return hash;
}

bool equal_entries(std::span<const AclEntry> a, std::span<const AclEntry> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(a[i] == b[i])) return false;
  return true;
}

}  // namespace

bool Acl::permits(std::int32_t needed, const IdentitySet& identities) const {
  if (entries_.empty() || (world_perms_ & needed) != 0) return true;
  for (const Identity& identity : identities)
    if (identity.scheme == "super") return true;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if ((entries_[i].perms & needed) != 0 && matches(i, identities)) return true;
  return false;
}

bool Acl::matches(std::size_t entry_index, const IdentitySet& identities) const {
  const AclEntry& entry = entries_[entry_index];
  for (const Identity& identity : identities) {
    if (identity.scheme != entry.scheme) continue;
    if (entry.scheme != "ip") {
      if (identity.id == entry.id) return true;
      continue;
    }
    const IpRange& range = ip_ranges_[entry_index];
    std::array<std::uint8_t, 16> address{};
    if (range.family != 0 && parse_address(identity.id, address) == range.family &&
        equal_bits(address.data(), range.address.data(), range.bits))
      return true;
  }
  return false;
}

Acl::IpRange Acl::parse_ip_range(std::string_view id) {
  const std::size_t slash = id.find('/');
  IpRange range;
  const std::uint8_t family = parse_address(id.substr(0, slash), range.address);
  if (family == 0) return {};
  const int bits_max = family == 4 ? 32 : 128;
  const int bits = slash == id.npos ? bits_max : parse_bits(id.substr(slash + 1));
  if (bits < 0 || bits > bits_max) return {};
  range.family = family;
  range.bits = static_cast<std::uint8_t>(bits);
  return range;
}

void Acl::release() const {
  CHECK(references_ > 0);
  if (--references_ == 0) table_->remove(this);
}

AclTable::~AclTable() {
  for (auto& [hash, acl] : by_hash_) delete acl;
}

const Acl* AclTable::intern(std::span<const AclEntry> entries) {
  const std::uint64_t hash = hash_entries(entries);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at)
    if (equal_entries(at->second->entries_, entries)) {
      at->second->retain();
      return at->second;
    }

  auto* acl = new Acl;
  acl->hash_ = hash;
  acl->table_ = this;
  acl->references_ = 1;
  std::size_t text_bytes = 0;
  for (const AclEntry& entry : entries) text_bytes += entry.scheme.size() + entry.id.size();
  acl->text_.reset(new char[text_bytes]);
  char* end = acl->text_.get();
  const auto keep_text = [&end](std::string_view text) {
    char* start = end;
    if (!text.empty()) std::memcpy(start, text.data(), text.size());
    end += text.size();
    return std::string_view(start, text.size());
  };
  acl->entries_.reserve(entries.size());
  for (const AclEntry& entry : entries) {
    const AclEntry kept{entry.perms, keep_text(entry.scheme), keep_text(entry.id)};
    if (kept.scheme == "ip") {
      acl->ip_ranges_.resize(entries.size());
      acl->ip_ranges_[acl->entries_.size()] = Acl::parse_ip_range(kept.id);
    }
    if (kept.scheme == "world" && kept.id == "anyone") acl->world_perms_ |= kept.perms;
    acl->entries_.push_back(kept);
  }
  by_hash_.emplace(hash, acl);
  return acl;
}

void AclTable::remove(const Acl* acl) {
  const auto [first, last] = by_hash_.equal_range(acl->hash_);
  for (auto at = first; at != last; ++at) {
    if (at->second != acl) continue;
    // A reader may have it from a version that it is still looking at.
    epoch_.retire(at->second, [](void*, void* object) { delete static_cast<Acl*>(object); });
    by_hash_.erase(at);
    return;
  }
  UNREACHABLE();
}

}  // namespace paddock::core
