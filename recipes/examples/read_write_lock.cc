// Many readers or one writer, and a writer that becomes a reader.
//

#include "recipes/read_write_lock.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::ReadWriteLock lock(**client, "/examples/read_write_lock");

  auto writer = lock.write_lock(10s);
  if (!writer) return failed("writer", writer.error());
  std::printf("writing alone\n");
  const auto refused = lock.try_read_lock(10s);
  if (!refused || *refused) return 1;
  std::printf("a reader would have to wait\n");

  auto reader = lock.downgrade(std::move(*writer), 10s);
  if (!reader) return failed("reader", reader.error());
  std::printf("reading what was written: no writer came between\n");
  const auto another = lock.try_read_lock(10s);
  if (!another || !*another) return 1;
  std::printf("and another reader with it\n");
  return 0;
}
