#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace paddock::shell {

/// One option of a command: a letter ("s"), or a word ("file") that is written behind one dash, as
/// zkCli.sh has it, or behind two.
struct Option {
  std::string_view name;
  bool takes_value = false;
};

/// The words of a command behind its name, sorted into options and the rest.
///
/// Options may stand anywhere; letters can share a dash (-sw), and a value can stand behind its
/// letter (-v7) or behind `=` of a word. `--` ends them. A negative number and a lone dash are no
/// options. Of an option given twice the last value counts, unless all are asked for.
class Arguments {
 public:
  static Result<Arguments, std::string> parse(std::span<const Option> options,
                                              std::span<const std::string> words);

  bool has(std::string_view option) const { return value(option).has_value(); }
  /// "" for an option without a value; nullopt if it was not given.
  std::optional<std::string_view> value(std::string_view option) const;
  /// Every value that was given, in order.
  std::vector<std::string_view> values(std::string_view option) const;
  /// The value as a number of the range; an error text for anything else. nullopt if not given.
  Result<std::optional<std::int64_t>, std::string> number(std::string_view option, std::int64_t min,
                                                          std::int64_t max) const;

  /// What is no option, words behind `--` included.
  const std::vector<std::string>& positional() const { return positional_; }
  /// What stands behind `--`; empty without one.
  std::span<const std::string> behind_dashes() const;

 private:
  std::vector<std::pair<std::string_view, std::string>> options_;
  std::vector<std::string> positional_;
  std::optional<std::size_t> dashes_;  ///< how many positional words are before `--`
};

/// A whole decimal number, with a sign at most; nullopt for anything else.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// The same in hexadecimal, with or without 0x.
std::optional<std::int64_t> parse_hex(std::string_view text);

}  // namespace paddock::shell
