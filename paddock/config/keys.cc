#include "paddock/config/keys.h"

#include <openssl/evp.h>

#include <charconv>
#include <limits>

#include "core/base/check.h"
#include "paddock/log.h"
#include "paddock/words/whitelist.h"

namespace paddock::config {
namespace {

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kib_max = 1 << 30;  // 1 TiB
constexpr std::int64_t frame_bytes_max = 1 << 30;

std::string check_not_empty(std::string_view value) { return value.empty() ? "it is empty" : ""; }

std::string check_super_digest(std::string_view value) {
  const std::size_t colon = value.find(':');
  const bool fits = value.empty() || (colon != value.npos && colon > 0 && colon + 1 < value.size());
  return fits ? "" : "it has no user and hash";
}

/// The names are Java's; OpenSSL knows SHA1, SHA-256, SHA3-256 and so on by the same ones.
std::string check_digest_algorithm(std::string_view value) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, std::string(value).c_str(), nullptr);
  if (digest == nullptr) return "there is no such digest";
  EVP_MD_free(digest);
  return "";
}

std::string check_log_level(std::string_view value) {
  return log::parse_level(value) ? "" : "there is no such level";
}

std::string check_whitelist(std::string_view value) {
  const Result<words::Whitelist, std::string> parsed = words::Whitelist::parse(value);
  return parsed ? "" : parsed.error();
}

