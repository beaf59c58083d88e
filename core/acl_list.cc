#include "core/acl_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>
#include <unordered_set>

namespace paddock::core {
namespace {

using proto::Acl;
using proto::ErrorCode;

/// Up to here, comparing each entry with each is faster than hashing.
constexpr std::size_t pairwise_count_max = 16;
/// A list of `auth` entries grows by the caller's identities; what is beyond this could never be
/// read back by a client with the usual frame limit.
constexpr std::size_t resolved_bytes_max = 4u << 20;

struct AclHash {
  std::size_t operator()(const Acl* acl) const {
    const std::hash<std::string_view> hash;
    return hash(acl->scheme.value_or("")) * 31 + hash(acl->id.value_or("")) +
           static_cast<std::uint32_t>(acl->perms);
  }
};
struct AclEqual {
  bool operator()(const Acl* a, const Acl* b) const { return *a == *b; }
};

bool is_authenticated(const Identity& identity) {
  return identity.scheme == "digest" || identity.scheme == "sasl" || identity.scheme == "x509";
}

/// A decimal number of at most three digits and at most `max`; -1 for anything else.
int small_number(std::string_view text, int max) {
  int value = -1;
  if (text.empty() || text.size() > 3) return -1;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (err != std::errc{} || end != text.data() + text.size()) return -1;
  return value >= 0 && value <= max ? value : -1;
}

/// 32 or 128 for an address of that many bits; 0 for anything else.
int address_bits(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return 0;
  std::ranges::copy(text, terminated.begin());
  std::array<std::byte, 16> address;
  if (inet_pton(AF_INET, terminated.data(), address.data()) == 1) return 32;
  return inet_pton(AF_INET6, terminated.data(), address.data()) == 1 ? 128 : 0;
}

/// Appends what one asked entry becomes.
ErrorCode resolve_entry(const Acl& entry, const IdentitySet& identities, const AclSchemes& schemes,
                        std::vector<AclEntry>& resolved) {
  if (!entry.scheme) return ErrorCode::invalid_acl;
  const std::string_view scheme = *entry.scheme;
  if (scheme == "auth") {
    const std::size_t before = resolved.size();
    for (const Identity& identity : identities) {
      if (is_authenticated(identity))
        resolved.push_back({entry.perms, identity.scheme, identity.id});
    }
    return resolved.size() == before ? ErrorCode::invalid_acl : ErrorCode::ok;
  }
  if (!entry.id) return scheme == "world" ? ErrorCode::marshalling_error : ErrorCode::invalid_acl;
  const std::string_view id = *entry.id;
  const bool valid = (scheme == "world" && id == "anyone") ||
                     (scheme == "digest" && schemes.digest && is_valid_digest_id(id)) ||
                     (scheme == "ip" && is_valid_ip_id(id));
  if (!valid) return ErrorCode::invalid_acl;
  resolved.push_back({entry.perms, scheme, id});
  return ErrorCode::ok;
}

std::size_t text_bytes(const std::vector<AclEntry>& acl, std::size_t from) {
  std::size_t bytes = 0;
  for (std::size_t i = from; i < acl.size(); ++i)
    bytes += sizeof(std::int32_t) + acl[i].scheme.size() + acl[i].id.size();
  return bytes;
}

}  // namespace

bool is_valid_digest_id(std::string_view id) {
  const std::size_t colon = id.find(':');
  return colon != std::string_view::npos && colon + 1 < id.size() &&
         id.find(':', colon + 1) == std::string_view::npos;
}

bool is_valid_ip_id(std::string_view id) {
  const std::size_t slash = id.find('/');
  const int bits_max = address_bits(id.substr(0, slash));
  if (bits_max == 0) return false;
  return slash == id.npos || small_number(id.substr(slash + 1), bits_max) >= 0;
}

ErrorCode resolve_acl_list(const proto::Vector<Acl>& asked, const IdentitySet& identities,
                           std::vector<AclEntry>& resolved, const AclSchemes& schemes) {
  resolved.clear();
  if (asked.is_null || asked.items.empty()) return ErrorCode::invalid_acl;
  const std::vector<Acl>& items = asked.items;
  std::unordered_set<const Acl*, AclHash, AclEqual> seen;
  const bool pairwise = items.size() <= pairwise_count_max;
  std::size_t bytes = 0;
  for (auto entry = items.begin(); entry != items.end(); ++entry) {
    const bool duplicate =
        pairwise ? std::find(items.begin(), entry, *entry) != entry : !seen.insert(&*entry).second;
    if (duplicate) continue;
    const std::size_t before = resolved.size();
    if (const ErrorCode err = resolve_entry(*entry, identities, schemes, resolved);
        err != ErrorCode::ok)
      return err;
    bytes += text_bytes(resolved, before);
    if (bytes > resolved_bytes_max) return ErrorCode::invalid_acl;
  }
  return ErrorCode::ok;
}

}  // namespace paddock::core
