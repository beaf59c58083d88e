#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/proto/utf8.h"

/// jute, the encoding of ZooKeeper's protocol: big-endian integers, booleans of one byte, buffers
/// and strings behind an int length (-1 = null), vectors behind an int count (-1 = null), records
/// as their fields in order. There are no tags, so both sides must agree on every field.
///
/// A record is a plain struct with `static auto fields(auto& r)` naming its members in wire order
/// (std::tie); Reader and Writer both follow that one list, so they cannot disagree.
namespace paddock::proto {

/// Strings and buffers borrow: from the frame they were read from, from the Reader's arena, or from
/// whoever filled in a record to be written. nullopt = null, distinct from empty.
using Ustring = std::optional<std::string_view>;
using Buffer = std::optional<Bytes>;

/// A vector that can be null. Cleared, not freed, when it is read into again.
template <class T>
struct Vector {
  std::vector<T> items;
  bool is_null = false;
  bool operator==(const Vector&) const = default;
};

template <class T>
concept Record = requires(T& record) {
  T::fields(record);
};

enum class DecodeError {
  none = 0,
  truncated,   ///< the bytes end inside a field
  bad_length,  ///< a negative length other than -1, or one above the limit
  bad_op,      ///< an operation or flags that a multi cannot hold
  bad_utf8,    ///< only without an arena: malformed text, and nowhere to put the repaired one
};

struct ReadLimits {
  /// Longest single string or buffer: jute.maxbuffer + jute.maxbuffer.extrasize, which defaults to
  /// the same 1048575.
  std::int32_t field_bytes_max = 2 * 1048575;
};

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<Vector<T>> : std::true_type {};
template <class T>
struct IsStrong : std::false_type {};
template <class Tag>
struct IsStrong<Strong<Tag, std::int64_t>> : std::true_type {};

/// Fewest bytes a value takes on the wire: what a vector's count is checked against.
template <class T>
constexpr std::size_t wire_bytes_min() {
  if constexpr (std::is_same_v<T, bool>) {
    return 1;
  } else if constexpr (std::is_same_v<T, std::int64_t> || IsStrong<T>::value) {
    return 8;
  } else if constexpr (Record<T>) {
    return []<class... F>(std::type_identity<std::tuple<F...>>) {
      return (std::size_t{0} + ... + wire_bytes_min<std::remove_cvref_t<F>>());
    }(std::type_identity<decltype(T::fields(std::declval<T&>()))>{});
  } else {
    return 4;  // ints, enums, and the length word of everything else
  }
}

/// Whether every value takes wire_bytes_min on the wire.
template <class T>
constexpr bool is_fixed() {
  if constexpr (Record<T>) {
    return []<class... F>(std::type_identity<std::tuple<F...>>) {
      return (is_fixed<std::remove_cvref_t<F>>() && ...);
    }(std::type_identity<decltype(T::fields(std::declval<T&>()))>{});
  } else {
    return std::is_integral_v<T> || std::is_enum_v<T> || IsStrong<T>::value;
  }
}

template <class T>
concept ScalarOrRecord = Record<T> || is_fixed<T>();

}  // namespace detail

/// Reads values one after another from borrowed bytes. The first failure sticks: from then on every
/// read gives zero, null or nothing, so a caller may read a whole record and ask once.
///
/// Well-formed strings and all buffers are views into the bytes given, with no copy. Malformed
/// UTF-8 is repaired into `arena`, which must outlive what was read. Threads: loop-local.
class Reader {
 public:
  explicit Reader(Bytes bytes, TextArena* arena = nullptr, ReadLimits limits = {})
      : rest_(bytes), arena_(arena), limits_(limits) {}

  bool ok() const { return error_ == DecodeError::none; }
  DecodeError error() const { return error_; }
  /// What has not been read yet; empty after a failure.
  Bytes rest() const { return rest_; }

  std::int32_t i32() {
    const std::byte* at = take(4);
    return at ? static_cast<std::int32_t>(load_be32(at)) : 0;
  }
  std::int64_t i64() {
    const std::byte* at = take(8);
    return at ? static_cast<std::int64_t>(load_be64(at)) : 0;
  }
  /// Any byte but zero is true.
  bool boolean() {
    const std::byte* at = take(1);
    return at && *at != std::byte{0};
  }
  Buffer buffer() {
    const std::int32_t length = i32();
    if (!ok() || length == -1) return std::nullopt;
    if (length < 0 || length > limits_.field_bytes_max) [[unlikely]] {
      fail_with(DecodeError::bad_length);
      return std::nullopt;
    }
    const std::byte* at = take(static_cast<std::size_t>(length));
    if (!at) return std::nullopt;
    return Bytes{at, static_cast<std::size_t>(length)};
  }
  Ustring ustring();
  /// The count of a vector whose elements take at least `element_bytes_min` each; nullopt = null.
  /// Counts below -1 are zero. A count that the remaining bytes cannot hold is a failure, before
  /// anybody reserves memory for it.
  std::optional<std::size_t> count(std::size_t element_bytes_min);

