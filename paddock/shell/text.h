#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "recipes/client/types.h"

/// Nodes and what belongs to them as zkCli.sh writes them, and as JSON.
namespace paddock::shell {

/// Keys stay in the order in which they are set.
using Json = nlohmann::ordered_json;

/// "0x1f", as zxids and sessions are written.
std::string hex(std::int64_t value);

/// The eleven lines "cZxid = 0x1\n..." with times in the local zone, as Java prints a Date.
std::string stat_text(const client::Stat& stat);
/// Times are milliseconds since 1970; zxids and sessions are strings ("0x1f"), since they do not
/// fit into the doubles that many readers of JSON have for numbers.
Json stat_json(const client::Stat& stat);

/// "cdrwa" or a part of it.
std::string perms_text(std::int32_t perms);
/// nullopt for a letter other than these five.
std::optional<std::int32_t> parse_perms(std::string_view text);
/// "'world,'anyone\n: cdrwa\n" for each entry.
std::string acl_text(const std::vector<client::Acl>& acl);
Json acl_json(const std::vector<client::Acl>& acl);
/// "scheme:id:perms,...", at least one; the id may hold colons. An error says which entry is wrong,
/// in zkCli.sh's words.
Result<std::vector<client::Acl>, std::string> parse_acl(std::string_view text);

/// "[a, b]", sorted.
std::string list_text(std::vector<std::string> names);

/// The 16-bytes-a-line dump that zkCli.sh prints for get -x (Netty's pretty hex dump).
std::string hex_dump(std::string_view bytes);

std::string base64(std::string_view bytes);
/// nullopt unless it is base64 with its padding; white space is not.
std::optional<std::string> from_base64(std::string_view text);

bool is_utf8(std::string_view bytes);
/// Sets "data" if the bytes are UTF-8 and "data_base64" if not; "data": null for null data.
void set_data(Json& object, std::string_view bytes, bool is_null);

/// JSON on one line; strings that are not UTF-8 (names can be anything) get replacement characters.
std::string dump(const Json& json);

}  // namespace paddock::shell