// clang-format off
/// One row a key. The order is that of --print-config and --help.
const UsedKey table[] = {
  {.name = "clientPortAddress", .flag = "client-address",
   .field = &Config::client_address, .default_text = "127.0.0.1",
   .help = "address or host name to listen on; * = all, IPv4 and IPv6",
   .default_with_file = "*", .check = check_not_empty, .range_text = "address, host name or *",
   .empty_text = "*"},
  {.name = "clientPort", .flag = "client-port",
   .field = &Config::client_port, .default_text = "2181",
   .help = "port for clients; 0 = the kernel picks one",
   .min = 0, .max = 65535},
  {.name = "clientPortListenBacklog", .flag = "listen-backlog",
   .field = &Config::listen_backlog, .unit = "connections", .default_text = "-1",
   .help = "connections waiting to be accepted",
   .min = 1, .max = 65535, .special = -1, .special_meaning = "as many as the kernel allows"},
  {.name = "clientTcpKeepAlive", .flag = "tcp-keep-alive",
   .field = &Config::tcp_keep_alive, .default_text = "false",
   .help = "TCP keep-alive on client connections"},

  {.name = "dataDir", .flag = "data-dir",
   .field = &Config::data_dir, .default_text = "./data",
   .help = "directory of the snapshots, made if it is not there",
   .default_with_file = "", .check = check_not_empty, .range_text = "a directory"},
  {.name = "dataLogDir", .flag = "data-log-dir",
   .field = &Config::data_log_dir, .default_text = "",
   .help = "directory of the log; empty = dataDir",
   .range_text = "a directory"},

  {.name = "reactors", .flag = "reactors",
   .field = &Config::reactors, .unit = "threads", .default_text = "0",
   .help = "threads that serve clients",
   .min = 1, .max = 64, .special = 0, .special_meaning = "usable cores, up to 8"},
  {.name = "busyPollUs", .flag = "busy-poll-us",
   .field = &Config::busy_poll_us, .unit = "us", .default_text = "0",
   .help = "time a thread spins before it sleeps, each time",
   .min = 0, .max = 1'000'000},
  {.name = "adaptivePollUs", .flag = "adaptive-poll-us",
   .field = &Config::adaptive_poll_us, .unit = "us", .default_text = "200",
   .help = "the same, but only while most waits are shorter than this; 0 = never",
   .min = 0, .max = 1'000'000},

  {.name = "tickTime", .flag = "tick-time",
   .field = &Config::tick_ms, .unit = "ms", .default_text = "2000",
   .help = "unit of the session timeouts' defaults and of expiry",
   .default_with_file = "3000", .min = 1, .max = int_max / 20},
  {.name = "minSessionTimeout", .flag = "min-session-timeout",
   .field = &Config::session_timeout_ms_min, .unit = "ms", .default_text = "-1",
   .help = "shortest session timeout a client gets",
   .min = 1, .max = int_max, .special = -1, .special_meaning = "2 x tickTime"},
  {.name = "maxSessionTimeout", .flag = "max-session-timeout",
   .field = &Config::session_timeout_ms_max, .unit = "ms", .default_text = "-1",
   .help = "longest session timeout a client gets",
   .min = 1, .max = int_max, .special = -1, .special_meaning = "20 x tickTime"},
  {.name = "nio.sessionlessCnxnTimeout", .flag = "handshake-timeout",
   .field = &Config::handshake_timeout_ms, .unit = "ms", .default_text = "10000",
   .help = "a connection that has not asked for a session by then is closed",
   .min = 1, .max = int_max},

  {.name = "maxClientCnxns", .flag = "max-client-cnxns",
   .field = &Config::client_connections_max, .unit = "connections", .default_text = "60",
   .help = "connections from one address; 0 = any number",
   .min = 0, .max = int_max},
  {.name = "maxCnxns", .flag = "max-cnxns",
   .field = &Config::connections_max, .unit = "connections", .default_text = "0",
   .help = "connections in all; 0 = any number",
   .min = 0, .max = int_max},
  {.name = "jute.maxbuffer", .flag = "jute-maxbuffer",
   .field = &Config::frame_bytes_max, .unit = "bytes", .default_text = "1048575",
   .help = "longest request; a longer one closes the connection",
   .min = 64, .max = frame_bytes_max},
  {.name = "globalOutstandingLimit", .flag = "global-outstanding-limit",
   .field = &Config::outstanding_max, .unit = "requests", .default_text = "100000",
   .help = "requests under way before connections are read more slowly; 0 = any number",
   .min = 0, .max = int_max},
  {.name = "inFlightBytesMax", .flag = "in-flight-bytes-max",
   .field = &Config::in_flight_bytes_max, .unit = "bytes", .default_text = "1073741824",
   .help = "received and not yet answered, all connections together",
   .min = 1 << 20, .max = 1ll << 40},
  {.name = "outputBytesMax", .flag = "output-bytes-max",
   .field = &Config::output_bytes_max, .unit = "bytes", .default_text = "134217728",
   .help = "unsent to one connection; beyond it the connection is closed",
   .min = 1 << 20, .max = 1ll << 40},
  {.name = "outputBytesTotalMax", .flag = "output-bytes-total-max",
   .field = &Config::output_bytes_total_max, .unit = "bytes", .default_text = "2147483648",
   .help = "unsent to all connections together; beyond it the largest are closed",
   .min = 1 << 20, .max = 1ll << 40},

  {.name = "forceSync", .flag = "force-sync",
   .field = &Config::force_sync, .default_text = "yes",
   .help = "no = writes are acknowledged before they are on stable storage",
   .spelling = Spelling::yes_no},
  {.name = "fsync.warningthresholdms", .flag = "fsync-warning-threshold",
   .field = &Config::slow_sync_warning_ms, .unit = "ms", .default_text = "1000",
   .help = "a sync that takes longer is logged",
   .min = 1, .max = int_max},
  {.name = "preAllocSize", .flag = "pre-alloc-size",
   .field = &Config::segment_kib, .unit = "KiB", .default_text = "65536",
   .help = "size of a log segment",
   .min = 1024, .max = 4 << 20},
  {.name = "logWritesInFlight", .flag = "log-writes-in-flight",
   .field = &Config::log_writes_in_flight, .unit = "batches", .default_text = "2",
   .help = "log batches being written at once",
   .min = 1, .max = 8},
  {.name = "snapCount", .flag = "snap-count",
   .field = &Config::snap_count, .unit = "transactions", .default_text = "100000",
   .help = "a snapshot after a random number between half of it and it; of a tree of more than "
           "16 MiB not before the log has grown by as much",
   .min = 2, .max = int_max},
  {.name = "snapSizeLimitInKb", .flag = "snap-size-limit",
   .field = &Config::snap_log_kib_max, .unit = "KiB", .default_text = "4194304",
   .help = "or after so much log; 0 or less = only by count",
   .min = -int_max - 1, .max = kib_max},
  {.name = "autopurge.snapRetainCount", .flag = "snap-retain-count",
   .field = &Config::snap_retain_count, .unit = "snapshots", .default_text = "3",
   .help = "snapshots that are kept, with the log behind the oldest",
   .min = 3, .max = int_max},
  {.name = "autopurge.purgeInterval", .flag = "purge-interval",
   .field = &Config::purge_interval_hours, .unit = "hours", .default_text = "1",
   .help = "0 = no snapshot or log is ever removed; else surplus ones go after a snapshot",
   .min = 0, .max = int_max},

  {.name = "extendedTypesEnabled", .flag = "extended-types",
   .field = &Config::extended_types_enabled, .default_text = "true",
   .help = "znodes with a time to live"},
  {.name = "enforceQuota", .flag = "enforce-quota",
   .field = &Config::enforce_quota, .default_text = "false",
   .help = "hard quotas refuse requests"},
  {.name = "skipACL", .flag = "skip-acl",
   .field = &Config::skip_acl, .default_text = "no",
   .help = "yes = access control lists are kept but not checked",
   .spelling = Spelling::yes_no},
  {.name = "digest.enabled", .flag = "digest",
   .field = &Config::digest_enabled, .default_text = "true",
   .help = "the word hash shows the tree's digest; the digest itself is always kept"},
  {.name = "reconfigEnabled", .flag = "reconfig",
   .field = &Config::reconfig_enabled, .default_text = "false",
   .help = "which error a reconfig request gets: there is no ensemble to change"},
  {.name = "znode.container.checkIntervalMs", .flag = "container-check-interval",
   .field = &Config::container_check_interval_ms, .unit = "ms", .default_text = "60000",
   .help = "time between looks for empty containers and outlived TTL nodes",
   .min = 1, .max = int_max},
  {.name = "znode.container.maxPerMinute", .flag = "container-max-per-minute",
   .field = &Config::container_per_minute_max, .unit = "znodes", .default_text = "10000",
   .help = "containers and TTL nodes removed per minute at most",
   .min = 1, .max = int_max},
  {.name = "znode.container.maxNeverUsedIntervalMs", .flag = "container-max-never-used-interval",
   .field = &Config::container_never_used_ms_max, .unit = "ms", .default_text = "0",
   .help = "a container that never had a child is removed after this time; 0 = never",
   .min = 0, .max = std::numeric_limits<std::int64_t>::max()},

  {.name = "DigestAuthenticationProvider.superDigest", .flag = "super-digest",
   .field = &Config::super_digest, .default_text = "",
   .help = "user:hash of the identity that may do everything; empty = nobody",
   .check = check_super_digest, .range_text = "user:hash or empty", .secret = true},
  {.name = "DigestAuthenticationProvider.digestAlg", .flag = "digest-alg",
   .field = &Config::digest_algorithm, .default_text = "SHA1",
   .help = "hash of the scheme digest",
   .check = check_digest_algorithm, .range_text = "a digest of OpenSSL: SHA1, SHA-256, ..."},
  {.name = "DigestAuthenticationProvider.enabled", .flag = "digest-auth",
   .field = &Config::digest_auth_enabled, .default_text = "true",
   .help = "the scheme digest exists"},

  {.name = "4lw.commands.whitelist", .flag = "4lw-whitelist",
   .field = &Config::four_letter_words, .default_text = words::default_whitelist,
   .help = "four-letter words that are answered",
   .check = check_whitelist, .range_text = "words, or *; WORD@loopback = from this machine only"},
  {.name = "logLevel", .flag = "log-level",
   .field = &Config::log_level, .default_text = "info",
   .help = "least important messages that are logged",
   .check = check_log_level, .range_text = "trace, debug, info, warn or error"},
};
// clang-format on

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\f\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// What a text says that should be a number.
struct Number {
  enum class Kind : std::uint8_t { none, fits, too_long };
  Kind kind = Kind::none;
  std::int64_t value = 0;  ///< if it fits into 64 bits
};

