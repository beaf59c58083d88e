#include "paddock/shell/text.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "core/proto/utf8.h"

namespace paddock::shell {
namespace {

constexpr std::array<std::pair<char, std::int32_t>, 5> perm_letters = {
    {{'c', client::perms::create},
     {'d', client::perms::remove},
     {'r', client::perms::read},
     {'w', client::perms::write},
     {'a', client::perms::admin}}};

/// Java's Date.toString(): "Thu Nov 26 16:59:38 UTC 2026".
std::string date_text(std::int64_t ms) {
  // Towards the past also before 1970.
  const std::time_t seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  return std::string(text, std::strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &local));
}

}  // namespace

std::string hex(std::int64_t value) {
  return fmt::format("0x{:x}", static_cast<std::uint64_t>(value));
}

std::string stat_text(const client::Stat& stat) {
  return fmt::format(
      "cZxid = {}\nctime = {}\nmZxid = {}\nmtime = {}\npZxid = {}\ncversion = {}\n"
      "dataVersion = {}\naclVersion = {}\nephemeralOwner = {}\ndataLength = {}\n"
      "numChildren = {}\n",
      hex(stat.czxid.value), date_text(stat.ctime_ms), hex(stat.mzxid.value),
      date_text(stat.mtime_ms), hex(stat.pzxid.value), stat.cversion, stat.version, stat.aversion,
      hex(stat.ephemeral_owner.value), stat.data_length, stat.num_children);
}

Json stat_json(const client::Stat& stat) {
  return Json{{"czxid", hex(stat.czxid.value)},
              {"mzxid", hex(stat.mzxid.value)},
              {"pzxid", hex(stat.pzxid.value)},
              {"ctime", stat.ctime_ms},
              {"mtime", stat.mtime_ms},
              {"version", stat.version},
              {"cversion", stat.cversion},
              {"aversion", stat.aversion},
              {"ephemeralOwner", hex(stat.ephemeral_owner.value)},
              {"dataLength", stat.data_length},
              {"numChildren", stat.num_children}};
}

std::string perms_text(std::int32_t perms) {
  std::string text;
  for (const auto& [letter, bit] : perm_letters) {
    if (perms & bit) text += letter;
  }
  return text;
}

std::optional<std::int32_t> parse_perms(std::string_view text) {
  std::int32_t perms = 0;
  for (const char c : text) {
    const auto found = std::find_if(perm_letters.begin(), perm_letters.end(),
                                    [&](const auto& entry) { return entry.first == c; });
    if (found == perm_letters.end()) return std::nullopt;
    perms |= found->second;
  }
  return perms;
}

std::string acl_text(const std::vector<client::Acl>& acl) {
  std::string text;
  for (const client::Acl& entry : acl)
    text += fmt::format("'{},'{}\n: {}\n", entry.scheme, entry.id, perms_text(entry.perms));
  return text;
}

Json acl_json(const std::vector<client::Acl>& acl) {
  Json list = Json::array();
  for (const client::Acl& entry : acl)
    list.push_back(
        {{"scheme", entry.scheme}, {"id", entry.id}, {"perms", perms_text(entry.perms)}});
  return list;
}

Result<std::vector<client::Acl>, std::string> parse_acl(std::string_view text) {
  std::vector<client::Acl> acl;
  while (true) {
    const std::string_view entry = text.substr(0, text.find(','));
    const std::size_t first = entry.find(':');
    const std::size_t last = entry.rfind(':');
    if (first == last)
      return tl::unexpected(fmt::format("{} does not have the form scheme:id:perm", entry));
    const std::string_view letters = entry.substr(last + 1);
    const std::optional<std::int32_t> perms = parse_perms(letters);
    if (!perms)
      return tl::unexpected(
          fmt::format("Unknown perm type: {}", letters[letters.find_first_not_of("cdrwa")]));
    acl.push_back({.perms = *perms,
                   .scheme = std::string(entry.substr(0, first)),
                   .id = std::string(entry.substr(first + 1, last - first - 1))});
    if (entry.size() == text.size()) return acl;
    text.remove_prefix(entry.size() + 1);
  }
}

std::string list_text(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  // Not fmt::join, about which g++ 12 warns wrongly at -O3.
  std::string text = "[";
  for (const auto& name : names) {
    if (text.size() > 1) text += ", ";
    text += name;
  }
  return text += "]";
}

std::string hex_dump(std::string_view bytes) {
  constexpr std::size_t row_bytes = 16;
  if (bytes.empty()) return "";
  const std::string rule =
      "+--------+-------------------------------------------------+----------------+";
  std::string text =
      "         +-------------------------------------------------+\n"
      "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n" +
      rule + "\n";
  for (std::size_t at = 0; at < bytes.size(); at += row_bytes) {
    std::string codes;
    std::string letters;
    for (const char c : bytes.substr(at, row_bytes)) {
      const auto byte = static_cast<unsigned char>(c);
      codes += fmt::format(" {:02x}", byte);
      letters += byte > 0x1f && byte < 0x7f ? c : '.';
    }
    text += fmt::format("|{:08x}|{:<48} |{:<16}|\n", at, codes, letters);
  }
  return text + rule;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t letters = std::min(text.find_first_not_of(alphabet), text.size());
  const std::size_t padding = text.size() - letters;
  if (text.size() % 4 != 0 || padding > 2 || text.find_first_not_of('=', letters) != text.npos)
    return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size())) < 0)
    return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

bool is_utf8(std::string_view bytes) {
  return proto::utf8_valid_prefix(
             Bytes(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size())) == bytes.size();
}

void set_data(Json& object, std::string_view bytes, bool is_null) {
  if (is_null) {
    object["data"] = nullptr;
  } else if (is_utf8(bytes)) {
    object["data"] = bytes;
  } else {
    object["data_base64"] = base64(bytes);
  }
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace paddock::shell
