// One publishes a setting, another has it in memory and is told of each change.

#include "recipes/config_cache.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::ConfigCache config(
      **client, "/examples/config/rate", {.listener = [](const recipes::ConfigValuePtr& value) {
        std::printf("the rate is now %s\n", value ? value->data.c_str() : "not set");
      }});
  Zxid seen{};
  for (const auto* rate : {"100", "200", "300"}) {
    const auto version = config.publish(rate, client::any_version, 10s);
    if (!version) return failed("publish", version.error());
    const auto value = config.await_newer(seen, 10s);
    if (!value) return failed("wait", value.error());
    seen = (*value)->stat.mzxid;
  }
  // Compare and set: somebody else's change is not overwritten.
  const auto stale = config.publish("400", config.value()->stat.version - 1, 10s);
  std::printf("a stale publish: %s\n", error_text(stale.error()).c_str());
  return config.value()->data == "300" ? 0 : 1;
}
