#include "paddock/ordering/txn_record.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/core/world.h"
#include "wal/record.h"

namespace paddock::ordering {
namespace {

using core::AclEntry;
using core::Step;
using core::StepKind;
using core::Txn;
using core::test::LoggedTxn;
using flatbuffers::FlatBufferBuilder;
using proto::ErrorCode;

const std::string& password() {
  static const std::string text = "0123456789abcdef";
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// What a log would give back: every field of a transaction, as text.
std::string text_of(const Txn& txn) {
  std::string text = "zxid " + std::to_string(txn.zxid.value) + " at " +
                     std::to_string(txn.time_ms) + " by " + std::to_string(txn.session.value);
  for (const Step& step : txn.steps) {
    text += " | " + std::to_string(static_cast<int>(step.kind)) + " '" + std::string(step.path) +
            "' data " + (step.data ? "'" + std::string(as_text(*step.data)) + "'" : "null");
    for (const AclEntry& entry : step.acl)
      text += " " + std::string(entry.scheme) + ":" + std::string(entry.id) + ":" +
              std::to_string(entry.perms);
    text += " owner " + std::to_string(step.owner) + " version " + std::to_string(step.version) +
            " counter " + std::to_string(step.create_counter) + " session " +
            std::to_string(step.session.value) + " timeout " + std::to_string(step.timeout_ms) +
            " password '" + std::string(as_text(step.password)) + "'";
  }
  return text;
}

/// The transactions that a verified payload holds, as text.
Result<std::vector<std::string>, std::string> read(Bytes payload, Zxid first) {
  const auto batch = wal::verify_batch(payload);
  if (!batch) return fail("not verified: " + batch.error());
  std::vector<std::string> texts;
  auto visited = visit_txns(**batch, first, [&](const Txn& txn) -> Result<void, std::string> {
    texts.push_back(text_of(txn));
    return {};
  });
  if (!visited) return fail(visited.error());
  return texts;
}

/// Writes the transactions as one batch and expects to read the same.
void expect_round_trip(const std::vector<Txn>& txns) {
  BatchBuilder builder;
  std::vector<std::string> expected;
  for (const Txn& txn : txns) {
    builder.add(txn);
    expected.push_back(text_of(txn));
  }
  const auto found = read(builder.finish(1), txns.front().zxid);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, expected);
}

void expect_round_trip(const Step& step) {
  expect_round_trip(
      {Txn{.zxid = Zxid{7}, .time_ms = 1234, .session = SessionId{9}, .steps = {&step, 1}}});
}

TEST(BatchRecord, EveryKindOfStepComesBackAsItWas) {
  const AclEntry acl[] = {{31, "world", "anyone"}, {1, "ip", "10.0.0.0/8"}, {0, "", ""}};
  expect_round_trip(Step{.kind = StepKind::create_node,
                         .path = "/a/b-0000000003",
                         .data = as_bytes("data"),
                         .acl = acl,
                         .owner = INT64_MIN,
                         .create_counter = INT32_MAX});
  expect_round_trip(Step{.kind = StepKind::delete_node, .path = "/a"});
  expect_round_trip(
      Step{.kind = StepKind::set_data, .path = "/a", .data = as_bytes("x"), .version = -1});
  expect_round_trip(Step{.kind = StepKind::set_acl, .path = "/", .acl = acl, .version = INT32_MIN});
  expect_round_trip(Step{.kind = StepKind::create_session,
                         .session = SessionId{INT64_MAX},
                         .timeout_ms = 40000,
                         .password = as_bytes(password())});
  expect_round_trip(Step{.kind = StepKind::close_session, .session = SessionId{-1}});
  expect_round_trip(
      Step{.kind = StepKind::set_quota_stats, .path = "/zookeeper/quota/a", .data = as_bytes("c")});
}

TEST(BatchRecord, NullDataAndEmptyDataAreTwoThings) {
  for (const StepKind kind : {StepKind::create_node, StepKind::set_data}) {
    expect_round_trip(Step{.kind = kind, .path = "/a", .data = std::nullopt});
    expect_round_trip(Step{.kind = kind, .path = "/a", .data = Bytes{}});
    const std::string zeros(3, '\0');
    expect_round_trip(Step{.kind = kind, .path = "/a", .data = as_bytes(zeros)});
  }
}

TEST(BatchRecord, TimesMayGoBackwardsAndTransactionsMayHaveManyStepsOrNone) {
  const Step steps[] = {{.kind = StepKind::delete_node, .path = "/a"},
                        {.kind = StepKind::create_node, .path = "/b", .data = Bytes{}}};
  expect_round_trip({Txn{.zxid = Zxid{1}, .time_ms = 1000, .steps = steps},
                     Txn{.zxid = Zxid{2}, .time_ms = -5, .session = SessionId{3}, .steps = {}},
                     Txn{.zxid = Zxid{3}, .time_ms = 2000, .steps = {steps, 1}}});
}

TEST(BatchRecord, ZxidsGoOnOverTheEndOfAnEpoch) {
  const Zxid last = make_zxid(2, 0xffffffff);
  expect_round_trip({Txn{.zxid = last, .time_ms = 1}, Txn{.zxid = make_zxid(3, 1), .time_ms = 1}});
}

TEST(BatchRecord, TheDigestIsTheOneGiven) {
  BatchBuilder builder;
  builder.add(Txn{.zxid = Zxid{1}, .time_ms = 1});
  const auto batch = wal::verify_batch(builder.finish(0xfedcba9876543210u));
  ASSERT_TRUE(batch);
  EXPECT_EQ((*batch)->digest(), 0xfedcba9876543210u);
}

TEST(BatchRecord, AClearedBuilderMakesTheSameBytesAsANewOne) {
  const Step step{.kind = StepKind::delete_node, .path = "/a"};
  const Txn txn{.zxid = Zxid{1}, .time_ms = 77, .steps = {&step, 1}};
  BatchBuilder used;
  used.add(Txn{.zxid = Zxid{5}, .time_ms = 1});
  (void)used.finish(9);
  used.clear();
  EXPECT_EQ(used.count(), 0u);
  used.add(txn);
  BatchBuilder fresh;
  fresh.add(txn);
  EXPECT_EQ(as_text(used.finish(3)), as_text(fresh.finish(3)));
}

TEST(BatchRecord, TheAnnouncedSizeIsRightWithin64Bytes) {
  BatchBuilder builder;
  const std::string data(333, 'd');
  const Step step{.kind = StepKind::create_node, .path = "/abc", .data = as_bytes(data)};
  for (std::int64_t i = 1; i <= 500; ++i)
    builder.add(Txn{.zxid = Zxid{i}, .time_ms = 1000 + i, .steps = {&step, 1}});
  const std::size_t announced = builder.payload_bytes();
  const std::size_t actual = builder.finish(1).size();
  EXPECT_GE(announced, actual);
  EXPECT_LE(announced, actual + 64);
}

TEST(BatchRecord, AVisitorsErrorEndsTheVisitAndIsTheAnswer) {
  BatchBuilder builder;
  for (std::int64_t i = 1; i <= 3; ++i) builder.add(Txn{.zxid = Zxid{i}, .time_ms = 1});
  const auto batch = wal::verify_batch(builder.finish(1));
  ASSERT_TRUE(batch);
  int visits = 0;
  const auto visited = visit_txns(**batch, Zxid{1}, [&](const Txn&) -> Result<void, std::string> {
    if (++visits == 2) return fail(std::string("no more"));
    return {};
  });
  ASSERT_FALSE(visited);
  EXPECT_EQ(visited.error(), "no more");
  EXPECT_EQ(visits, 2);
}

/// A batch of one transaction with one step, past the builder under test.
template <class MakeStep>
Result<std::vector<std::string>, std::string> read_step(MakeStep make_step) {
  FlatBufferBuilder b;
  std::vector<flatbuffers::Offset<wal::fbs::Step>> steps{make_step(b)};
  std::vector<flatbuffers::Offset<wal::fbs::Txn>> txns{wal::fbs::CreateTxnDirect(b, 0, 0, &steps)};
  b.Finish(wal::fbs::CreateBatchDirect(b, 1, &txns, 0));
  const auto* batch = flatbuffers::GetRoot<wal::fbs::Batch>(b.GetBufferPointer());
  std::vector<std::string> texts;
  auto visited = visit_txns(*batch, Zxid{5}, [&](const Txn& txn) -> Result<void, std::string> {
    texts.push_back(text_of(txn));
    return {};
  });
  if (!visited) return fail(visited.error());
  return texts;
}

TEST(BatchRecord, WhatCannotBeATransactionIsAnErrorThatNamesIt) {
  for (const std::uint8_t kind : {0, 8, 255}) {
    const auto found =
        read_step([&](FlatBufferBuilder& b) { return wal::fbs::CreateStepDirect(b, kind, "/a"); });
    ASSERT_FALSE(found) << int{kind};
    EXPECT_TRUE(contains(found.error(), "transaction 5")) << found.error();
    EXPECT_TRUE(contains(found.error(), "unknown kind " + std::to_string(kind))) << found.error();
  }
  const std::vector<std::uint8_t> short_password(15, 1);
  for (const auto* given : {&short_password, static_cast<decltype(&short_password)>(nullptr)}) {
    const auto found = read_step([&](FlatBufferBuilder& b) {
      return wal::fbs::CreateStepDirect(b, static_cast<std::uint8_t>(StepKind::create_session),
                                        nullptr, nullptr, nullptr, 0, 0, 0, 9, 1000, given);
    });
    ASSERT_FALSE(found);
    EXPECT_TRUE(contains(found.error(), "16 bytes")) << found.error();
  }
}

TEST(BatchRecord, R20_NoTransactionTakesMoreOfTheLogThanWasAskedForAhead) {
  core::test::World world;
  BatchBuilder builder;
  std::size_t seen = 0;
  const auto expect_within = [&](const core::WriteRequest& request) {
    const std::size_t bound = world.state.log_bytes_max(request);
    const std::size_t before = builder.payload_bytes();
    ASSERT_EQ(world.run(request), ErrorCode::ok);
    ASSERT_TRUE(world.out.has_txn);
    builder.add(world.log.back()->txn);
    EXPECT_LE(builder.payload_bytes() - before, bound)
        << text_of(world.log.back()->txn).substr(0, 200);
    ++seen;
  };
  const auto write = [&](proto::OpCode op, const std::string& body) {
    expect_within({.op = op,
                   .body = as_bytes(body),
                   .session = world.session,
                   .identities = &world.identities,
                   .now_ms = ++world.now_ms});
  };
  using core::test::body_of;
  using core::test::create_request;
  const core::test::AclText long_acl(20, {31, "digest", std::string_view("user:0123456789abcdef")});
  for (const std::size_t bytes : {0, 1, 100, 5000, 300'000}) {
    const std::string data(bytes, 'x');
    const std::string name = "/n" + std::to_string(bytes);
    write(proto::OpCode::create, body_of(create_request(name, data)));
    write(proto::OpCode::create, body_of(create_request(name + "/seq-", data, 2, long_acl)));
    write(proto::OpCode::create, body_of(create_request(name + "/mine", data, 1)));
    write(proto::OpCode::set_data,
          body_of(proto::SetDataRequest{std::string_view(name), as_bytes(data), -1}));
    core::test::MultiBody multi;
    for (int i = 0; i < 50; ++i)
      multi.create(name + "/" + std::to_string(i), 1).set(name, data.substr(0, 100));
    write(proto::OpCode::multi, multi.finish());
    write(proto::OpCode::remove,
          body_of(proto::PathVersionRequest{std::string_view(name + "/0"), -1}));
    write(proto::OpCode::set_acl,
          body_of(
              proto::SetAclRequest{std::string_view(name), core::test::acl_vector(long_acl), -1}));
  }
  expect_within({.op = proto::OpCode::create_session,
                 .session = SessionId{0x500},
                 .now_ms = 1,
                 .timeout_ms = 1000,
                 .password = as_bytes(password())});
  // With all its ephemerals to delete.
  expect_within({.op = proto::OpCode::close_session, .session = world.session, .now_ms = 1});
  EXPECT_EQ(seen, 37u);
}

// --- Snapshot chunks

/// All nodes and sessions of a state in one chunk.
std::string chunk_of(core::State& state) {
  ChunkBuilder chunk;
  EXPECT_TRUE(chunk.empty());
  std::string path;
  state.trie().visit_all([&](core::Znode& node) {
    path.clear();
    node.append_path(path);
    chunk.add(core::value_of(path, *core::Trie::newest(node)));
  });
  state.visit_sessions(state.newest(),
                       [&](const core::SessionValue& session) { chunk.add(session); });
  EXPECT_FALSE(chunk.empty());
  const std::size_t announced = chunk.payload_bytes();
  std::string payload(as_text(chunk.finish()));
  EXPECT_GE(announced + announced / 10, payload.size());
  return payload;
}

TEST(ChunkRecord, AStateComesBackAsItWas) {
  core::test::World world;
  for (int i = 0; i < 30; ++i) {
    const std::string path = "/n" + std::to_string(i);
    const std::string id = "10.0.0." + std::to_string(i % 12);
    ASSERT_EQ(world.create(path, i % 3 == 0 ? core::test::Text{} : core::test::Text{""}, 0,
                           {{i % 32, "ip", std::string_view(id)}, {31, "world", "anyone"}}),
              ErrorCode::ok);
    ASSERT_EQ(world.create(path + "/seq-", "data", 3), ErrorCode::ok);
  }
  ASSERT_EQ(world.set("/n1", std::string(100'000, 'x')), ErrorCode::ok);
  ASSERT_EQ(world.open_session(SessionId{0x777}, 1234), ErrorCode::ok);

  const std::string payload = chunk_of(world.state);
  ByteBuffer aligned;
  aligned.append(as_bytes(payload));
  const auto chunk = wal::verify_chunk(aligned.bytes());
  ASSERT_TRUE(chunk) << chunk.error();
  core::State copy({});
  const auto loaded = load_chunk(**chunk, copy);
  ASSERT_TRUE(loaded) << loaded.error();
  ASSERT_TRUE(copy.finish_load(world.state.newest()));
  EXPECT_EQ(core::test::dump(copy), core::test::dump(world.state));
  EXPECT_EQ(copy.digest(), world.state.digest());
  ASSERT_NE(copy.find_session(SessionId{0x777}), nullptr);
  EXPECT_EQ(copy.find_session(SessionId{0x777})->timeout_ms, 1234);
}

TEST(ChunkRecord, AClearedBuilderRemembersNothing) {
  const AclEntry acl{31, "world", "anyone"};
  const core::NodeValue node{.path = "/a", .acl = {&acl, 1}};
  ChunkBuilder used;
  used.add(node);
  used.add(core::SessionValue{SessionId{1}, 1, as_bytes(password())});
  (void)used.finish();
  used.clear();
  EXPECT_TRUE(used.empty());
  used.add(node);
  ChunkBuilder fresh;
  fresh.add(node);
  EXPECT_EQ(as_text(used.finish()), as_text(fresh.finish()));
}

struct ChunkSpec {
  const char* path = "/a";
  bool has_stat = true;
  std::uint32_t acl_index = 0;
  std::int64_t session = 5;
  std::size_t session_count = 1;
  std::size_t password_bytes = 16;
};

/// Loads a chunk of one node and some equal sessions, past the builder and the verifier.
Result<void, std::string> load(const ChunkSpec& spec) {
  FlatBufferBuilder b;
  std::vector<flatbuffers::Offset<wal::fbs::AclEntry>> entries;
  std::vector<flatbuffers::Offset<wal::fbs::AclList>> acls{
      wal::fbs::CreateAclListDirect(b, &entries)};
  const wal::fbs::NodeStat stat(1, 1, 1, 1, 1, 0, 0, 0, 0, spec.acl_index);
  std::vector<flatbuffers::Offset<wal::fbs::Node>> nodes{
      wal::fbs::CreateNodeDirect(b, spec.path, nullptr, spec.has_stat ? &stat : nullptr)};
  const std::vector<std::uint8_t> secret(spec.password_bytes, 1);
  std::vector<flatbuffers::Offset<wal::fbs::Session>> sessions;
  for (std::size_t i = 0; i < spec.session_count; ++i)
    sessions.push_back(wal::fbs::CreateSessionDirect(b, spec.session, 1000, &secret));
  b.Finish(wal::fbs::CreateSnapshotChunkDirect(b, &acls, &nodes, &sessions));
  core::State state({});
  return load_chunk(*flatbuffers::GetRoot<wal::fbs::SnapshotChunk>(b.GetBufferPointer()), state);
}

TEST(ChunkRecord, WhatCannotBeInASnapshotIsAnErrorThatNamesIt) {
  ASSERT_TRUE(load({}));
  const std::pair<ChunkSpec, const char*> cases[] = {
      {{.has_stat = false}, "no Stat"},
      {{.acl_index = 1}, "no ACL"},
      {{.path = "a"}, "'a'"},
      {{.path = ""}, "impossible path"},
      {{.path = "/a//b"}, "'/a//b'"},
      {{.path = "/a/"}, "'/a/'"},
      {{.session = 0}, "session 0"},
      {{.session_count = 2}, "twice"},
      {{.password_bytes = 15}, "16 bytes"},
  };
  for (const auto& [spec, part] : cases) {
    const auto loaded = load(spec);
    ASSERT_FALSE(loaded) << part;
    EXPECT_TRUE(contains(loaded.error(), part)) << loaded.error();
  }
}

}  // namespace
}  // namespace paddock::ordering
