// Two candidates for one office, and someone who watches.

#include "recipes/leader_election.h"

#include <cstdio>
#include <future>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::LeaderElection anna(**client, "/examples/leader_election", {.id = "anna"});
  recipes::LeaderElection bert(**client, "/examples/leader_election", {.id = "bert"});

  std::promise<void> bert_was_seen;
  const auto observation =
      anna.observe([&](const client::Expected<std::optional<recipes::Leader>>& leader) {
        if (!leader) return;
        std::printf("the observer sees: %s\n", *leader ? (*leader)->id.c_str() : "nobody");
        if (*leader && (*leader)->id == "bert") bert_was_seen.set_value();
      });

  auto term = anna.campaign(10s);
  if (!term) return failed("term", term.error());
  std::printf("anna leads, term 0x%llx\n",
              static_cast<unsigned long long>(term->fencing_token().value));
  auto waiting = bert.campaign_async(10s);
  term->release();  // resigns
  const auto next = waiting.wait(10s);
  if (!next) return failed("next", next.error());
  std::printf("bert leads, term 0x%llx\n",
              static_cast<unsigned long long>(next->fencing_token().value));
  return bert_was_seen.get_future().wait_for(10s) == std::future_status::ready ? 0 : 1;
}
