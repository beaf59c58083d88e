// A lock that its thread may take again.

#include "recipes/reentrant_lock.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

namespace {

bool save_page(recipes::ReentrantLock& lock, int page) {
  const auto token = lock.lock(10s);  // free: the caller holds it
  if (!token) return false;
  std::printf("  page %d under token 0x%llx\n", page,
              static_cast<unsigned long long>(token->value));
  return lock.unlock().has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::ReentrantLock lock(**client, "/examples/reentrant_lock");
  const auto token = lock.lock(10s);
  if (!token) return failed("token", token.error());
  std::printf("saving a book\n");
  const bool is_saved = save_page(lock, 1) && save_page(lock, 2);
  return lock.unlock() && is_saved ? 0 : 1;
}
