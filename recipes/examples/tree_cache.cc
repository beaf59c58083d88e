// A subtree in memory: told change by change, and as a snapshot that never shows half a multi.

#include "recipes/tree_cache.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  const std::string root = "/examples/tree";
  const auto made = recipes::ensure_path(**client, root, 10s);
  if (!made) return failed("root", made.error());

  recipes::TreeCache cache(**client, root, {.listener = [](const recipes::TreeUpdate& update) {
    for (const recipes::TreeChange& change : update.changes) {
      const char* kinds[] = {"added", "changed", "removed"};
      std::printf("%s %s\n", kinds[static_cast<int>(change.kind)], change.path.c_str());
    }
  }});
  const auto moved =
      (*client)
          ->multi({client::CreateOp{root + "/a", "1"}, client::CreateOp{root + "/a/b", "2"}})
          .wait(10s);
  if (!moved) return failed("multi", moved.error());
  const auto snapshot = cache.refresh(10s);
  if (!snapshot) return failed("refresh", snapshot.error());
  for (const auto& [path, node] : (*snapshot)->nodes()) {
    std::printf("%s = \"%s\"\n", path.c_str(), node->data.c_str());
  }
  const bool is_complete = (*snapshot)->find(root + "/a/b") != nullptr;
  (*client)->multi({client::RemoveOp{root + "/a/b"}, client::RemoveOp{root + "/a"}}).wait(10s);
  return is_complete ? 0 : 1;
}
