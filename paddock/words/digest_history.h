#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "paddock/words/server_view.h"

namespace paddock::words {

/// What the word hash lists: the tree's digest at every 128th transaction, the last 1024 of them. A
/// digest exists only where a batch ends, so an entry stands at the first batch end at or behind a
/// multiple of 128, and carries that zxid.
/// Threads: loop-local.
class DigestHistory {
 public:
  static constexpr std::int64_t interval = 128;
  static constexpr std::size_t entries_max = 1024;

  /// A batch has been committed: `end` is its last zxid, `digest` the state's there.
  void note(Zxid end, std::uint64_t digest) {
    const std::int64_t group = end.value / interval;
    const bool is_first = last_group_ < 0;
    if (group == last_group_) return;
    last_group_ = group;
    if (is_first && end.value % interval != 0) return;  // the multiple lies before the start
    if (entries_.size() == entries_max) entries_.pop_front();
    entries_.push_back({end, digest});
  }

  const std::deque<DigestView>& entries() const { return entries_; }

 private:
  std::deque<DigestView> entries_;
  std::int64_t last_group_ = -1;
};

}  // namespace paddock::words
