// A fair lock between processes: two threads, each with a session of its own, as two programs would
// have.

#include "recipes/lock.h"

#include <cstdio>
#include <thread>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

namespace {

int work(const char* name, const char* servers) {
  auto client = client::Client::open({.servers = servers});
  if (!client) return failed("client", client.error());
  recipes::Lock lock(**client, "/examples/lock", {.id = name});
  for (int round = 1; round <= 3; ++round) {
    client::Expected<recipes::Hold> hold = lock.lock(10s);
    if (!hold) return failed(name, hold.error());
    hold->on_change([name](recipes::HoldState state) {
      if (state != recipes::HoldState::held)
        std::printf("%s: stop working, the lock is %s\n", name,
                    std::string(recipes::hold_state_name(state)).c_str());
    });
    // What the lock guards takes the token along and refuses lower ones than it has seen.
    std::printf("%s has the lock, fencing token 0x%llx\n", name,
                static_cast<unsigned long long>(hold->fencing_token().value));
  }  // released here
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  int status = 0;
  std::thread other([&] { status = work("other", argv[1]); });
  const int own_status = work("one", argv[1]);
  other.join();
  return own_status != 0 || status != 0;
}
