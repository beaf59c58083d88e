#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/base/bytes.h"

namespace paddock::reactor {

/// How many connections there are, in all and from each address, and on which reactor: decides who
/// is let in (maxClientCnxns, maxCnxns) and who serves it. Asked at accept and close only.
///
/// Threads: any (a mutex).
class ConnectionLimits {
 public:
  enum class Verdict : std::uint8_t { admitted, too_many_from_address, too_many };

  /// 0 = no limit.
  ConnectionLimits(std::int64_t per_address_max, std::int64_t total_max, std::size_t reactors)
      : per_address_max_(per_address_max), total_max_(total_max), load_(reactors, 0) {}

  /// Counts a connection from `address` (16 bytes), unless a limit forbids it. `reactor`: the one
  /// with the fewest connections, which is to serve it.
  Verdict admit(Bytes address, std::uint16_t& reactor) {
    const std::lock_guard lock(mutex_);
    if (total_max_ != 0 && total_ >= total_max_) return Verdict::too_many;
    std::int64_t& count = by_address_[key_of(address)];
    if (per_address_max_ != 0 && count >= per_address_max_) return Verdict::too_many_from_address;
    ++count;
    ++total_;
    reactor = 0;
    for (std::uint16_t i = 1; i < load_.size(); ++i)
      if (load_[i] < load_[reactor]) reactor = i;
    ++load_[reactor];
    return Verdict::admitted;
  }
  /// An admitted connection is gone.
  void leave(Bytes address, std::uint16_t reactor) {
    const std::lock_guard lock(mutex_);
    const auto at = by_address_.find(key_of(address));
    if (--at->second == 0) by_address_.erase(at);
    --total_;
    --load_[reactor];
  }

 private:
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.high * 0x9e3779b97f4a7c15u) ^ (key.low * 0xbf58476d1ce4e5b9u);
    }
  };
  static Key key_of(Bytes address) {
    Key key;
    std::memcpy(&key.high, address.data(), 8);
    std::memcpy(&key.low, address.data() + 8, 8);
    return key;
  }

  const std::int64_t per_address_max_;
  const std::int64_t total_max_;
  std::mutex mutex_;
  std::int64_t total_ = 0;                                  // guarded by mutex_
  std::unordered_map<Key, std::int64_t, Hash> by_address_;  // guarded by mutex_
  std::vector<std::int64_t> load_;                          // guarded by mutex_
};

}  // namespace paddock::reactor
