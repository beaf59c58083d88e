#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "paddock/config/config.h"

namespace paddock::config {

/// Where a value goes; its type is the key's type.
using Field = std::variant<std::int64_t Config::*, bool Config::*, std::string Config::*>;

/// How a boolean is written.
enum class Spelling {
  true_false,  ///< only true or false, as ZooKeeper's own parser wants it
  yes_no,      ///< yes or no
};

/// A key that changes what the daemon does.
struct UsedKey {
  std::string_view name;  ///< as in zoo.cfg, without `zookeeper.`
  std::string_view flag;  ///< long option of `paddock serve`, without dashes
  Field field;
  std::string_view unit = {};     ///< "ms", "bytes", …; empty when it has none
  std::string_view default_text;  ///< without a file
  std::string_view help;          ///< what it does, for --help
  /// With a file, where ZooKeeper's default is another one. Empty: there is none, it must be given.
  std::optional<std::string_view> default_with_file = std::nullopt;
  std::int64_t min = 0;  ///< of an integer
  std::int64_t max = 0;
  std::optional<std::int64_t> special = std::nullopt;  ///< a value outside min..max that is allowed
  std::string_view special_meaning = {};               ///< what `special` stands for
  Spelling spelling = Spelling::true_false;
  /// What is wrong with a text, or empty. Null: any text will do.
  std::string (*check)(std::string_view value) = nullptr;
  std::string_view range_text = {};  ///< of a text, for --print-config; empty: any
  std::string_view empty_text = {};  ///< how an empty text is written in a file
  bool secret = false;               ///< never printed
};

/// A key of ZooKeeper that changes nothing here, or that must not be ignored.
struct OtherKey {
  std::string_view name;  ///< a `*` at the end: every key that begins like that
  bool refused = false;   ///< ignoring it would weaken safety or security: the start is refused …
  std::string_view harmless = {};  ///< … unless it has this value, which asks for nothing
  std::string_view reason = {};    ///< why refused, or why it has no meaning
};

/// Threads: immutable, both tables.
std::span<const UsedKey> used_keys();
std::span<const OtherKey> other_keys();

/// Finds a key by its name in a file, `zookeeper.` in front or not. Null: not one of these.
const UsedKey* find_used(std::string_view name);
const UsedKey* find_flag(std::string_view flag);
/// An exact name before a family, a longer family before a shorter one.
const OtherKey* find_other(std::string_view name);

/// `name` without a leading `zookeeper.`: the prefix that JVM properties carry.
std::string_view without_prefix(std::string_view name);

/// "1..65535", "true or false", …
std::string range_of(const UsedKey& key);

/// Puts `text` (white space around it is dropped) into the key's field of `config`. Returns what is
/// wrong with it, with the allowed range, or an empty string.
std::string assign(const UsedKey& key, std::string_view text, Config& config);

/// The field's value as it would be written in zoo.cfg.
std::string text_of(const UsedKey& key, const Config& config);

}  // namespace paddock::config
