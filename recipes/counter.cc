#include "recipes/counter.h"

#include <charconv>
#include <limits>
#include <optional>

namespace paddock::recipes {

using namespace client;

namespace {

std::string big_endian(std::uint64_t bits, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = bytes; i-- > 0; bits >>= 8) text[i] = static_cast<char>(bits & 0xff);
  return text;
}

std::optional<std::string> encode(CounterLayout layout, std::int64_t number) {
  switch (layout) {
    case CounterLayout::decimal:
      return std::to_string(number);
    case CounterLayout::big_endian_64:
      return big_endian(static_cast<std::uint64_t>(number), 8);
    case CounterLayout::big_endian_32:
      if (number < std::numeric_limits<std::int32_t>::min() ||
          number > std::numeric_limits<std::int32_t>::max())
        return std::nullopt;
      return big_endian(static_cast<std::uint64_t>(number), 4);
  }
  return std::nullopt;
}

std::optional<std::int64_t> decode(CounterLayout layout, const std::string& text) {
  if (text.empty()) return 0;
  if (layout == CounterLayout::decimal) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end) return std::nullopt;
    return number;
  }
  if (text.size() != (layout == CounterLayout::big_endian_64 ? 8u : 4u)) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : text) bits = bits << 8 | static_cast<unsigned char>(c);
  if (layout == CounterLayout::big_endian_32)
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
  return static_cast<std::int64_t>(bits);
}

}  // namespace

Expected<std::int64_t> Counter::get(Deadline deadline, const CancelToken& cancel) const {
  const Expected<Versioned> value = value_.get(deadline, cancel);
  if (!value) return tl::unexpected(value.error());
  const std::optional<std::int64_t> number = decode(layout_, value->data);
  if (!number) return tl::unexpected(Error::marshalling_error);
  return *number;
}

Expected<void> Counter::set(std::int64_t number, Deadline deadline, const CancelToken& cancel) {
  const std::optional<std::string> text = encode(layout_, number);
  if (!text) return tl::unexpected(Error::bad_arguments);
  const Expected<std::int32_t> version = value_.set(*text, deadline, cancel);
  if (!version) return tl::unexpected(version.error());
  return {};
}

Expected<std::int64_t> Counter::add(std::int64_t delta, Deadline deadline,
                                    const CancelToken& cancel) {
  Expected<std::int64_t> sum = 0;
  const Expected<Versioned> changed = value_.update(
      [&](const Versioned& now) -> std::optional<std::string> {
        const std::optional<std::int64_t> number = decode(layout_, now.data);
        std::int64_t next = 0;
        if (!number) {
          sum = tl::unexpected(Error::marshalling_error);
          return std::nullopt;
        }
        std::optional<std::string> text;
        if (!__builtin_add_overflow(*number, delta, &next)) text = encode(layout_, next);
        if (text)
          sum = next;
        else
          sum = tl::unexpected(Error::bad_arguments);
        return text;
      },
      deadline, cancel);
  if (!changed) return tl::unexpected(changed.error());
  return sum;
}

Expected<bool> Counter::compare_and_set(std::int64_t expected, std::int64_t desired,
                                        Deadline deadline, const CancelToken& cancel) {
  const std::optional<std::string> text = encode(layout_, desired);
  if (!text) return tl::unexpected(Error::bad_arguments);
  Expected<bool> is_expected = false;
  const Expected<Versioned> changed = value_.update(
      [&](const Versioned& now) -> std::optional<std::string> {
        const std::optional<std::int64_t> number = decode(layout_, now.data);
        if (!number)
          is_expected = tl::unexpected(Error::marshalling_error);
        else
          is_expected = *number == expected;
        return is_expected.value_or(false) ? text : std::nullopt;
      },
      deadline, cancel);
  if (!changed) return tl::unexpected(changed.error());
  return is_expected;
}

}  // namespace paddock::recipes
