// What a batch costs on its way to the log: building the record, sealing it with its CRCs, and
// verifying it again.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/txn.h"
#include "paddock/ordering/txn_record.h"
#include "wal/batch.h"
#include "wal/record.h"

namespace paddock::ordering {
namespace {

const std::string path = "/services/locks/orders/lock-0000004711";
const std::string data(100, 'x');

/// `count` setData of 100 bytes, one after the other.
void add_sets(BatchBuilder& builder, std::int64_t count) {
  const core::Step step{
      .kind = core::StepKind::set_data, .path = path, .data = as_bytes(data), .version = 5};
  for (std::int64_t i = 0; i < count; ++i) {
    builder.add({.zxid = Zxid{i + 1},
                 .time_ms = 1'700'000'000'000,
                 .session = SessionId{0x1234},
                 .steps = {&step, 1}});
  }
}

void BM_BuildBatch(benchmark::State& state) {
  BatchBuilder builder;
  std::size_t bytes = 0;
  for (auto _ : state) {
    add_sets(builder, state.range(0));
    bytes = builder.finish(42).size();
    builder.clear();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_set"] =
      static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(BM_BuildBatch)->ArgName("sets")->Arg(1)->Arg(256);

void BM_SealBatch(benchmark::State& state) {
  BatchBuilder builder;
  add_sets(builder, state.range(0));
  const Bytes payload = builder.finish(42);
  std::vector<std::byte> batch(wal::batch_bytes(payload.size()));
  std::copy(payload.begin(), payload.end(), batch.begin() + wal::header_bytes);
  for (auto _ : state) {
    wal::BatchHeader header{.log_id = 7,
                            .first = Zxid{1},
                            .count = static_cast<std::uint32_t>(state.range(0)),
                            .payload_bytes = static_cast<std::uint32_t>(payload.size())};
    wal::seal_batch(header, batch.data());
    benchmark::DoNotOptimize(batch.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}
BENCHMARK(BM_SealBatch)->ArgName("sets")->Arg(1)->Arg(256);

void BM_VerifyBatch(benchmark::State& state) {
  BatchBuilder builder;
  add_sets(builder, state.range(0));
  const Bytes payload = builder.finish(42);
  // The contract wants an alignment that a builder's end does not promise.
  std::vector<std::uint64_t> aligned(payload.size() / sizeof(std::uint64_t) + 1);
  std::memcpy(aligned.data(), payload.data(), payload.size());
  const Bytes bytes(reinterpret_cast<const std::byte*>(aligned.data()), payload.size());
  for (auto _ : state) {
    const auto batch = wal::verify_batch(bytes);
    CHECK(batch.has_value());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_VerifyBatch)->ArgName("sets")->Arg(1)->Arg(256);

void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(as_bytes(bytes)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32c)->ArgName("bytes")->Arg(64)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace paddock::ordering