/// Decimal, or hexadecimal with 0x as ZooKeeper's documentation writes jute.maxbuffer.
Number parse_integer(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
    if (text.starts_with('-')) return {};
  } else if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return {};
  if (error == std::errc::result_out_of_range) return {.kind = Number::Kind::too_long};
  return {.kind = Number::Kind::fits, .value = value};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
    if (c != b[i]) return false;
  }
  return true;
}

std::optional<bool> parse_boolean(std::string_view text, Spelling spelling) {
  const bool yes_no = spelling == Spelling::yes_no;
  if (equal_ignoring_case(text, yes_no ? "yes" : "true")) return true;
  if (equal_ignoring_case(text, yes_no ? "no" : "false")) return false;
  return std::nullopt;
}

std::string refusal(const UsedKey& key, std::string_view text, std::string_view why) {
  std::string line;
  line.append(key.name).append("=").append(key.secret ? "(hidden)" : text);
  line.append(": ").append(why);
  return line.append("; allowed: ").append(range_of(key));
}

}  // namespace

std::span<const UsedKey> used_keys() { return table; }

std::string_view without_prefix(std::string_view name) {
  constexpr std::string_view prefix = "zookeeper.";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return name;
}

const UsedKey* find_used(std::string_view name) {
  name = without_prefix(name);
  for (const UsedKey& key : table)
    if (key.name == name) return &key;
  return nullptr;
}

