// What decoding a request and encoding a reply cost, without the network.

#include <benchmark/benchmark.h>

#include <string>

#include "core/base/check.h"
#include "core/proto/paths.h"
#include "core/proto/records.h"

namespace paddock::proto {
namespace {

const std::string path = "/services/locks/orders/lock-0000004711";
const std::string data(100, 'x');

template <Record T>
void decode_record(benchmark::State& state, const T& record) {
  ByteBuffer body;
  encode(record, body);
  T into;
  for (auto _ : state) {
    Reader in(body.bytes());
    in.read(into);
    benchmark::DoNotOptimize(into);
    CHECK(in.ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void BM_DecodeGetData(benchmark::State& state) {
  decode_record(state, PathWatchRequest{.path = path, .watch = true});
}
BENCHMARK(BM_DecodeGetData);

void BM_DecodeSetData(benchmark::State& state) {
  decode_record(state, SetDataRequest{.path = path, .data = as_bytes(data), .version = 3});
}
BENCHMARK(BM_DecodeSetData);

void BM_DecodeCreate(benchmark::State& state) {
  const Vector<Acl> acl{.items = {{perm_all, "world", "anyone"}}};
  decode_record(state, CreateRequest{.path = path, .data = as_bytes(data), .acl = acl});
}
BENCHMARK(BM_DecodeCreate);

void BM_ValidatePath(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_path(path));
}
BENCHMARK(BM_ValidatePath);

void BM_EncodeGetDataReply(benchmark::State& state) {
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    const FrameStart start = begin_reply(out, {.xid = 1, .zxid = {2}, .err = ErrorCode::ok});
    encode(DataReply{.data = as_bytes(data), .stat = {.czxid = {1}}}, out);
    end_frame(out, start);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_EncodeGetDataReply);

void BM_EncodeNotification(benchmark::State& state) {
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    append_notification(out, Zxid{7}, EventType::node_data_changed, path);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_EncodeNotification);

void BM_SplitFrames(benchmark::State& state) {
  ByteBuffer run;
  for (int i = 0; i < 64; ++i) {
    const FrameStart start = begin_frame(run);
    run.append(as_bytes(data));
    end_frame(run, start);
  }
  for (auto _ : state) {
    Bytes rest = run.bytes();
    while (!rest.empty()) {
      const FrameSplit got = split_frame(rest, frame_bytes_max_default);
      benchmark::DoNotOptimize(got.body.data());
      rest = rest.subspan(got.bytes);
    }
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_SplitFrames);

}  // namespace
}  // namespace paddock::proto
