// Watches: setting them, and finding and using up those that a change fires.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/load/content.h"
#include "core/base/check.h"
#include "core/proto/connect_records.h"
#include "paddock/reactor/watch_table.h"

namespace paddock::reactor {
namespace {

constexpr std::uint32_t path_count = 1000;

std::vector<std::string> some_paths() {
  std::vector<std::string> paths;
  for (std::uint32_t i = 0; i < path_count; ++i) paths.push_back(load::numbered("/tree/n", i));
  return paths;
}

/// One watch set and taken away again, while `clients` others watch each path.
void BM_SetAndRemoveWatch(benchmark::State& state) {
  const auto clients = static_cast<std::uint32_t>(state.range(0));
  const std::vector<std::string> paths = some_paths();
  WatchTable table;
  std::vector<ClientWatches> watches(clients + 1);
  for (std::uint32_t client = 0; client < clients; ++client)
    for (const std::string& path : paths) table.add(client, watches[client], path, watch_data);
  std::size_t at = 0;
  for (auto _ : state) {
    at = (at + 389) % paths.size();
    table.add(clients, watches[clients], paths[at], watch_data);
    CHECK(table.remove(clients, watches[clients], paths[at], watch_data) == watch_data);
  }
  for (std::uint32_t client = 0; client < clients; ++client)
    table.remove_all(client, watches[client]);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SetAndRemoveWatch)->ArgName("clients")->Arg(0)->Arg(100);

/// A change of a path that `clients` watch once: each is found, gets its notification, and its
/// watch is used up. They set it again outside of what is measured.
void BM_FanOut(benchmark::State& state) {
  const auto clients = static_cast<std::uint32_t>(state.range(0));
  const std::string path = load::numbered("/tree/n", 1);
  WatchTable table;
  std::vector<ClientWatches> watches(clients);
  ByteBuffer frame;
  std::vector<ByteBuffer> outputs(clients);
  for (auto _ : state) {
    state.PauseTiming();
    for (std::uint32_t client = 0; client < clients; ++client) {
      table.add(client, watches[client], path, watch_data);
      outputs[client].clear();
    }
    state.ResumeTiming();
    frame.clear();
    proto::append_notification(frame, Zxid{7}, proto::EventType::node_data_changed, path);
    const std::uint32_t found = table.find_path(path);
    std::uint32_t told = 0;
    for (std::uint32_t watch = table.path(found).first; watch != WatchTable::none; ++told) {
      const std::uint32_t next = table.watch(watch).next_in_path;
      const std::uint32_t client = table.watch(watch).client;
      outputs[client].append(frame.bytes());
      table.use_up(watch, watches[client], watch_data, WatchTable::Likely::again);
      watch = next;
    }
    CHECK(told == clients);
  }
  state.SetItemsProcessed(state.iterations() * clients);
}
BENCHMARK(BM_FanOut)->ArgName("clients")->Arg(10)->Arg(1000);

/// What every change pays while somebody watches recursively.
void BM_RecursiveAncestors(benchmark::State& state) {
  WatchTable table;
  ClientWatches watches;
  table.add(0, watches, "/services", watch_recursive);
  table.add(0, watches, "/services/orders/eu", watch_recursive);
  for (auto _ : state) {
    int found = 0;
    table.visit_recursive_ancestors("/services/orders/eu/lock-0000004711",
                                    [&](std::uint32_t) { ++found; });
    CHECK(found == 2);
  }
  table.remove_all(0, watches);
}
BENCHMARK(BM_RecursiveAncestors);

}  // namespace
}  // namespace paddock::reactor
