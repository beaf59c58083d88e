#include "recipes/queue_layout.h"

#include <cstdint>
#include <cstdio>

#include "recipes/paths.h"

namespace paddock::recipes {
namespace {

/// Curator's ItemSerializer: int 0x00010001, then for each item a byte 1, an int length and the
/// bytes, then a byte 2. Big-endian.
constexpr std::uint32_t frame_version = 0x00010001;
constexpr char item_follows = 1;
constexpr char end_of_items = 2;

void put_int(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

std::optional<std::uint32_t> take_int(std::string_view& in) {
  if (in.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : in.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  in.remove_prefix(4);
  return value;
}

std::optional<std::vector<std::string>> parse_frame(std::string_view in) {
  if (take_int(in) != frame_version) return std::nullopt;
  std::vector<std::string> items;
  while (!in.empty() && in.front() == item_follows) {
    in.remove_prefix(1);
    const std::optional<std::uint32_t> size = take_int(in);
    if (!size || *size > in.size()) return std::nullopt;
    items.emplace_back(in.substr(0, *size));
    in.remove_prefix(*size);
  }
  if (in.empty() || in.front() != end_of_items) return std::nullopt;
  return items;
}

}  // namespace

QueueLayout QueueLayout::kazoo(std::string_view path) {
  QueueLayout layout;
  layout.entries_ = join_path(path, "entries");
  layout.taken_ = join_path(path, "taken");
  layout.ledgers_ = join_path(path, "ledgers");
  return layout;
}

QueueLayout QueueLayout::curator(std::string_view path, std::string_view lock_path) {
  QueueLayout layout;
  layout.is_curator_ = true;
  layout.entries_ = path;
  layout.taken_ = lock_path;
  layout.ledgers_ = join_path(lock_path, "ledgers");
  return layout;
}

std::optional<std::string> QueueLayout::name_prefix(std::optional<int> priority) const {
  char text[32];
  if (!is_curator_) {
    const int shown = priority.value_or(100);
    if (shown < 0 || shown > 999) return std::nullopt;
    std::snprintf(text, sizeof text, "entry-%03d-", shown);
  } else if (!priority) {
    return "queue-";
  } else {
    // A digit in front makes the order of the texts that of the numbers.
    std::snprintf(text, sizeof text, "queue-%c%08X", *priority < 0 ? '0' : '1',
                  static_cast<unsigned>(*priority));
  }
  return text;
}

bool QueueLayout::is_entry(std::string_view name) const {
  return name.starts_with(is_curator_ ? "queue-" : "entry-");
}

std::string QueueLayout::encode(std::string_view message) const {
  if (!is_curator_) return std::string(message);
  std::string frame;
  put_int(frame, frame_version);
  frame += item_follows;
  put_int(frame, static_cast<std::uint32_t>(message.size()));
  frame += message;
  frame += end_of_items;
  return frame;
}

std::vector<std::string> QueueLayout::decode(std::string_view data) const {
  if (is_curator_) {
    if (auto items = parse_frame(data)) return std::move(*items);
  }
  return {std::string(data)};
}

}  // namespace paddock::recipes
