// What is urgent comes first, whenever it was put.

#include <cstdio>

#include "recipes/examples/example.h"
#include "recipes/queue.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::PriorityQueue queue(**client, "/examples/priority_queue");
  const auto put = [&](const char* message, int priority) {
    const auto done = queue.put(message, priority, 10s);
    return done ? 0 : failed("put", done.error());
  };
  if (put("backup", 900) + put("report", 500) + put("alarm", 0) != 0) return 1;
  std::string first;
  for (int count = 0; count < 3; ++count) {
    auto item = queue.take(10s);
    if (!item) return failed("take", item.error());
    std::printf("%s\n", item->data().c_str());
    if (first.empty()) first = item->data();
    const auto consumed = item->consume(10s);
    if (!consumed) return failed("consume", consumed.error());
  }
  return first == "alarm" ? 0 : 1;
}
