#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "core/epoch.h"
#include "tests/torture/duration.h"

namespace paddock::core {
namespace {

struct Object {
  static constexpr std::uint64_t alive = 0x600d600d600d600d;
  std::uint64_t state = alive;
  std::uint64_t number = 0;
};

// R2: what a reader found while inside is whole until it quiesces or leaves. The destructor spoils
// the object, so that a reader sees it even without a sanitizer.
TEST(EpochTorture, R2_ObjectsStayWholeWhileAReaderThatFoundThemIsInside) {
  constexpr std::uint32_t reader_count = 3;
  const Deadline deadline(0.3);
  Epoch epoch(reader_count);
  std::array<std::atomic<Object*>, 16> shared{};
  for (auto& slot : shared) slot = new Object;
  std::atomic<bool> stop{false};

  std::vector<std::thread> readers;
  for (std::uint32_t reader = 0; reader < reader_count; ++reader)
    readers.emplace_back([&, reader] {
      std::mt19937 random(reader);
      std::array<const Object*, 4> kept;
      epoch.enter(reader);
      while (!stop.load(std::memory_order_relaxed)) {
        for (auto& object : kept) {
          object = shared[random() % shared.size()].load(std::memory_order_acquire);
          if (random() % 8 == 0) std::this_thread::yield();
        }
        for (const auto* object : kept) CHECK(object->state == Object::alive);
        if (random() % 4 == 0) {
          epoch.leave(reader);
          epoch.enter(reader);
        } else {
          epoch.quiesce(reader);
        }
      }
      epoch.leave(reader);
    });

  std::mt19937 random(99);
  std::uint64_t retired = 0;
  std::uint64_t destroyed = 0;
  while (!deadline.is_over()) {
    for (int i = 0; i < 64; ++i) {
      auto& slot = shared[random() % shared.size()];
      Object* old = slot.load(std::memory_order_relaxed);
      slot.store(new Object{Object::alive, ++retired}, std::memory_order_release);
      epoch.retire(old, [](void*, void* object) {
        static_cast<Object*>(object)->state = 0xdead;
        delete static_cast<Object*>(object);
      });
    }
    destroyed += epoch.collect(100);
    if (epoch.waiting() > 10'000) std::this_thread::yield();
  }
  stop = true;
  for (auto& thread : readers) thread.join();
  while (epoch.waiting() != 0) destroyed += epoch.collect(1000);
  EXPECT_EQ(destroyed, retired);
  EXPECT_GT(destroyed, 1000u);
  for (auto& slot : shared) delete slot.load();
}

}  // namespace
}  // namespace paddock::core
