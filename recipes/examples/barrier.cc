// Workers wait at a gate until it is opened.

#include "recipes/barrier.h"

#include <cstdio>
#include <thread>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::Barrier gate(**client, "/examples/barrier");
  const auto closed = gate.close(10s);
  if (!closed) return failed("close", closed.error());
  client::Expected<void> through;
  std::thread worker([&] {
    through = gate.wait(10s);
    std::printf("through\n");
  });
  std::printf("opening\n");
  const auto opened = gate.open(10s);
  worker.join();
  if (!opened) return failed("open", opened.error());
  return through ? 0 : failed("wait", through.error());
}
