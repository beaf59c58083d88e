#include "recipes/contender_names.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "core/base/check.h"
#include "recipes/paths.h"

namespace paddock::recipes {
namespace {

/// Of "%010d", a minus included.
constexpr std::size_t width = 10;

}  // namespace

std::optional<Contender> parse_contender(std::string_view name, std::span<const Spelling> known) {
  if (name.size() < width) return std::nullopt;
  std::string_view digits = name.substr(name.size() - width);
  const bool is_padded_negative = digits.front() == '-';
  if (is_padded_negative) digits.remove_prefix(1);
  std::int64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  const std::string_view before = name.substr(0, name.size() - width);
  for (const Spelling& spelling : known) {
    // A minus belongs to the marker where the marker ends with one: "lock-", "lock--".
    bool negative = is_padded_negative;
    std::string_view rest = before;
    if (!negative && !rest.ends_with(spelling.marker) && rest.ends_with('-')) {
      negative = true;
      rest.remove_suffix(1);
    }
    if (!rest.ends_with(spelling.marker) || !rest.starts_with(spelling.start)) continue;
    const std::int64_t value = negative ? -number : number;
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max())
      return std::nullopt;
    return Contender{name, static_cast<std::uint32_t>(value), spelling.claim};
  }
  return std::nullopt;
}

bool is_ahead(const Contender& a, const Contender& b) {
  // Two of the same number are not the server's doing; the names keep both from being first.
  if (a.number == b.number) return a.name < b.name;
  return static_cast<std::int32_t>(a.number - b.number) < 0;
}

std::string_view find_blocker(const std::vector<std::string>& names, std::string_view own,
                              std::span<const Spelling> known) {
  const std::optional<Contender> self = parse_contender(own, known);
  CHECK(self.has_value());
  std::optional<Contender> nearest;
  for (const std::string& name : names) {
    const std::optional<Contender> other = parse_contender(name, known);
    if (!other || !is_ahead(*other, *self)) continue;
    if (self->claim == Claim::shared && other->claim == Claim::shared) continue;
    if (!nearest || is_ahead(*nearest, *other)) nearest = other;
  }
  return nearest ? nearest->name : std::string_view();
}

std::string_view find_first(const std::vector<std::string>& names,
                            std::span<const Spelling> known) {
  std::optional<Contender> first;
  for (const std::string& name : names) {
    const std::optional<Contender> other = parse_contender(name, known);
    if (other && (!first || is_ahead(*other, *first))) first = other;
  }
  return first ? first->name : std::string_view();
}

std::string new_protection() {
  std::string id = unique_name();
  for (const std::size_t dash : {20, 16, 12, 8}) id.insert(dash, 1, '-');
  return "_c_" + id + "-";
}

}  // namespace paddock::recipes
