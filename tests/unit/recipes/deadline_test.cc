#include "recipes/client/deadline.h"

#include <gtest/gtest.h>

#include "recipes/client/errors.h"

namespace paddock::client {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, NegativeTimesHavePassed) {
  EXPECT_TRUE(Deadline(-1s).has_passed());
  EXPECT_TRUE(Deadline(0s).has_passed());
  EXPECT_TRUE(Deadline(std::chrono::hours::min()).has_passed());
  EXPECT_EQ(Deadline(-1s).left(), 0s);
  EXPECT_FALSE(Deadline(1h).has_passed());
}

TEST(Deadline, WhatDoesNotFitIsNever) {
  EXPECT_TRUE(Deadline(std::chrono::hours::max()).is_never());
  EXPECT_TRUE(Deadline(Clock::duration::max()).is_never());
  EXPECT_FALSE(Deadline(24h * 365).is_never());
  EXPECT_FALSE(Deadline::never().has_passed());
}

TEST(Deadline, FractionsAreRoundedUp) {
  const TimePoint before = Clock::now();
  EXPECT_GT(Deadline(std::chrono::duration<double, std::pico>(1)).at(), before);
}

TEST(Errors, HaveZooKeepersNamesOrOurs) {
  EXPECT_EQ(error_text(Error::no_node), "NoNode");
  EXPECT_EQ(error_text(Error::connection_loss), "ConnectionLoss");
  EXPECT_EQ(error_text(Error::deadline_exceeded), "DeadlineExceeded");
  EXPECT_EQ(error_text(static_cast<Error>(-4711)), "Error -4711");
}

}  // namespace
}  // namespace paddock::client
