#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace paddock {

/// A log-linear histogram in fixed memory (10.5 KiB): exact up to 63, above that 32 buckets for
/// each power of two, so a percentile is at most 1/32 (3.2 %) above the true value. Count, sum,
/// minimum and maximum are exact. Values below 0 count as 0, values above value_max go into the
/// last bucket (5 hours in ns).
///
/// Threads: any. One thread calls record() and reset(); others may read meanwhile. Every word is a
/// relaxed atomic that only the writer stores, so a reader sees each number whole, if not all of
/// them of the same moment.
class Histogram {
 public:
  static constexpr int sub_bits = 5;
  static constexpr std::int64_t value_max = (std::int64_t{1} << 44) - 1;
  static constexpr std::size_t bucket_count = (44 - sub_bits + 1) << sub_bits;

  void record(std::int64_t value) { record(value, 1); }

  /// The same value `times` times.
  void record(std::int64_t value, std::uint64_t times) {
    if (value < 0) value = 0;
    if (times == 0) return;
    bump(buckets_[index_of(value)], times);
    bump(count_, times);
    bump(sum_, static_cast<std::uint64_t>(value) * times);
    if (value < min_.load(std::memory_order_relaxed)) min_.store(value, std::memory_order_relaxed);
    if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
  }

  /// Adds what `other` has counted. The caller is the writer of this one.
  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < bucket_count; ++i)
      bump(buckets_[i], other.buckets_[i].load(std::memory_order_relaxed));
    bump(count_, other.count());
    bump(sum_, other.sum());
    if (other.count() == 0) return;
    if (other.min() < min_.load(std::memory_order_relaxed))
      min_.store(other.min(), std::memory_order_relaxed);
    if (other.max() > max_.load(std::memory_order_relaxed))
      max_.store(other.max(), std::memory_order_relaxed);
  }

  void reset() {
    for (std::atomic<std::uint64_t>& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
    count_.store(0, std::memory_order_relaxed);
    sum_.store(0, std::memory_order_relaxed);
    min_.store(std::numeric_limits<std::int64_t>::max(), std::memory_order_relaxed);
    max_.store(0, std::memory_order_relaxed);
  }

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  /// 0 when nothing was recorded.
  std::int64_t min() const { return count() == 0 ? 0 : min_.load(std::memory_order_relaxed); }
  std::int64_t max() const { return max_.load(std::memory_order_relaxed); }
  double mean() const {
    return count() == 0 ? 0 : static_cast<double>(sum()) / static_cast<double>(count());
  }

  /// The smallest bucket end that at least `fraction` (0..1) of the values do not exceed, and never
  /// more than max(). 0 when nothing was recorded.
  std::int64_t percentile(double fraction) const {
    std::uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    if (total == 0) return 0;
    const double exact = fraction * static_cast<double>(total);
    std::uint64_t wanted = exact < 1 ? 1 : static_cast<std::uint64_t>(exact);
    if (static_cast<double>(wanted) < exact) ++wanted;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
      seen += buckets_[i].load(std::memory_order_relaxed);
      if (seen >= wanted) return end_of(i) < max() ? end_of(i) : max();
    }
    return max();
  }

  static constexpr std::size_t index_of(std::int64_t value) {
    if (value > value_max) value = value_max;
    const auto bits = static_cast<std::uint64_t>(value);
    const int shift = std::bit_width(bits) - 1 - sub_bits;
    if (shift <= 0) return static_cast<std::size_t>(bits);  // below 64 a bucket holds one value
    return (static_cast<std::size_t>(shift) << sub_bits) + static_cast<std::size_t>(bits >> shift);
  }
  /// The largest value of a bucket.
  static constexpr std::int64_t end_of(std::size_t index) {
    if (index < (std::size_t{2} << sub_bits)) return static_cast<std::int64_t>(index);
    const std::size_t shift = (index >> sub_bits) - 1;
    const std::size_t top = index - (shift << sub_bits);
    return static_cast<std::int64_t>(((top + 1) << shift) - 1);
  }

 private:
  /// Not fetch_add: there is one writer, and a plain add costs a tenth of a locked one.
  static void bump(std::atomic<std::uint64_t>& word, std::uint64_t by) {
    word.store(word.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::int64_t> min_{std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> max_{0};
};

static_assert(Histogram::index_of(Histogram::value_max) == Histogram::bucket_count - 1);
static_assert(Histogram::end_of(Histogram::bucket_count - 1) == Histogram::value_max);
static_assert(Histogram::index_of(63) == 63 && Histogram::index_of(64) == 64);
static_assert(Histogram::end_of(64) == 65 && Histogram::index_of(66) == 65);

}  // namespace paddock
