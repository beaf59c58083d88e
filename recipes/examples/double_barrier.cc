// Three begin together and end together.

#include "recipes/double_barrier.h"

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  std::atomic<int> failures{0};
  std::vector<std::thread> members;
  for (int member = 0; member < 3; ++member) {
    members.emplace_back([&, member] {
      recipes::DoubleBarrier barrier(**client, "/examples/double_barrier", 3);
      const auto entered = barrier.enter(10s);
      std::printf("member %d begins\n", member);
      const auto left = entered ? barrier.leave(10s) : entered;
      std::printf("member %d has ended\n", member);
      if (!left) failures += failed("member", left.error());
    });
  }
  for (std::thread& member : members) member.join();
  return failures == 0 ? 0 : 1;
}
