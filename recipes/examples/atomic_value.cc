// A value that processes change together.

#include "recipes/atomic_value.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::AtomicValue mode(**client, "/examples/atomic_value");

  const auto set = mode.set("slow", 10s);
  if (!set) return failed("set", set.error());
  const auto old = mode.get(10s);
  if (!old) return failed("old", old.error());
  std::printf("version %d is \"%s\"\n", old->version, old->data.c_str());

  const auto changed = mode.compare_and_set(old->version, "fast", 10s);
  if (!changed || !*changed) return 1;
  std::printf("changed to \"fast\", version %d\n", **changed);
  const auto late = mode.compare_and_set(old->version, "faster", 10s);
  if (!late || *late) return 1;
  std::printf("a change of version %d comes too late\n", old->version);
  return 0;
}
