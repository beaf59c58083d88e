// Two members of a group see each other come and go.

#include "recipes/group_membership.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto first = client::Client::open({.servers = argv[1]});
  auto second = client::Client::open({.servers = argv[1]});
  if (!first || !second) return failed("client", (first ? second : first).error());

  recipes::GroupMembership a(**first, "/examples/group",
                             {.listener = [](const recipes::GroupMembership::Event& event) {
                               const char* kinds[] = {"joined", "changed", "left"};
                               std::printf("a sees: %s %s\n", event.member.id.c_str(),
                                           kinds[static_cast<int>(event.kind)]);
                             }});
  recipes::GroupMembership b(**second, "/examples/group");
  const auto joined = a.join("a", "host-1");
  if (!joined || !b.join("b", "host-2")) return 1;
  const auto members = a.await_members(2, 10s);
  if (!members) return failed("wait", members.error());
  for (const auto& [id, member] : *members) {
    std::printf("%s runs on %s\n", id.c_str(), member.data.c_str());
  }
  const auto left = b.leave().wait(10s);
  return left ? 0 : failed("leave", left.error());
}
