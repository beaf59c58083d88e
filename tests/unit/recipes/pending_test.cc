#include "recipes/client/pending.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "recipes/client/io_loop.h"

namespace paddock::client {
namespace {

using namespace std::chrono_literals;

TEST(Pending, GivesWhatWasSetOnce) {
  const Promise<std::unique_ptr<int>> promise;
  EXPECT_FALSE(promise.pending().is_ready());
  promise.set(std::make_unique<int>(3));
  promise.set(std::make_unique<int>(4));
  EXPECT_EQ(**promise.pending().wait(0s), 3);
  EXPECT_EQ(promise.pending().wait(0s).error(), Error::bad_arguments) << "it was moved out";
}

TEST(Pending, WakesItsWaiter) {
  const Promise<int> promise;
  std::thread other([&] { promise.set(5); });
  EXPECT_EQ(promise.pending().wait(1h), 5);
  other.join();
}

TEST(Pending, WhoGivesUpWaitingCancels) {
  const Promise<int> promise;
  int cancels = 0;
  promise.on_cancel([&](const Promise<int>& cancelled) {
    ++cancels;
    cancelled.set(tl::unexpected(Error::cancelled));
  });
  const Pending<int> pending = promise.pending();
  EXPECT_EQ(pending.wait(-1s).error(), Error::deadline_exceeded);
  pending.cancel();
  EXPECT_EQ(cancels, 1);
  EXPECT_EQ(pending.wait(0s).error(), Error::cancelled);
}

TEST(Pending, ATokenEndsTheWait) {
  const Promise<void> promise;
  CancelSource source;
  std::thread other([&] { source.request_stop(); });
  EXPECT_EQ(promise.pending().wait(Deadline::never(), source.get_token()).error(),
            Error::cancelled);
  other.join();
  EXPECT_EQ(promise.pending().wait(Deadline::never(), source.get_token()).error(), Error::cancelled)
      << "one that was stopped before";
  promise.set({});
  EXPECT_EQ(promise.pending().wait(Deadline::never(), source.get_token()).error(), Error::cancelled)
      << "also when the result is there";
  EXPECT_TRUE(promise.pending().wait(0s)) << "which is kept for who still wants it";
}

TEST(Pending, TheCompletionComesFirstAndMayTakeTheValue) {
  std::unique_ptr<int> taken;
  Promise<std::unique_ptr<int>> promise(
      [&](Expected<std::unique_ptr<int>>& result) { taken = std::move(*result); });
  promise.set(std::make_unique<int>(6));
  EXPECT_EQ(*taken, 6);
  EXPECT_EQ(*promise.pending().wait(0s), nullptr);
}

TEST(Pending, IsNotWaitedForInACallback) {
  auto loop = IoLoop::start();
  ASSERT_TRUE(loop);
  const Promise<int> never;
  const Promise<Error> seen;
  (*loop)->post([&] { seen.set(never.pending().wait(1h).error()); });
  EXPECT_EQ(seen.pending().wait(1h), Error::would_deadlock);
}

}  // namespace
}  // namespace paddock::client
