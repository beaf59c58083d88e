// A worker reports how far it is; when it is done it is told to all who listen.

#include "recipes/notifier.h"

#include <cstdio>

#include "recipes/examples/example.h"

using namespace paddock;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return usage(argv[0]);
  auto client = client::Client::open({.servers = argv[1]});
  if (!client) return failed("client", client.error());
  recipes::Notifier notifier(**client, "/examples/notifier");

  const client::Promise<std::string> told;
  const auto subscription = notifier.subscribe(
      "finished",
      [&](const recipes::Notification& notification) { told.set(notification.message); });
  if (!subscription) return failed("subscribe", subscription.error());
  const auto workers = notifier.watch_workers([](const recipes::WorkerEvent& event) {
    const char* kinds[] = {"started", "at", "gone at"};
    std::printf("%s: %s %s\n", event.id.c_str(), kinds[static_cast<int>(event.kind)],
                event.progress.c_str());
  });

  auto worker = notifier.start_worker("worker-1", "0%");
  if (!worker) return failed("worker", worker.error());
  for (const auto* progress : {"30%", "70%", "100%"}) {
    const auto reported = (*worker)->report(progress).wait(10s);
    if (!reported) return failed("report", reported.error());
  }
  const auto number = notifier.notify("finished", "worker-1", 10s);
  if (!number) return failed("notify", number.error());
  const auto finished = told.pending().wait(10s);
  if (!finished) return failed("wait", finished.error());
  std::printf("finished: %s\n", finished->c_str());
  return 0;
}
