#include "paddock/config/properties.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace paddock::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/// Cuts the text into logical lines: comments and blank lines gone, continuations joined, escapes
/// still in place.
class LogicalLines {
 public:
  explicit LogicalLines(std::string_view text) : rest_(text) {}

  /// False at the end of the text.
  bool next(std::string& logical, int& line) {
    logical.clear();
    while (!rest_.empty()) {
      const int at = line_;
      std::string_view natural = take_natural_line();
      while (!natural.empty() && is_blank(natural.front())) natural.remove_prefix(1);
      if (logical.empty()) {
        if (natural.empty() || natural.front() == '#' || natural.front() == '!') continue;
        line = at;
      }
      const bool goes_on = ends_in_odd_backslashes(natural);
      if (goes_on) natural.remove_suffix(1);
      logical.append(natural);
      if (!goes_on && !logical.empty()) return true;
    }
    return !logical.empty();
  }

 private:
  static bool ends_in_odd_backslashes(std::string_view natural) {
    const std::size_t last = natural.find_last_not_of('\\');
    const std::size_t count = last == natural.npos ? natural.size() : natural.size() - last - 1;
    return count % 2 == 1;
  }

  std::string_view take_natural_line() {
    std::size_t end = 0;
    while (end < rest_.size() && !is_line_end(rest_[end])) ++end;
    const std::string_view natural = rest_.substr(0, end);
    if (end < rest_.size()) {
      const bool crlf = rest_[end] == '\r' && end + 1 < rest_.size() && rest_[end + 1] == '\n';
      end += crlf ? 2 : 1;
    }
    rest_.remove_prefix(end);
    ++line_;
    return natural;
  }

  std::string_view rest_;
  int line_ = 1;
};

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&to](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// The four hexadecimal digits at `at`.
std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (text.size() < at + 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    value = value << 4 | digit;
  }
  return value;
}

/// Resolves \uXXXX at `at` (the place of the backslash), with the second half of a surrogate pair;
/// `at` is moved behind it. False: malformed.
bool append_unicode_escape(std::string_view raw, std::size_t& at, std::string& to) {
  std::optional<std::uint32_t> code = hex4(raw, at + 2);
  if (!code) return false;
  at += 6;
  if (*code >= 0xd800 && *code < 0xdc00 && raw.substr(at).starts_with("\\u")) {
    const std::optional<std::uint32_t> low = hex4(raw, at + 2);
    if (!low) return false;
    if (*low >= 0xdc00 && *low < 0xe000) {
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
      at += 6;
    }
  }
  append_utf8(to, *code);
  return true;
}

/// Resolves the escapes of a key or a value.
std::optional<std::string> unescape(std::string_view raw) {
  std::string plain;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\' || at + 1 == raw.size()) {
      if (raw[at] != '\\') plain.push_back(raw[at]);
      ++at;
      continue;
    }
    const char c = raw[at + 1];
    if (c == 'u') {
      if (!append_unicode_escape(raw, at, plain)) return std::nullopt;
      continue;
    }
    plain.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c);
    at += 2;
  }
  return plain;
}

/// Where key and value of a logical line are, still escaped.
std::pair<std::string_view, std::string_view> split(std::string_view logical) {
  std::size_t end = 0;
  while (end < logical.size() && !is_blank(logical[end]) && logical[end] != '=' &&
         logical[end] != ':') {
    end += logical[end] == '\\' ? 2 : 1;
  }
  if (end > logical.size()) end = logical.size();
  const std::string_view key = logical.substr(0, end);
  std::string_view value = logical.substr(end);
  const auto skip_blanks = [&value] {
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  };
  skip_blanks();
  if (!value.empty() && (value.front() == '=' || value.front() == ':')) value.remove_prefix(1);
  skip_blanks();
  return {key, value};
}

}  // namespace

Result<std::vector<Property>, PropertiesError> parse_properties(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<Property> properties;
  LogicalLines lines(text);
  std::string logical;
  int line = 0;
  while (lines.next(logical, line)) {
    const auto [raw_key, raw_value] = split(logical);
    std::optional<std::string> key = unescape(raw_key);
    std::optional<std::string> value = unescape(raw_value);
    if (!key || !value)
      return fail(PropertiesError{line, "\\u must be followed by four hexadecimal digits"});
    properties.push_back({std::move(*key), std::move(*value), line});
  }
  return properties;
}

}  // namespace paddock::config
