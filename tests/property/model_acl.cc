#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tests/property/model.h"

// ACLs (docs/protocol.md, section 10), text and paths (section 7).
namespace paddock::property {
namespace {

struct Address {
  int family = 0;  ///< 0: none
  std::array<unsigned char, 16> bytes{};
};

Address address_of(const std::string& text) {
  for (const int family : {AF_INET, AF_INET6}) {
    Address address{.family = family};
    if (inet_pton(family, text.c_str(), address.bytes.data()) == 1) return address;
  }
  return {};
}

int bits_of_family(int family) { return family == AF_INET ? 32 : 128; }

/// An `ip` id: the address and how many bits of it count; -1 if it is none.
std::pair<Address, int> range_of(const std::string& id) {
  const std::size_t slash = id.find('/');
  const Address address = address_of(id.substr(0, slash));
  if (address.family == 0) return {address, -1};
  const int all = bits_of_family(address.family);
  if (slash == std::string::npos) return {address, all};
  char* end = nullptr;
  const long bits = std::strtol(id.c_str() + slash + 1, &end, 10);
  const bool is_number = *end == '\0' && id.size() > slash + 1;
  return {address, is_number && bits >= 0 && bits <= all ? static_cast<int>(bits) : -1};
}

bool matches_ip(const std::string& id, const std::string& caller) {
  const auto [wanted, bits] = range_of(id);
  const Address address = address_of(caller);
  if (bits < 0 || address.family != wanted.family) return false;
  for (int bit = 0; bit < bits; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    if (((address.bytes[at] ^ wanted.bytes[at]) & (0x80 >> bit % 8)) != 0) return false;
  }
  return true;
}

bool is_valid_id(const std::string& scheme, const std::string& id) {
  if (scheme == "world") return id == "anyone";
  if (scheme == "digest") return std::ranges::count(id, ':') == 1 && id.find(':') + 1 < id.size();
  return scheme == "ip" && range_of(id).second >= 0;
}

/// The code point at `at` of well-formed text, which is moved behind it.
char32_t next_code_point(const std::string& text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t value = lead & (0x3f >> more);
  for (int i = 0; i < more; ++i) value = value << 6 | (text[at++] & 0x3f);
  return value;
}

std::u16string utf16(const std::string& text) {
  std::u16string units;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next_code_point(text, at);
    if (point < 0x10000) {
      units += static_cast<char16_t>(point);
    } else {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  return units;
}

}  // namespace

bool permits(const GrantList& acl, std::int32_t needed, const std::vector<Who>& who) {
  if (acl.empty()) return true;
  for (const Who& one : who)
    if (one.scheme == "super") return true;
  for (const Grant& grant : acl) {
    if ((grant.perms & needed) == 0) continue;
    if (grant.scheme == "world" && grant.id == "anyone") return true;
    for (const Who& one : who) {
      if (one.scheme != grant.scheme) continue;
      if (grant.scheme == "ip" ? matches_ip(grant.id, one.id) : grant.id == one.id) return true;
    }
  }
  return false;
}

std::pair<std::int32_t, GrantList> resolve(const std::optional<std::vector<AskedAcl>>& asked,
                                           const std::vector<Who>& who) {
  if (!asked || asked->empty()) return {-114, {}};
  std::vector<std::pair<std::int32_t, std::pair<Text, Text>>> seen;
  GrantList list;
  for (const AskedAcl& entry : *asked) {
    const Text scheme = entry.scheme ? Text(java_text(*entry.scheme)) : Text();
    const Text id = entry.id ? Text(java_text(*entry.id)) : Text();
    const std::pair whole{entry.perms, std::pair{scheme, id}};
    if (std::ranges::find(seen, whole) != seen.end()) continue;
    seen.push_back(whole);
    if (!scheme) return {-114, {}};
    if (*scheme == "world" && !id) return {-5, {}};
    if (*scheme == "auth") {
      const std::size_t before = list.size();
      for (const Who& one : who)
        if (one.scheme == "digest") list.push_back({entry.perms, one.scheme, one.id});
      if (list.size() == before) return {-114, {}};
      continue;
    }
    if (!id || !is_valid_id(*scheme, *id)) return {-114, {}};
    list.push_back({entry.perms, *scheme, *id});
  }
  return {0, list};
}

std::string java_text(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool is_surrogate =
        byte == 0xed && i + 2 < bytes.size() && static_cast<unsigned char>(bytes[i + 1]) >= 0xa0;
    if (!is_surrogate && byte != 0xff) {
      text += bytes[i];
      continue;
    }
    text += "\xef\xbf\xbd";
    if (is_surrogate) i += 2;
  }
  return text;
}

bool is_valid_path(const std::string& path) {
  const std::u16string units = utf16(path);
  if (units.empty() || units[0] != u'/') return false;
  if (units.size() == 1) return true;
  if (units.back() == u'/') return false;
  for (std::size_t i = 1; i < units.size(); ++i) {
    const char16_t c = units[i];
    const bool ends_name = i + 1 == units.size() || units[i + 1] == u'/';
    if (c == u'/' && units[i - 1] == u'/') return false;
    if (c == u'.' && ends_name && units[i - 1] == u'/') return false;
    if (c == u'.' && ends_name && units[i - 1] == u'.' && units[i - 2] == u'/') return false;
    if (c <= 0x1f || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0)
      return false;
  }
  return true;
}

}  // namespace paddock::property
