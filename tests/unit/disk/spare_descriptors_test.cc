#include "paddock/disk/spare_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <vector>

namespace paddock {
namespace {

/// Takes every descriptor that this process may have.
class TakenDescriptors {
 public:
  TakenDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{.rlim_cur = 64, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~TakenDescriptors() {
    for (const int descriptor : taken_) ::close(descriptor);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  void take_all() {
    for (int descriptor = try_open(); descriptor >= 0; descriptor = try_open())
      taken_.push_back(descriptor);
    EXPECT_EQ(errno, EMFILE);
  }
  /// One that somebody gives back.
  void give_back() {
    ::close(taken_.back());
    taken_.pop_back();
  }
  static int try_open() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(SpareDescriptors, EachReleaseLetsOneOpenSucceed) {
  TakenDescriptors others;
  SpareDescriptors spares;
  others.take_all();
  std::vector<int> opened;
  while (spares.release()) {
    opened.push_back(TakenDescriptors::try_open());
    EXPECT_GE(opened.back(), 0);
    EXPECT_LT(TakenDescriptors::try_open(), 0) << "one and no more";
  }
  EXPECT_EQ(opened.size(), 4u);
  EXPECT_FALSE(spares.release());
  for (const int descriptor : opened) ::close(descriptor);
}

TEST(SpareDescriptors, ARefillTakesBackWhatIsFree) {
  TakenDescriptors others;
  SpareDescriptors spares;
  others.take_all();
  ASSERT_TRUE(spares.release());
  const int opened = TakenDescriptors::try_open();
  spares.refill();  // there is none: nothing happens
  ::close(opened);
  spares.refill();
  EXPECT_LT(TakenDescriptors::try_open(), 0) << "it is kept back again";
  int count = 0;
  while (spares.release()) ++count;
  EXPECT_EQ(count, 4);
}

TEST(SpareDescriptors, WhatWasNotFreeAtFirstIsTakenLater) {
  TakenDescriptors others;
  others.take_all();
  SpareDescriptors spares;
  EXPECT_FALSE(spares.release());
  others.give_back();
  spares.refill();
  EXPECT_TRUE(spares.release());
  EXPECT_FALSE(spares.release());
}

TEST(SpareDescriptors, GoWithTheirOwner) {
  TakenDescriptors others;
  { const SpareDescriptors spares; }
  others.take_all();
  SpareDescriptors spares;
  EXPECT_FALSE(spares.release()) << "none was left over";
}

}  // namespace
}  // namespace paddock