const UsedKey* find_flag(std::string_view flag) {
  for (const UsedKey& key : table)
    if (key.flag == flag) return &key;
  return nullptr;
}

std::string range_of(const UsedKey& key) {
  if (std::holds_alternative<bool Config::*>(key.field))
    return key.spelling == Spelling::yes_no ? "yes or no" : "true or false";
  if (std::holds_alternative<std::string Config::*>(key.field))
    return key.range_text.empty() ? "any text" : std::string(key.range_text);
  std::string range = std::to_string(key.min) + ".." + std::to_string(key.max);
  if (key.special) {
    range.append(" or ").append(std::to_string(*key.special));
    range.append(" (").append(key.special_meaning).append(")");
  }
  return range;
}

std::string assign(const UsedKey& key, std::string_view text, Config& config) {
  text = trim(text);
  if (const auto* field = std::get_if<bool Config::*>(&key.field)) {
    const std::optional<bool> value = parse_boolean(text, key.spelling);
    if (!value) return refusal(key, text, "this is neither");
    config.*(*field) = *value;
    return "";
  }
  if (const auto* field = std::get_if<std::int64_t Config::*>(&key.field)) {
    const Number number = parse_integer(text);
    if (number.kind == Number::Kind::none) return refusal(key, text, "this is not a number");
    const std::int64_t value = number.value;
    if (number.kind == Number::Kind::too_long ||
        ((value < key.min || value > key.max) && value != key.special))
      return refusal(key, text, "out of range");
    config.*(*field) = value;
    return "";
  }
  const auto* field = std::get_if<std::string Config::*>(&key.field);
  CHECK(field != nullptr);
  if (key.check != nullptr)
    if (const std::string wrong = key.check(text); !wrong.empty()) return refusal(key, text, wrong);
  const bool stands_for_empty = !text.empty() && text == key.empty_text;
  config.*(*field) = stands_for_empty ? std::string() : std::string(text);
  return "";
}

std::string text_of(const UsedKey& key, const Config& config) {
  if (const auto* field = std::get_if<bool Config::*>(&key.field)) {
    const bool value = config.*(*field);
    if (key.spelling == Spelling::yes_no) return value ? "yes" : "no";
    return value ? "true" : "false";
  }
  if (const auto* field = std::get_if<std::int64_t Config::*>(&key.field))
    return std::to_string(config.*(*field));
  const auto* field = std::get_if<std::string Config::*>(&key.field);
  CHECK(field != nullptr);
  const std::string& text = config.*(*field);
  return text.empty() ? std::string(key.empty_text) : text;
}

}  // namespace paddock::config
