#include "paddock/reactor/control_box.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace paddock::reactor {
namespace {

class ControlBoxTest : public ::testing::Test {
 protected:
  void stop() {
    box.stop();
    while (!box.is_stopped()) loop->wait(net::never_ns);
  }

  std::unique_ptr<net::Loop> loop = *net::Loop::open({.recv_buffer_count = 0});
  ControlBox box{*loop};
};

TEST_F(ControlBoxTest, RunsInTheOrderOfEachThreadAndWakesTheLoop) {
  constexpr int threads = 3, each = 500;
  box.start();
  std::vector<std::vector<int>> got(threads);
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t)
    posters.emplace_back([&, t] {
      for (int i = 0; i < each; ++i)
        box.post([&got, t, i] { got[static_cast<std::size_t>(t)].push_back(i); });
    });
  // Only a wake-up ends a wait without a deadline.
  for (std::size_t ran = 0; ran < threads * each;) {
    if (box.is_empty()) loop->wait(net::never_ns);
    box.run();
    ran = 0;
    for (const auto& of_thread : got) ran += of_thread.size();
  }
  for (std::thread& poster : posters) poster.join();
  for (const auto& of_thread : got)
    for (int i = 0; i < each; ++i) EXPECT_EQ(of_thread[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(box.is_empty());
  stop();
}

TEST_F(ControlBoxTest, WhatATaskPostsRunsLater) {
  int runs = 0;
  box.post([&] {
    ++runs;
    box.post([&] { ++runs; });
  });
  EXPECT_TRUE(box.run());
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(box.is_empty());
  EXPECT_TRUE(box.run());
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(box.run());
}

}  // namespace
}  // namespace paddock::reactor
