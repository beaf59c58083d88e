#include "core/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace paddock {
namespace {

TEST(Histogram, AnEmptyOneShowsZeros) {
  const Histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.min(), 0);
  EXPECT_EQ(h.max(), 0);
  EXPECT_EQ(h.mean(), 0);
  EXPECT_EQ(h.percentile(0.5), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram h;
  for (std::int64_t v = 0; v <= 63; ++v) h.record(v);
  EXPECT_EQ(h.percentile(0.5), 31);
  EXPECT_EQ(h.percentile(1), 63);
  EXPECT_EQ(h.percentile(0), 0);
  EXPECT_EQ(h.sum(), 63u * 64 / 2);
}

TEST(Histogram, EveryBucketBeginsWhereTheOneBeforeEnds) {
  for (std::size_t i = 0; i < Histogram::bucket_count; ++i) {
    const std::int64_t end = Histogram::end_of(i);
    EXPECT_EQ(Histogram::index_of(end), i);
    if (i + 1 == Histogram::bucket_count) break;
    EXPECT_EQ(Histogram::index_of(end + 1), i + 1);
  }
}

TEST(Histogram, ValuesOutOfRangeGoIntoTheFirstAndLastBucket) {
  Histogram h;
  h.record(-5);
  EXPECT_EQ(h.max(), 0);
  h.record(Histogram::value_max + 1);
  h.record(INT64_MAX - 1);
  EXPECT_EQ(h.count(), 3u);
  EXPECT_EQ(h.percentile(1), Histogram::value_max);
}

TEST(Histogram, APercentileIsNeverBelowTheTrueOneAndAtMostA32ndAbove) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> values;
  Histogram h;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t v = static_cast<std::int64_t>(random() >> (24 + random() % 36));
    values.push_back(v);
    h.record(v);
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(fraction * 10'000 + 0.5);
    const std::int64_t exact = values[rank - 1];
    EXPECT_GE(h.percentile(fraction), exact) << fraction;
    EXPECT_LE(h.percentile(fraction), exact + exact / 32) << fraction;
  }
  EXPECT_EQ(h.min(), values.front());
  EXPECT_EQ(h.max(), values.back());
}

TEST(Histogram, MergingIsTheSameAsRecordingAllInOne) {
  Histogram a;
  Histogram b;
  Histogram all;
  for (std::int64_t v = 1; v < 1'000'000; v = v * 3 + 1) {
    (v % 2 == 0 ? a : b).record(v);
    all.record(v);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.sum(), all.sum());
  EXPECT_EQ(a.min(), all.min());
  EXPECT_EQ(a.max(), all.max());
  for (const double fraction : {0.1, 0.5, 0.9})
    EXPECT_EQ(a.percentile(fraction), all.percentile(fraction));

  const Histogram empty;
  a.merge(empty);
  EXPECT_EQ(a.min(), all.min());
}

TEST(Histogram, ResetForgetsEverything) {
  Histogram h;
  h.record(10, 3);
  h.reset();
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.percentile(1), 0);
  h.record(20);
  EXPECT_EQ(h.min(), 20);
}

TEST(Histogram, TheSameValueSeveralTimesCountsThatOften) {
  Histogram h;
  h.record(5, 9);
  h.record(50, 1);
  h.record(7, 0);
  EXPECT_EQ(h.count(), 10u);
  EXPECT_EQ(h.sum(), 95u);
  EXPECT_EQ(h.percentile(0.9), 5);
  EXPECT_EQ(h.percentile(0.91), 50);
}

}  // namespace
}  // namespace paddock
