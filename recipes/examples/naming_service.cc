// Ids that nobody else has, and a service that is found while it runs.

#include "recipes/naming_service.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::NamingService naming(**client, "/examples/naming");

  const auto block = naming.reserve_ids("orders", 1000, 10s);
  if (!block) return failed("ids", block.error());
  std::printf("a thousand order numbers, from %lld\n", static_cast<long long>(block->first));

  auto registered =
      naming.register_service({.name = "orders", .address = "127.0.0.1", .port = 8080});
  if (!registered) return failed("register", registered.error());
  const auto held = (*registered)->await_held(10s);
  if (!held) return failed("register", held.error());
  const auto instances = naming.resolve("orders", 10s);
  if (!instances) return failed("resolve", instances.error());
  for (const recipes::ServiceInstance& instance : *instances) {
    std::printf("orders is served at %s:%d\n", instance.address.c_str(), *instance.port);
  }
  return instances->empty() ? 1 : 0;
}
