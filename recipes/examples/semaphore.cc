// At most two at a time.

#include "recipes/semaphore.h"

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
  recipes::Semaphore semaphore(**client, "/examples/semaphore", 2);
  std::atomic<int> inside{0};
  std::atomic<bool> is_well{true};
  std::vector<std::thread> workers;
  for (int worker = 1; worker <= 5; ++worker) {
    workers.emplace_back([&, worker] {
      const auto permit = semaphore.acquire(10s);
      if (!permit) {
        std::fprintf(stderr, "worker %d: %s\n", worker, error_text(permit.error()).c_str());
        is_well = false;
        return;
      }
      const int now = ++inside;
      std::printf("worker %d is in, one of %d\n", worker, now);
      if (now > 2) is_well = false;
      --inside;
    });
  }
  for (std::thread& worker : workers) worker.join();
  return is_well ? 0 : 1;
}
