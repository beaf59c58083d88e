#include "paddock/shell/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace paddock::shell {
namespace {

std::optional<std::int64_t> parse(std::string_view text, int base) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

const Option* find(std::span<const Option> options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

bool is_option_word(std::span<const Option> options, std::string_view word) {
  if (word.size() < 2 || word.front() != '-') return false;
  const bool is_negative_number = word[1] >= '0' && word[1] <= '9';
  return !is_negative_number || find(options, word.substr(1, 1)) != nullptr;
}

/// An option found in a word, and its value if the word holds that as well.
struct Given {
  const Option* option;
  std::optional<std::string> value;
};

/// A word as one option: -name, --name, --name=value. nullopt if there is none of that name.
std::optional<Given> as_one(std::span<const Option> options, std::string_view word) {
  word.remove_prefix(word[1] == '-' ? 2 : 1);
  if (const Option* option = find(options, word)) return Given{option, std::nullopt};
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const Option* option = find(options, word.substr(0, equals));
  if (!option || !option->takes_value) return std::nullopt;
  return Given{option, std::string(word.substr(equals + 1))};
}

/// A word as letters behind one dash; empty if it is not.
std::vector<Given> as_letters(std::span<const Option> options, std::string_view word) {
  std::vector<Given> given;
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Option* option = find(options, word.substr(i, 1));
    if (!option) return {};
    const bool has_rest = option->takes_value && i + 1 < word.size();
    given.push_back({option, std::nullopt});
    if (!has_rest) continue;
    given.back().value = std::string(word.substr(i + 1));
    break;
  }
  return given;
}

}  // namespace

Result<Arguments, std::string> Arguments::parse(std::span<const Option> options,
                                                std::span<const std::string> words) {
  Arguments parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      parsed.dashes_ = parsed.positional_.size();
      parsed.positional_.insert(parsed.positional_.end(), words.begin() + static_cast<long>(i) + 1,
                                words.end());
      break;
    }
    if (!is_option_word(options, word)) {
      parsed.positional_.push_back(word);
      continue;
    }
    std::vector<Given> given;
    if (std::optional<Given> one = as_one(options, word)) {
      given.push_back(*std::move(one));
    } else {
      given = as_letters(options, word);
    }
    if (given.empty()) return tl::unexpected("Unrecognized option: " + word);
    for (Given& item : given) {
      if (item.option->takes_value && !item.value) {
        if (i + 1 == words.size())
          return tl::unexpected(fmt::format("Missing argument for option: {}", item.option->name));
        item.value = words[++i];
      }
      parsed.options_.emplace_back(item.option->name, std::move(item.value).value_or(""));
    }
  }
  return parsed;
}

std::optional<std::string_view> Arguments::value(std::string_view option) const {
  const auto found = std::find_if(options_.rbegin(), options_.rend(),
                                  [&](const auto& given) { return given.first == option; });
  if (found == options_.rend()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> Arguments::values(std::string_view option) const {
  std::vector<std::string_view> values;
  for (const auto& [name, text] : options_) {
    if (name == option) values.emplace_back(text);
  }
  return values;
}

Result<std::optional<std::int64_t>, std::string> Arguments::number(std::string_view option,
                                                                   std::int64_t min,
                                                                   std::int64_t max) const {
  const std::optional<std::string_view> text = value(option);
  if (!text) return std::nullopt;
  const std::optional<std::int64_t> number = parse_integer(*text);
  if (!number || *number < min || *number > max)
    return tl::unexpected(
        fmt::format("-{} takes a number from {} to {}, not \"{}\"", option, min, max, *text));
  return number;
}

std::span<const std::string> Arguments::behind_dashes() const {
  return std::span(positional_).subspan(dashes_.value_or(positional_.size()));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return parse(text, 10);
}

std::optional<std::int64_t> parse_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return parse(text, 16);
}

}  // namespace paddock::shell
