// What carries work between threads: the mailbox from a reactor to the core, and the feed back.

#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>

#include "core/base/check.h"
#include "core/proto/reply_records.h"
#include "net/mailbox.h"
#include "paddock/ordering/feed.h"

namespace paddock {
namespace {

constexpr std::size_t mailbox_capacity = 1024;

/// Both ends on one thread: the instructions alone.
void BM_Mailbox(benchmark::State& state) {
  net::Mailbox<std::uint64_t> mailbox(mailbox_capacity);
  std::uint64_t sent = 0;
  for (auto _ : state) {
    std::uint64_t message = ++sent;
    CHECK(mailbox.push(std::move(message)));
    CHECK(*mailbox.front() == sent);
    mailbox.pop();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Mailbox);

/// With the receiver on a thread of its own: the cache lines as well.
void BM_MailboxToAnotherThread(benchmark::State& state) {
  net::Mailbox<std::uint64_t> mailbox(mailbox_capacity);
  std::atomic<bool> stop{false};
  std::thread receiver([&] {
    // relaxed: only to stop, after the last message.
    while (!stop.load(std::memory_order_relaxed) || !mailbox.empty()) {
      if (mailbox.front() == nullptr) {
        std::this_thread::yield();
        continue;
      }
      mailbox.pop();
    }
  });
  std::uint64_t sent = 0;
  for (auto _ : state) {
    std::uint64_t message = ++sent;
    while (!mailbox.push(std::move(message))) std::this_thread::yield();
  }
  stop.store(true, std::memory_order_relaxed);
  receiver.join();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MailboxToAnotherThread)->UseRealTime();

/// A batch of answers filled in, published, read by each consumer and given back.
void BM_Feed(benchmark::State& state) {
  const auto consumers = static_cast<std::uint32_t>(state.range(0));
  constexpr int records = 64;
  ordering::Feed feed(consumers);
  std::uint64_t position = 0;
  for (auto _ : state) {
    ordering::FeedSlot* slot = feed.take();
    CHECK(slot != nullptr);
    for (int i = 0; i < records; ++i) {
      slot->bytes.grow(proto::stat_bytes);
      slot->records.push_back({.zxid = Zxid{static_cast<std::int64_t>(position)},
                               .body_bytes = proto::stat_bytes,
                               .answer = ordering::AnswerKind::reply});
    }
    feed.publish();
    for (std::uint32_t consumer = 0; consumer < consumers; ++consumer) {
      const ordering::FeedSlot* read = feed.at(position);
      CHECK(read != nullptr);
      CHECK(read->records.size() == records);
      feed.release(consumer, position + 1);
    }
    ++position;
  }
  state.SetItemsProcessed(state.iterations() * records);
}
BENCHMARK(BM_Feed)->ArgName("consumers")->Arg(1)->Arg(4);

}  // namespace
}  // namespace paddock
