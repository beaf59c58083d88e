// A worker of contest.py that uses this library's recipes: threads that contend in one session, and
// in a new one when that is over, until told to finish.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <thread>
#include <vector>

#include "tests/recipes/contender.h"

namespace paddock::contest {
namespace {

const std::map<std::string, Use> uses = {
    {"lock", use_lock},
    {"reentrant_lock", use_reentrant_lock},
    {"read_write_lock", use_read_write_lock},
    {"semaphore", use_semaphore},
    {"election", use_election},
    {"counter", use_counter},
    {"config_cache", use_config_cache},
    {"tree_cache", use_tree_cache},
    {"membership", use_membership},
    {"services", use_services},
    {"ids", use_ids},
    {"notifier", use_notifier},
    {"workers", use_workers},
    {"queue", use_queue},
    {"priority_queue", use_priority_queue},
    {"drain_queue", drain_queue},
    {"barrier", use_barrier},
    {"keep_barrier", keep_barrier},
    {"double_barrier", use_double_barrier},
    {"write_tree", write_tree},
    {"write_config", write_config},
};

std::unique_ptr<Client> open_client(const Arguments& arguments) {
  client::ClientOptions options;
  options.servers = arguments.server;
  options.session_timeout = Milliseconds(arguments.timeout_ms);
  options.renew_expired = arguments.renews;
  auto opened = Client::open(options);
  if (!opened) {
    History::tell(arguments.name, "error",
                  {{"where", "open"}, {"error", client::error_name(opened.error())}});
    _exit(1);
  }
  return std::move(*opened);
}

std::string hex(SessionId session) {
  char text[17];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(session.value));
  return text;
}

// Makes the node by which the test sees that the session is over. Told of each session.
void show_alive(Client& client, const Arguments& arguments, SessionId session) {
  const std::string parent = arguments.base.substr(0, arguments.base.rfind('/'));
  const std::string node = parent + "/alive/" + arguments.name + "-" + hex(session);
  client.create(node, "", {.mode = client::CreateMode::ephemeral},
                [&client, &arguments, session](const auto& created) {
                  if (!created && client::is_connection_error(created.error()) &&
                      client.session().session == session) {
                    show_alive(client, arguments, session);
                  }
                });
}

// Returns when the session is over, or everybody has finished.
void contend(const Arguments& arguments, std::uint64_t incarnation, const Orders& orders) {
  const std::unique_ptr<Client> client = open_client(arguments);
  const client::StateSubscription states = client->add_state_listener([&, shown = SessionId{}](
                                                                          const client::
                                                                              SessionEvent&
                                                                                  event) mutable {
    History::tell(arguments.name, "session", {{"state", client::session_state_name(event.state)}});
    if (event.state == client::SessionState::connected && event.session != shown) {
      shown = event.session;
      show_alive(*client, arguments, shown);
    }
  });
  const auto connected = client->await_connected(Contender::long_deadline());
  if (!connected && !client::is_session_end(connected.error())) {
    History::tell(arguments.name, "error",
                  {{"where", "connect"}, {"error", client::error_name(connected.error())}});
  }
  if (!connected) return;
  std::vector<std::thread> threads;
  for (int number = 0; number < arguments.threads; ++number) {
    threads.emplace_back([&, number] {
      std::seed_seq seeds{arguments.seed, incarnation, static_cast<std::uint64_t>(number)};
      std::uint32_t seed = 0;
      seeds.generate(&seed, &seed + 1);
      Contender contender(*client, arguments, number, seed, orders);
      uses.at(arguments.recipe)(contender);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void listen_to(std::istream& input, Orders& orders) {
  for (std::string line; std::getline(input, line);) {
    orders.report.store(true);
    orders.report.notify_all();
    if (line != "finish") continue;
    orders.finish.store(true);
    orders.finish.notify_all();
    return;
  }
  _exit(3);  // the test is gone
}

int run(int count, char** words) {
  Arguments arguments;
  CLI::App app("A worker of contest.py");
  app.option_defaults()->take_last();  // what a test adds beats what all have
  app.add_option("recipe", arguments.recipe)->required()->check(CLI::IsMember(uses));
  app.add_option("--server", arguments.server)->required();
  app.add_option("--base", arguments.base)->required();
  app.add_option("--name", arguments.name)->required();
  app.add_option("--resource", arguments.resource)->required();
  app.add_option("--threads", arguments.threads);
  app.add_option("--seed", arguments.seed);
  app.add_option("--timeout-ms", arguments.timeout_ms);
  app.add_option("--rounds", arguments.rounds);
  app.add_option("--members", arguments.members);
  app.add_option("--layout", arguments.layout);
  app.add_flag("!--patient", arguments.impatient);
  app.add_flag("!--no-downgrade", arguments.downgrades);
  app.add_flag("--renew", arguments.renews);
  CLI11_PARSE(app, count, words);

  Orders orders;
  // Not joined: it waits for a line that may never come.
  std::thread([&orders] { listen_to(std::cin, orders); }).detach();
  std::uint64_t incarnation = 0;
  do {
    contend(arguments, incarnation++, orders);
  } while (arguments.rounds == 0 && !orders.finish.load());
  History::tell(arguments.name, "end");
  return 0;
}

}  // namespace
}  // namespace paddock::contest

int main(int count, char** words) {
  const int status = paddock::contest::run(count, words);
  // The thread that reads the standard input may be inside it.
  _exit(status);
}
