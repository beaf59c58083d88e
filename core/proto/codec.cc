#include "core/proto/codec.h"

#include <limits>

namespace paddock::proto {
namespace {

std::int32_t wire_length(std::size_t bytes) {
  CHECK(bytes <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  return static_cast<std::int32_t>(bytes);
}

}  // namespace

void Reader::fail_with(DecodeError error) {
  CHECK(error != DecodeError::none);
  if (ok()) error_ = error;
  rest_ = {};
}

Buffer Reader::counted_bytes() {
  const std::int32_t length = i32();
  if (!ok() || length == -1) return std::nullopt;
  if (length < 0 || length > limits_.field_bytes_max) {
    fail_with(DecodeError::bad_length);
    return std::nullopt;
  }
  const std::byte* at = take(static_cast<std::size_t>(length));
  if (!at) return std::nullopt;
  return Bytes{at, static_cast<std::size_t>(length)};
}

Buffer Reader::buffer() { return counted_bytes(); }

Ustring Reader::ustring() {
  const Buffer bytes = counted_bytes();
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

void Writer::buffer(Buffer value) {
  if (!value) return i32(-1);
  const std::int32_t length = wire_length(value->size());
  std::byte* at = out_.grow(4 + value->size());
  store_be32(at, static_cast<std::uint32_t>(length));
  if (!value->empty()) std::memcpy(at + 4, value->data(), value->size());
}

void Writer::ustring(Ustring value) {
  if (!value) return i32(-1);
  buffer(as_bytes(*value));
}

void Writer::count(std::size_t value) { i32(wire_length(value)); }

}  // namespace paddock::proto
