#include "wal/names.h"

#include <charconv>
#include <cstdio>

namespace paddock::wal {
namespace {

constexpr std::string_view segment_suffix = ".log";
constexpr std::string_view spare_suffix = ".spare";
constexpr std::size_t zxid_digits = 16;

/// The number in front of `suffix`; nothing when anything else stands there.
std::optional<std::uint64_t> number_before(std::string_view name, std::string_view suffix,
                                           int base) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, base);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string segment_name(Zxid first) {
  char digits[zxid_digits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(first.value));
  return digits + std::string(segment_suffix);
}

std::optional<Zxid> segment_first(std::string_view name) {
  if (name.size() != zxid_digits + segment_suffix.size()) return std::nullopt;
  const auto number = number_before(name, segment_suffix, 16);
  if (!number) return std::nullopt;
  const Zxid first{static_cast<std::int64_t>(*number)};
  // Exactly our spelling, so that name and zxid are one to one.
  if (first.value <= 0 || segment_name(first) != name) return std::nullopt;
  return first;
}

std::string spare_name(std::uint64_t number) {
  return std::to_string(number) + std::string(spare_suffix);
}

std::optional<std::uint64_t> spare_number(std::string_view name) {
  return number_before(name, spare_suffix, 10);
}

std::string path_in(std::string_view dir, std::string_view name) {
  std::string path(dir);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

}  // namespace paddock::wal
