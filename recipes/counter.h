#pragma once

#include <cstdint>
#include <string>

#include "recipes/atomic_value.h"

namespace paddock::recipes {

/// How the number is written into the node.
enum class CounterLayout {
  decimal,        ///< text, "-17": kazoo's Counter
  big_endian_64,  ///< 8 bytes: Curator's DistributedAtomicLong
  big_endian_32,  ///< 4 bytes: Curator's SharedCount, kazoo's Counter with support_curator
};

struct CounterOptions {
  CounterLayout layout = CounterLayout::decimal;
  AtomicOptions value{};
};

/// A number that processes change together.
///
///   Counter counter(client, "/stats/orders");
///   Expected<std::int64_t> total = counter.add(1, 2s);
///
/// **Guarantee.** As AtomicValue: of concurrent changes each is made to the result of another, none
/// is lost or made twice. A change whose reply was lost and whose outcome cannot be told fails with
/// connection_loss unless CounterOptions::value.receipts is set, with which it is always told.
///
/// **Znodes, session**: as atomic_value.h; no node or an empty one counts as 0.
///
/// **Interop.** By layout, with the recipes named there.
///
/// **Round trips.** get 1, set 1, add and compare_and_set 2 if nobody interferes.
///
/// Errors beside AtomicValue's: marshalling_error if what is in the node is not such a number,
/// bad_arguments if the result does not fit into 64 bits or the layout.
///
/// Threads: any. Blocking. Borrows the client.
class Counter {
 public:
  Counter(client::Client& client, std::string path, CounterOptions options = {})
      : layout_(options.layout), value_(client, std::move(path), std::move(options.value)) {}

  client::Expected<std::int64_t> get(client::Deadline deadline,
                                     const client::CancelToken& cancel = {}) const;
  client::Expected<void> set(std::int64_t number, client::Deadline deadline,
                             const client::CancelToken& cancel = {});
  /// What it has become.
  client::Expected<std::int64_t> add(std::int64_t delta, client::Deadline deadline,
                                     const client::CancelToken& cancel = {});
  /// Whether it was `expected`, and so is `desired` now.
  client::Expected<bool> compare_and_set(std::int64_t expected, std::int64_t desired,
                                         client::Deadline deadline,
                                         const client::CancelToken& cancel = {});

 private:
  const CounterLayout layout_;
  AtomicValue value_;
};

}  // namespace paddock::recipes
