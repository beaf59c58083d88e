#pragma once

#include <tl/expected.hpp>

namespace paddock {

/// A value, or the reason why there is none. For errors of the world (I/O, malformed input); a bug
/// is a CHECK, an answer to a client is a proto::ErrorCode. There is no TRY macro: branches stay
/// visible.
template <class T, class E>
using Result = tl::expected<T, E>;

template <class E>
[[nodiscard]] constexpr tl::unexpected<std::decay_t<E>> fail(E&& error) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace paddock