  void read(std::int32_t& value) { value = i32(); }
  void read(std::int64_t& value) { value = i64(); }
  void read(bool& value) { value = boolean(); }
  void read(Buffer& value) { value = buffer(); }
  void read(Ustring& value) { value = ustring(); }
  template <class E>
  requires std::is_enum_v<E>
  void read(E& value) {
    static_assert(sizeof(E) == 4);
    value = static_cast<E>(i32());
  }
  template <class Tag>
  void read(Strong<Tag, std::int64_t>& value) {
    value.value = i64();
  }
  template <class T>
  void read(Vector<T>& vector) {
    vector.items.clear();
    const std::optional<std::size_t> n = count(detail::wire_bytes_min<T>());
    vector.is_null = !n.has_value();
    if (!n) return;
    vector.items.reserve(*n);
    for (std::size_t i = 0; i < *n && ok(); ++i) read(vector.items.emplace_back());
  }
  template <Record T>
  void read(T& record) {
    std::apply([this](auto&... field) { (this->read(field), ...); }, T::fields(record));
  }

  /// Gives up on the input for a reason that the fields cannot know.
  void fail_with(DecodeError error);

 private:
  /// The next `count` bytes, or null.
  const std::byte* take(std::size_t count) {
    if (rest_.size() < count) [[unlikely]] {
      fail_with(DecodeError::truncated);
      return nullptr;
    }
    const std::byte* at = rest_.data();
    rest_ = rest_.subspan(count);
    return at;
  }

  Bytes rest_;
  TextArena* arena_;
  ReadLimits limits_;
  DecodeError error_ = DecodeError::none;
};

/// Appends values to a buffer. Threads: loop-local.
class Writer {
 public:
  explicit Writer(ByteBuffer& out) : out_(out) {}

  void i32(std::int32_t value) { store_be32(out_.grow(4), static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) { store_be64(out_.grow(8), static_cast<std::uint64_t>(value)); }
  void boolean(bool value) { *out_.grow(1) = std::byte{value}; }
  /// At most 2^31 - 1 bytes, as for every length on the wire.
  void buffer(Buffer value) {
    if (!value) return i32(-1);
    run(*value);
  }
  void ustring(Ustring value);
  /// A string that is not null.
  void text(std::string_view value) { run(as_bytes(value)); }
  /// The count in front of a vector's elements, which the caller writes.
  void count(std::size_t value) { store_be32(out_.grow(4), wire_length(value)); }
  void null_vector() { i32(-1); }

  template <detail::ScalarOrRecord T>
  void write(const T& value) {
    // What is of one size is one piece: `out_` is asked once for room, not for each field.
    if constexpr (detail::is_fixed<T>())
      put(out_.grow(detail::wire_bytes_min<T>()), value);
    else
      std::apply([this](const auto&... field) { (this->write(field), ...); }, T::fields(value));
  }
  void write(const Buffer& value) { buffer(value); }
  void write(const Ustring& value) { ustring(value); }
  template <class T>
  void write(const Vector<T>& vector) {
    if (vector.is_null) return null_vector();
    count(vector.items.size());
    for (const T& item : vector.items) write(item);
  }

 private:
  /// Writes a value of fixed size; returns its end.
  template <class T>
  static std::byte* put(std::byte* at, const T& value) {
    if constexpr (Record<T>) {
      std::apply([&at](const auto&... field) { ((at = put(at, field)), ...); }, T::fields(value));
      return at;
    } else if constexpr (std::is_same_v<T, bool>) {
      *at = std::byte{value};
      return at + 1;
    } else if constexpr (detail::wire_bytes_min<T>() == 8) {
      if constexpr (detail::IsStrong<T>::value)
        store_be64(at, static_cast<std::uint64_t>(value.value));
      else
        store_be64(at, static_cast<std::uint64_t>(value));
      return at + 8;
    } else {
      static_assert(sizeof(T) == 4);
      store_be32(at, static_cast<std::uint32_t>(value));
      return at + 4;
    }
  }
  /// Bytes behind their length.
  void run(Bytes bytes) {
    std::byte* at = out_.grow(4 + bytes.size());
    store_be32(at, wire_length(bytes.size()));
    if (!bytes.empty()) std::memcpy(at + 4, bytes.data(), bytes.size());
  }
  static std::uint32_t wire_length(std::size_t count) {
    CHECK(count <= INT32_MAX);
    return static_cast<std::uint32_t>(count);
  }

  ByteBuffer& out_;
};

/// The record at the start of `bytes`; what follows it is ignored, as ZooKeeper does.
template <Record T>
Result<T, DecodeError> decode(Bytes bytes, TextArena* arena = nullptr, ReadLimits limits = {}) {
  Reader in(bytes, arena, limits);
  T record;
  in.read(record);
  if (!in.ok()) return fail(in.error());
  return record;
}

/// Appends the encoding of `record`.
template <Record T>
void encode(const T& record, ByteBuffer& out) {
  Writer(out).write(record);
}

}  // namespace paddock::proto
