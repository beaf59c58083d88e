#include "core/proto/codec.h"

namespace paddock::proto {

void Reader::fail_with(DecodeError error) {
  CHECK(error != DecodeError::none);
  if (ok()) error_ = error;
  rest_ = {};
}

Ustring Reader::ustring() {
  const Buffer bytes = buffer();
  if (!bytes) return std::nullopt;
  if (utf8_valid_prefix(*bytes) == bytes->size()) [[likely]]
    return as_text(*bytes);
  if (!arena_) {
    fail_with(DecodeError::bad_utf8);
    return std::nullopt;
  }
  return arena_->keep(utf8_repaired(*bytes));
}

std::optional<std::size_t> Reader::count(std::size_t element_bytes_min) {
  const std::int32_t value = i32();
  if (value == -1) return std::nullopt;
  if (value < -1) return 0;
  const auto n = static_cast<std::size_t>(value);
  if (n > rest_.size() / element_bytes_min) {
    fail_with(DecodeError::truncated);
    return 0;
  }
  return n;
}

void Writer::ustring(Ustring value) {
  if (!value) return i32(-1);
  buffer(as_bytes(*value));
}

}  // namespace paddock::proto
