#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "core/base/check.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "tests/torture/duration.h"

namespace paddock::net {
namespace {

/// Far beyond any delay of a busy machine: a wait that lasts so long was not going to end.
constexpr std::int64_t lost_ns = 60'000'000'000;
constexpr std::uint64_t last_message = UINT64_MAX;

/// One thread with its loop, as a reactor is.
struct Side {
  explicit Side(std::size_t capacity) : inbox(capacity) {
    auto opened = Loop::open({.sq_entries = 64, .cq_entries = 256, .recv_buffer_count = 0});
    CHECK(opened.has_value());
    loop = *std::move(opened);
  }

  std::unique_ptr<Loop> loop;
  Sleeper sleeper;
  Mailbox<std::uint64_t> inbox;
  std::uint64_t received = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t refused = 0;
};

void post(Side& from, Side& to, std::uint64_t& next, std::uint64_t& owed) {
  while (owed > 0) {
    std::uint64_t message = next;
    if (!to.inbox.push(std::move(message))) {
      ++from.refused;
      return;
    }
    ++next;
    --owed;
    if (to.sleeper.claim_wake()) Loop::wake(*from.loop, *to.loop);
  }
}

/// Answers each message with one. `tokens` messages are on their way between the two at any time,
/// so a wake-up that is lost leaves both asleep sooner or later.
void run(Side& self, Side& other, std::uint64_t tokens, const Deadline* deadline) {
  self.loop->submit();  // the ring is this thread's before anybody wakes it
  std::uint64_t next = 0;
  std::uint64_t owed = tokens;
  for (bool is_over = false; !is_over;) {
    while (const std::uint64_t* message = self.inbox.front()) {
      if (*message == last_message) {
        is_over = true;
      } else {
        CHECK(*message == self.received++);
        ++owed;
      }
      self.inbox.pop();
    }
    if (is_over) return;
    if (deadline != nullptr && deadline->is_over()) break;
    post(self, other, next, owed);
    self.sleeper.announce();
    if (owed > 0 || !self.inbox.empty()) {
      self.sleeper.awake();
      std::this_thread::yield();
      continue;
    }
    ++self.sleeps;
    const std::int64_t until_ns = monotonic_ns() + lost_ns;
    self.loop->wait(until_ns);
    CHECK(monotonic_ns() < until_ns);  // R5: nobody woke us, although a token is with us
    self.sleeper.awake();
  }
  // The last word; nobody answers it, because nobody would make room for the answer any more.
  for (std::uint64_t message = last_message; !other.inbox.push(std::move(message));)
    while (self.inbox.front() != nullptr) self.inbox.pop();
  if (other.sleeper.claim_wake()) Loop::wake(*self.loop, *other.loop);
}

void play(std::size_t capacity, std::uint64_t tokens, double share) {
  const Deadline deadline(share);
  Side one(capacity);
  Side two(capacity);
  std::thread thread([&] { run(two, one, 0, nullptr); });
  std::thread timed([&] { run(one, two, tokens, &deadline); });
  timed.join();
  thread.join();
  EXPECT_GT(one.received, 100u);
  const bool fits = tokens <= capacity;
  EXPECT_EQ(one.refused + two.refused == 0, fits);
  if (fits) {
    EXPECT_GT(one.sleeps + two.sleeps, 10u);  // else there is always something to do
  }
}

// With one token, one side always sleeps or is about to: the narrow place of R5.
TEST(MailboxTorture, R5_NoWakeUpIsLostWithOneMessageUnderWay) { play(4, 1, 0.3); }

// With a few, a side finds messages while it announces its sleep.
TEST(MailboxTorture, R5_NoWakeUpIsLostWithSeveralMessagesUnderWay) { play(8, 3, 0.3); }

// R4: a full mailbox refuses and the message is not lost.
TEST(MailboxTorture, R4_AFullMailboxLosesNothing) { play(1, 5, 0.2); }

}  // namespace
}  // namespace paddock::net
