#include "core/epoch.h"

#include <gtest/gtest.h>

namespace paddock::core {
namespace {

/// Counts its destructions in `*destroyed`.
struct Object {
  int* destroyed;
  static void destroy(void*, void* object) {
    auto* self = static_cast<Object*>(object);
    ++*self->destroyed;
    delete self;
  }
};

struct EpochTest : ::testing::Test {
  void retire() { epoch.retire(new Object{&destroyed}, Object::destroy); }

  int destroyed = 0;
  Epoch epoch{3};
};

TEST_F(EpochTest, WithoutReadersWhatIsRetiredGoesAtTheNextCollect) {
  retire();
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(epoch.collect(10), 1u);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(epoch.waiting(), 0u);
}

TEST_F(EpochTest, R2_MemoryWaitsForAReaderThatWasInsideBefore) {
  epoch.enter(1);
  retire();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(epoch.collect(10), 0u);
  epoch.leave(1);
  EXPECT_EQ(epoch.collect(10), 1u);
}

TEST_F(EpochTest, R2_AReaderThatEntersAfterTheUnlinkingHoldsNothingBack) {
  epoch.enter(1);
  retire();
  EXPECT_EQ(epoch.collect(10), 0u);  // begins a new epoch
  epoch.enter(2);
  epoch.leave(1);
  EXPECT_EQ(epoch.collect(10), 1u);
  epoch.leave(2);
}

TEST_F(EpochTest, R2_QuiescenceLetsGoOfWhatWasRetiredBeforeAndNotOfWhatComesAfter) {
  epoch.enter(0);
  retire();
  EXPECT_EQ(epoch.collect(10), 0u);
  epoch.quiesce(0);
  retire();
  EXPECT_EQ(epoch.collect(10), 1u);
  EXPECT_EQ(epoch.waiting(), 1u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(epoch.collect(10), 0u);
  epoch.quiesce(0);
  EXPECT_EQ(epoch.collect(10), 1u);
  epoch.leave(0);
}

TEST_F(EpochTest, R2_TheSlowestReaderDecides) {
  epoch.enter(0);
  epoch.enter(1);
  retire();
  EXPECT_EQ(epoch.collect(10), 0u);
  epoch.quiesce(0);
  EXPECT_EQ(epoch.collect(10), 0u);
  epoch.quiesce(0);
  EXPECT_EQ(epoch.collect(10), 0u);
  epoch.quiesce(1);
  EXPECT_EQ(epoch.collect(10), 1u);
  epoch.leave(0);
  epoch.leave(1);
}

TEST_F(EpochTest, TheBudgetIsKeptAndTheRestComesNextTime) {
  for (int i = 0; i < 10; ++i) retire();
  EXPECT_EQ(epoch.collect(4), 4u);
  EXPECT_EQ(epoch.collect(4), 4u);
  EXPECT_EQ(epoch.collect(4), 2u);
  EXPECT_EQ(destroyed, 10);
}

TEST_F(EpochTest, AnObjectThatRetiresAnotherInItsDestructionWaitsAnotherGracePeriod) {
  static Epoch* inner_epoch;
  static int inner_destroyed;
  inner_epoch = &epoch;
  inner_destroyed = 0;
  epoch.retire(nullptr, [](void*, void*) {
    inner_epoch->retire(nullptr, [](void*, void*) { ++inner_destroyed; });
  });
  EXPECT_EQ(epoch.collect(10), 1u);
  EXPECT_EQ(inner_destroyed, 0);
  EXPECT_EQ(epoch.collect(10), 1u);
  EXPECT_EQ(inner_destroyed, 1);
}

TEST_F(EpochTest, AGuardIsInsideForItsScope) {
  {
    const Epoch::Guard guard(epoch, 2);
    EXPECT_TRUE(epoch.is_inside(2));
  }
  EXPECT_FALSE(epoch.is_inside(2));
}

TEST(Epoch, ItsOwnerIsHandedToWhatDestroys) {
  int destroyed = 0;
  Epoch epoch(1, &destroyed);
  epoch.retire(nullptr, [](void* owner, void*) { ++*static_cast<int*>(owner); });
  EXPECT_EQ(epoch.collect(10), 1u);
  EXPECT_EQ(destroyed, 1);
}

TEST(Epoch, DestructionFreesWhatWaits) {
  int destroyed = 0;
  {
    Epoch epoch(1);
    epoch.retire(new Object{&destroyed}, Object::destroy);
  }
  EXPECT_EQ(destroyed, 1);
}

}  // namespace
}  // namespace paddock::core
