#pragma once

#include <compare>
#include <cstdint>

namespace paddock {

/// An integer with a meaning of its own, so that two of them cannot be swapped at a call.
template <class Tag, class Int>
struct Strong {
  Int value{};
  constexpr auto operator<=>(const Strong&) const = default;
};

/// Transaction id: epoch << 32 | counter, as ZooKeeper's. 0 = before the first transaction.
using Zxid = Strong<struct ZxidTag, std::int64_t>;
/// Client session, never 0 for a live one; also the ephemeralOwner of its nodes.
using SessionId = Strong<struct SessionIdTag, std::int64_t>;

constexpr Zxid make_zxid(std::uint32_t epoch, std::uint32_t counter) {
  return Zxid{static_cast<std::int64_t>((static_cast<std::uint64_t>(epoch) << 32) | counter)};
}
constexpr std::uint32_t epoch_of(Zxid z) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(z.value) >> 32);
}
constexpr std::uint32_t counter_of(Zxid z) { return static_cast<std::uint32_t>(z.value); }

/// The zxid behind `z`. When the counter is used up the epoch moves on by itself and the counter
/// starts again at 1: clients only see a larger number (R22).
constexpr Zxid next_zxid(Zxid z) {
  return counter_of(z) == 0xffffffffu ? make_zxid(epoch_of(z) + 1, 1) : Zxid{z.value + 1};
}

static_assert(next_zxid(Zxid{0}) == Zxid{1});
static_assert(next_zxid(make_zxid(0, 0xffffffffu)) == make_zxid(1, 1));

}  // namespace paddock
