#pragma once

#include <cstdint>
#include <map>

#include "core/base/check.h"

namespace paddock::ordering {

/// When sessions expire, in buckets of one tick as ZooKeeper's: a session touched at t with timeout
/// T expires at ((t + T) / tick + 1) * tick, that is between T and T + tick later. A touch stores
/// one number; an entry is moved to its true bucket only when the old one comes due.
///
/// It reads no clock: `now_ms` is the owner's session clock (session_clock.h), which never moves
/// backwards and leaves out the time in which the process stood still (R15).
///
/// Threads: loop-local. Used by each reactor for its connections' sessions and by the ordering core
/// for detached ones.
class SessionDeadlines {
 public:
  /// Embedded in what expires; removed before it is destroyed.
  struct Entry {
    std::int64_t expires_ms = 0;
    bool is_armed() const { return next != nullptr; }

   private:
    friend class SessionDeadlines;
    std::int64_t bucket_ms = 0;
    Entry* prev = nullptr;
    Entry* next = nullptr;
  };

  explicit SessionDeadlines(std::int64_t tick_ms) : tick_ms_(tick_ms) { CHECK(tick_ms > 0); }
  SessionDeadlines(const SessionDeadlines&) = delete;
  SessionDeadlines& operator=(const SessionDeadlines&) = delete;

  std::int64_t expiry(std::int64_t now_ms, std::int64_t timeout_ms) const {
    return ((now_ms + timeout_ms) / tick_ms_ + 1) * tick_ms_;
  }

  void arm(Entry& entry, std::int64_t now_ms, std::int64_t timeout_ms) {
    if (entry.is_armed()) remove(entry);
    entry.expires_ms = expiry(now_ms, timeout_ms);
    insert(entry);
  }
  /// Due `remaining_ms` from now, rounded up to a tick: a deadline that another table kept until
  /// now.
  void arm_at(Entry& entry, std::int64_t now_ms, std::int64_t remaining_ms) {
    if (entry.is_armed()) remove(entry);
    entry.expires_ms = (now_ms + remaining_ms + tick_ms_ - 1) / tick_ms_ * tick_ms_;
    insert(entry);
  }
  void touch(Entry& entry, std::int64_t now_ms, std::int64_t timeout_ms) const {
    entry.expires_ms = expiry(now_ms, timeout_ms);
  }
  void remove(Entry& entry) {
    CHECK(entry.is_armed());
    entry.prev->next = entry.next;
    entry.next->prev = entry.prev;
    entry.prev = entry.next = nullptr;
  }

  /// Removes each entry that is due and calls `expired(entry)`, which may arm or destroy it, or
  /// others.
  template <class Expired>
  void expire(std::int64_t now_ms, Expired&& expired) {
    while (!buckets_.empty() && buckets_.begin()->first <= now_ms) {
      Entry& head = buckets_.begin()->second;
      while (head.next != &head) {
        Entry& entry = *head.next;
        remove(entry);
        if (entry.expires_ms > now_ms)
          insert(entry);
        else
          expired(entry);
      }
      buckets_.erase(buckets_.begin());
    }
  }

  /// When expire() may next have something to do; INT64_MAX = never.
  std::int64_t next_ms() const { return buckets_.empty() ? INT64_MAX : buckets_.begin()->first; }

 private:
  void insert(Entry& entry) {
    entry.bucket_ms = entry.expires_ms;
    Entry& head = buckets_[entry.bucket_ms];
    if (head.next == nullptr) head.prev = head.next = &head;
    entry.prev = head.prev;
    entry.next = &head;
    head.prev->next = &entry;
    head.prev = &entry;
  }

  const std::int64_t tick_ms_;
  std::map<std::int64_t, Entry> buckets_;  ///< by expiry; the mapped entry is the list's head
};

}  // namespace paddock::ordering
