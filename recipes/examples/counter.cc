// Two threads count together.

#include "recipes/counter.h"

#include <cstdio>
#include <thread>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  // Receipts: an add whose reply is lost is neither forgotten nor made twice.
  recipes::Counter counter(**client, "/examples/counter", {.value = {.receipts = true}});
  const auto before = counter.get(10s);
  if (!before) return failed("before", before.error());

  const auto count_to_ten = [&] {
    for (int i = 0; i < 10; ++i) {
      const auto sum = counter.add(1, 10s);
      if (!sum) std::fprintf(stderr, "%s\n", error_text(sum.error()).c_str());
    }
  };
  std::thread other(count_to_ten);
  count_to_ten();
  other.join();

  const auto after = counter.get(10s);
  if (!after) return failed("after", after.error());
  std::printf("from %lld to %lld\n", static_cast<long long>(*before),
              static_cast<long long>(*after));
  return *after - *before == 20 ? 0 : 1;
}
