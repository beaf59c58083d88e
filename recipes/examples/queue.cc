// Work that is not lost when who works on it gives up.

#include "recipes/queue.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::Queue queue(**client, "/examples/queue");
  const auto put = queue.put_all({"one", "two", "three"}, 10s);
  if (!put) return failed("put", put.error());
  {
    const auto item = queue.take(10s);
    if (!item) return failed("take", item.error());
    std::printf("took %s and could not do it\n", item->data().c_str());
  }  // gives it back
  int done = 0;
  while (done < 3) {
    auto item = queue.take(10s);
    if (!item) return failed("take", item.error());
    std::printf("did %s\n", item->data().c_str());
    const auto consumed = item->consume(10s);
    if (!consumed) return failed("consume", consumed.error());
    ++done;
  }
  return 0;
}
