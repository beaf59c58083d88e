// The tree of znodes: lookups at a snapshot, and the writer's changes, alone and with a reader at
// work on another thread.

#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "core/trie.h"

namespace paddock::core {
namespace {

constexpr std::size_t children_per_parent = 1000;
/// Transactions of one batch, as under load.
constexpr int batch_txns = 256;
constexpr std::uint32_t measured_reader = 0;
constexpr std::uint32_t other_reader = 1;

/// `count` znodes of 100 bytes below parents of a thousand each, committed.
class Forest {
 public:
  explicit Forest(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i % children_per_parent == 0) create("", "p" + std::to_string(i / children_per_parent));
      const std::string parent = "/p" + std::to_string(i / children_per_parent);
      const std::string name = "n" + std::to_string(i);
      create(parent, name);
      paths_.push_back(parent + "/" + name);
    }
    commit();
  }

  Trie& trie() { return trie_; }
  const std::vector<std::string>& paths() const { return paths_; }
  /// In an order that caches do not guess.
  const std::string& next_path() {
    at_ = (at_ + 7919) % paths_.size();
    return paths_[at_];
  }

  void create(std::string_view parent, std::string_view name) {
    trie_.begin(next_zxid(trie_.newest_zxid()));
    Znode& above = *trie_.find(parent);
    const Acl* acl = trie_.acls().intern({});
    trie_.add_child(above, name, as_bytes(data_), acl);
    acl->release();
    ++trie_.edit(above).rare().num_children;
    trie_.keep();
  }
  void remove(std::string_view path) {
    trie_.begin(next_zxid(trie_.newest_zxid()));
    Znode& node = *trie_.find(path);
    Znode& above = *node.parent();
    trie_.remove(node);
    --trie_.edit(above).rare().num_children;
    trie_.keep();
  }
  void set(std::string_view path) {
    trie_.begin(next_zxid(trie_.newest_zxid()));
    ++trie_.edit_data(*trie_.find(path), as_bytes(data_)).version;
    trie_.keep();
  }
  /// The end of a batch, with the freeing that it pays for.
  void commit() {
    trie_.seal();
    trie_.commit(trie_.newest_zxid());
    trie_.reclaim();
  }

 private:
  Trie trie_{{.reader_count_max = 2}};
  const std::string data_ = std::string(100, 'x');
  std::vector<std::string> paths_;
  std::size_t at_ = 0;
};

/// A thread that looks znodes up, as a reactor does, for as long as it exists.
class OtherReader {
 public:
  OtherReader(Forest& forest, bool is_wanted) {
    if (!is_wanted) return;
    thread_ = std::thread([this, &forest] {
      Trie& trie = forest.trie();
      trie.epoch().enter(other_reader);
      std::size_t at = 0;
      // relaxed: only to stop.
      while (!stop_.load(std::memory_order_relaxed)) {
        const Zxid snapshot = trie.pins().pin(other_reader);
        for (int i = 0; i < 64; ++i) {
          at = (at + 104'729) % forest.paths().size();
          benchmark::DoNotOptimize(trie.find_visible(forest.paths()[at], snapshot));
        }
        trie.epoch().quiesce(other_reader);
      }
      trie.pins().unpin(other_reader);
      trie.epoch().leave(other_reader);
    });
  }
  ~OtherReader() {
    stop_.store(true, std::memory_order_relaxed);
    if (thread_.joinable()) thread_.join();
  }
  OtherReader(const OtherReader&) = delete;
  OtherReader& operator=(const OtherReader&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void BM_Lookup(benchmark::State& state) {
  Forest forest(static_cast<std::size_t>(state.range(0)));
  Trie& trie = forest.trie();
  const Epoch::Guard guard(trie.epoch(), measured_reader);
  const Zxid snapshot = trie.pins().pin(measured_reader);
  for (auto _ : state) {
    const Version* found = trie.find_visible(forest.next_path(), snapshot);
    CHECK(found != nullptr);
    benchmark::DoNotOptimize(found);
  }
  trie.pins().unpin(measured_reader);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Lookup)->ArgName("znodes")->Arg(1000)->Arg(100'000);

void BM_LookupOfNothing(benchmark::State& state) {
  Forest forest(1000);
  const Trie& trie = forest.trie();
  const Epoch::Guard guard(forest.trie().epoch(), measured_reader);
  for (auto _ : state) benchmark::DoNotOptimize(trie.find("/p0/nothing-is-here"));
}
BENCHMARK(BM_LookupOfNothing);

void BM_Children(benchmark::State& state) {
  Forest forest(static_cast<std::size_t>(state.range(0)));
  Trie& trie = forest.trie();
  const Epoch::Guard guard(trie.epoch(), measured_reader);
  const Zxid snapshot = trie.pins().pin(measured_reader);
  const Znode& parent = *trie.find("/p0");
  for (auto _ : state) {
    std::int64_t count = 0;
    ChildWalk walk(parent, snapshot);
    while (walk.next() != nullptr) ++count;
    CHECK(count == state.range(0));
  }
  trie.pins().unpin(measured_reader);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Children)->ArgName("children")->Arg(10)->Arg(1000);

void BM_Set(benchmark::State& state) {
  Forest forest(10'000);
  const OtherReader reader(forest, state.range(0) != 0);
  int open = 0;
  for (auto _ : state) {
    forest.set(forest.next_path());
    if (++open % batch_txns == 0) forest.commit();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Set)->ArgName("reader")->Arg(0)->Arg(1);

/// Each znode that is made is removed a batch later, so that the tree keeps its size.
void BM_CreateAndRemove(benchmark::State& state) {
  Forest forest(10'000);
  const OtherReader reader(forest, state.range(0) != 0);
  std::int64_t made = 0;
  for (auto _ : state) {
    forest.create("/p0", "x" + std::to_string(made));
    if (made >= batch_txns) forest.remove("/p0/x" + std::to_string(made - batch_txns));
    if (++made % batch_txns == 0) forest.commit();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CreateAndRemove)->ArgName("reader")->Arg(0)->Arg(1);

}  // namespace
}  // namespace paddock::core
