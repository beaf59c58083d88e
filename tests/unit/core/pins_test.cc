#include "core/pins.h"

#include <gtest/gtest.h>

namespace paddock::core {
namespace {

TEST(Pins, APinIsTheNewestCommittedState) {
  Pins pins(2);
  EXPECT_EQ(pins.pin(0), Zxid{0});
  pins.commit(Zxid{7});
  EXPECT_EQ(pins.committed(), Zxid{7});
  EXPECT_EQ(pins.pin(1), Zxid{7});
  EXPECT_EQ(pins.pin(0), Zxid{7});
}

TEST(Pins, R1_TheScanKnowsCommittedAndEveryPinAndHold) {
  Pins pins(3);
  pins.commit(Zxid{5});
  pins.pin(0);
  pins.hold(0);
  pins.commit(Zxid{9});
  pins.pin(0);
  pins.commit(Zxid{12});
  pins.pin(2);

  const Pins::Scan& scan = pins.scan();
  EXPECT_EQ(scan.committed, 12);
  EXPECT_EQ(scan.lowest, 5);
  ASSERT_EQ(scan.pins.size(), 3u);
  EXPECT_EQ(scan.pins[0].zxid, 9);
  EXPECT_EQ(scan.pins[0].place % 2, 0u);
  EXPECT_EQ(scan.pins[1].zxid, 5);
  EXPECT_EQ(scan.pins[1].place % 2, 1u);
  EXPECT_EQ(scan.pins[2].zxid, 12);
}

TEST(Pins, R1_AnIntervalHoldsItsStartAndNotItsEnd) {
  Pins pins(2);
  pins.commit(Zxid{5});
  pins.pin(0);
  const Pins::Scan& scan = pins.scan();
  EXPECT_TRUE(scan.any_in(5, 6));
  EXPECT_TRUE(scan.any_in(1, 6));
  EXPECT_FALSE(scan.any_in(1, 5));
  EXPECT_FALSE(scan.any_in(6, 9));
}

TEST(Pins, WhatIsUnpinnedOrDroppedIsGone) {
  Pins pins(1);
  pins.pin(0);
  pins.hold(0);
  pins.unpin(0);
  EXPECT_EQ(pins.scan().pins.size(), 1u);
  pins.drop(0);
  EXPECT_EQ(pins.scan().pins.size(), 0u);
  EXPECT_EQ(pins.scan().lowest, Pins::none);
}

TEST(PinsDeathTest, CommittedNeverGoesBack) {
  Pins pins(1);
  pins.commit(Zxid{5});
  EXPECT_DEATH(pins.commit(Zxid{4}), "CHECK failed");
}

}  // namespace
}  // namespace paddock::core
