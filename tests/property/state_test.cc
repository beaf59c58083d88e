#include <errno.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/property/run.h"

/// core::State against the model, for a list of seeds each in several setups. A red run says how to
/// repeat it. PADDOCK_SEED runs one seed only, PADDOCK_OPS so many steps of each.
namespace paddock::property {
namespace {

constexpr std::uint64_t seeds[] = {1, 2, 3, 4};
// Sanitizers make it some three times slower.
#if defined(PADDOCK_DEBUG_CHECKS)
constexpr std::uint64_t steps_per_seed = 8'000;
#else
constexpr std::uint64_t steps_per_seed = 12'000;
#endif

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// A tree as it may be after years: counters about to end, zxids about to change their epoch, nodes
/// of all owners, a list that lets everybody do everything because it is empty.
Tree old_tree() {
  const std::int64_t zxid = (std::int64_t{6} << 32) | 0xffffff00;
  Tree tree = empty_tree();
  tree.zxid = zxid;
  tree.sessions[2] = {4000, "0123456789abcdef"};
  Node node{.data = "old",
            .acl = {{31, "world", "anyone"}},
            .czxid = 5,
            .mzxid = zxid,
            .pzxid = zxid - 7,
            .ctime_ms = 1,
            .mtime_ms = 1'600'000'000'000};
  tree.nodes["/a"] = node;
  tree.nodes["/a"].create_counter = INT32_MAX - 3;
  tree.nodes["/b"] = node;
  tree.nodes["/b"].version = INT32_MAX - 3;
  tree.nodes["/b"].aversion = INT32_MAX - 3;
  tree.nodes["/b"].acl = {};
  tree.nodes["/c"] = node;
  tree.nodes["/c"].version = -3;
  tree.nodes["/c"].owner = INT64_MIN;
  tree.nodes["/d"] = node;
  tree.nodes["/d"].owner = 2;
  tree.nodes["/b/a"] = node;
  tree.nodes["/b/a"].owner = static_cast<std::int64_t>(0xff00000000000001u);
  tree.nodes["/b"].children = {"a"};
  tree.nodes["/"].children = {"a", "b", "c", "d", "zookeeper"};
  return tree;
}

void run(const Setup& setup, const std::vector<Coverage::Row>& required) {
  Coverage coverage;
  const std::uint64_t only = number_from("PADDOCK_SEED", 0);
  const std::uint64_t steps = number_from("PADDOCK_OPS", steps_per_seed);
  for (const std::uint64_t seed : seeds) {
    Run work(setup, only != 0 ? only : seed, coverage);
    std::uint64_t done = 0;
    while (done < steps && work.step()) ++done;
    if (done == steps) work.finish();
    if (!work.difference().empty()) {
      const auto* test = testing::UnitTest::GetInstance()->current_test_info();
      FAIL() << fmt::format("step {}, {}\n{}\nto repeat: PADDOCK_SEED={} {} --gtest_filter={}.{}",
                            done, work.last_request(), work.difference(), only != 0 ? only : seed,
                            program_invocation_name, test->test_suite_name(), test->name());
    }
    if (only != 0) return;
  }
  fmt::print("{}{} answers compared\n", coverage.table(), coverage.total());
  for (const std::string& difference : coverage.differences(required)) ADD_FAILURE() << difference;
}

TEST(StateAgreesWithTheModel, FromAnEmptyTree) {
  run({.name = "empty", .options = {}, .start = empty_tree()}, all_answers());
}

TEST(StateAgreesWithTheModel, FromATreeWhoseCountersEnd) {
  run({.name = "old", .options = {}, .start = old_tree()}, all_answers());
}

TEST(StateAgreesWithTheModel, WithHardQuotas) {
  run({.name = "hard quotas", .options = {.enforce_quota = true}, .start = empty_tree()},
      with_too(all_answers(),
               {"create", "create2", "createContainer", "createTTL", "setData", "multi.create",
                "multi.create2", "multi.createContainer", "multi.createTTL", "multi.setData"},
               -125));
}

TEST(StateAgreesWithTheModel, WithoutAcls) {
  run({.name = "without ACLs", .options = {.skip_acl = true}, .start = empty_tree()},
      without(all_answers(), -102));
}

TEST(StateAgreesWithTheModel, WithoutExtendedTypes) {
  auto required = all_answers();
  for (const char* create : {"create", "create2", "createContainer"}) {
    for (const std::string prefix : {"", "multi."})
      required = with(std::move(required), prefix + create,
                      {0, -5, -6, -8, -101, -102, -108, -110, -112, -114});
  }
  required = with(std::move(required), "createTTL", {-5, -6, -8});
  required = with(std::move(required), "multi.createTTL", {-6, -8});
  run({.name = "without extended types",
       .options = {.extended_types_enabled = false},
       .start = empty_tree()},
      required);
}

}  // namespace
}  // namespace paddock::property
