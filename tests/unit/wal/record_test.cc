#include "wal/record.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace paddock::wal {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Bytes bytes_of(const FlatBufferBuilder& builder) {
  return {reinterpret_cast<const std::byte*>(builder.GetBufferPointer()), builder.GetSize()};
}

const std::vector<std::uint8_t> password(16, 7);

using AddStep = std::function<Offset<fbs::Step>(FlatBufferBuilder&)>;

std::string batch_error(const AddStep& add_step) {
  FlatBufferBuilder builder;
  std::vector<Offset<fbs::Step>> steps{add_step(builder)};
  std::vector<Offset<fbs::Txn>> txns{fbs::CreateTxnDirect(builder, 0, 1, &steps)};
  builder.Finish(fbs::CreateBatchDirect(builder, 1000, &txns, 42));
  auto batch = verify_batch(bytes_of(builder));
  return batch ? "" : batch.error();
}

std::vector<Offset<fbs::AclEntry>> world(FlatBufferBuilder& builder) {
  return {fbs::CreateAclEntryDirect(builder, 31, "world", "anyone")};
}

std::uint8_t number(fbs::StepKind kind) { return static_cast<std::uint8_t>(kind); }

TEST(WalRecord, AStepOfEachKindWithItsFieldsPasses) {
  EXPECT_EQ("", batch_error([](auto& b) {
              auto acl = world(b);
              return fbs::CreateStepDirect(b, number(fbs::StepKind::create_node), "/a", nullptr,
                                           &acl);
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::delete_node), "/a");
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_data), "/a");
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              auto acl = world(b);
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_acl), "/a", nullptr, &acl);
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::create_session), nullptr,
                                           nullptr, nullptr, 0, 0, 0, 5, 4000, &password);
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_quota_stats), "/a");
            }));
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::close_session), nullptr,
                                           nullptr, nullptr, 0, 0, 0, 5);
            }));
}

using AddTxn = std::function<Offset<fbs::Txn>(FlatBufferBuilder&)>;

std::string txn_error(const AddTxn& add_txn) {
  FlatBufferBuilder builder;
  std::vector<Offset<fbs::Txn>> txns{add_txn(builder)};
  builder.Finish(fbs::CreateBatchDirect(builder, 1000, &txns, 42));
  auto batch = verify_batch(bytes_of(builder));
  return batch ? "" : batch.error();
}

TEST(WalRecord, ATransactionThatIsOneStepIsCheckedAsAStep) {
  EXPECT_EQ("", txn_error([](auto& b) {
              return fbs::CreateTxnDirect(b, 0, 1, nullptr, number(fbs::StepKind::set_data), "/a");
            }));
  EXPECT_EQ("a step of transaction 0 has no path", txn_error([](auto& b) {
              return fbs::CreateTxnDirect(b, 0, 1, nullptr, number(fbs::StepKind::set_data));
            }));
  EXPECT_EQ("a step of transaction 0 names no session", txn_error([](auto& b) {
              return fbs::CreateTxnDirect(b, 0, 0, nullptr, number(fbs::StepKind::close_session));
            }));
  EXPECT_EQ("a step of transaction 0 is of a kind this version does not know",
            txn_error([](auto& b) { return fbs::CreateTxnDirect(b, 0, 1, nullptr, 99, "/a"); }));
}

TEST(WalRecord, ATransactionIsOneStepOrHasAVectorOfThem) {
  EXPECT_EQ("a step of transaction 0 is there beside a vector of them", txn_error([](auto& b) {
              std::vector<Offset<fbs::Step>> none;
              return fbs::CreateTxnDirect(b, 0, 1, &none, number(fbs::StepKind::set_data), "/a");
            }));
}

TEST(WalRecord, AnEmptyAclMayBeAbsent) {
  EXPECT_EQ("", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::create_node), "/a");
            }));
}

TEST(WalRecord, AStepThatLacksWhatItsKindNeedsIsRefusedWithTheReason) {
  EXPECT_EQ("a step of transaction 0 has no path", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::delete_node));
            }));
  EXPECT_EQ("a step of transaction 0 has no path", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_quota_stats));
            }));
  EXPECT_EQ("a step of transaction 0 has no path", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_data), "");
            }));
  EXPECT_EQ("a step of transaction 0 has no path", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_data), "relative");
            }));
  EXPECT_EQ("a step of transaction 0 has an ACL that is not complete", batch_error([](auto& b) {
              std::vector<Offset<fbs::AclEntry>> acl{fbs::CreateAclEntryDirect(b, 31, "world")};
              return fbs::CreateStepDirect(b, number(fbs::StepKind::set_acl), "/a", nullptr, &acl);
            }));
  EXPECT_EQ("a step of transaction 0 names no session", batch_error([](auto& b) {
              return fbs::CreateStepDirect(b, number(fbs::StepKind::close_session));
            }));
  EXPECT_EQ("a step of transaction 0 has a password that is not 16 bytes", batch_error([](auto& b) {
              const std::vector<std::uint8_t> small(15, 7);
              return fbs::CreateStepDirect(b, number(fbs::StepKind::create_session), nullptr,
                                           nullptr, nullptr, 0, 0, 0, 5, 4000, &small);
            }));
  for (std::uint8_t kind : {0, 8, 255})
    EXPECT_EQ("a step of transaction 0 is of a kind this version does not know",
              batch_error([&](auto& b) { return fbs::CreateStepDirect(b, kind, "/a"); }));
}

TEST(WalRecord, ABatchWithoutTransactionsIsRefused) {
  FlatBufferBuilder builder;
  builder.Finish(fbs::CreateBatchDirect(builder, 1000));
  EXPECT_EQ("batch has no transactions", verify_batch(bytes_of(builder)).error());
}

TEST(WalRecord, ATransactionOfAMillionStepsPasses) {
  FlatBufferBuilder builder;
  std::vector<Offset<fbs::Step>> steps;
  const auto path = builder.CreateString("/a");
  for (int i = 0; i < 1000000; ++i)
    steps.push_back(fbs::CreateStep(builder, number(fbs::StepKind::delete_node), path));
  std::vector<Offset<fbs::Txn>> txns{fbs::CreateTxnDirect(builder, 0, 1, &steps)};
  builder.Finish(fbs::CreateBatchDirect(builder, 1000, &txns, 42));
  auto batch = verify_batch(bytes_of(builder));
  ASSERT_TRUE(batch) << batch.error();
  EXPECT_EQ(1000000u, (*batch)->txns()->Get(0)->steps()->size());
}

TEST(WalRecord, TablesSharedToBlowUpTheWorkAreRefused) {
  FlatBufferBuilder builder;
  auto entry = fbs::CreateAclEntryDirect(builder, 31, "world", "anyone");
  std::vector<Offset<fbs::AclEntry>> entries(3000, entry);
  auto list = fbs::CreateAclListDirect(builder, &entries);
  std::vector<Offset<fbs::AclList>> lists(3000, list);
  builder.Finish(fbs::CreateSnapshotChunkDirect(builder, &lists));
  EXPECT_EQ("payload is not a well-formed record", verify_chunk(bytes_of(builder)).error());
}

TEST(WalRecord, AnyPrefixAndAnyFlippedBitEndsInAnAnswer) {
  FlatBufferBuilder builder;
  auto acl = world(builder);
  std::vector<Offset<fbs::Step>> steps{
      fbs::CreateStepDirect(builder, number(fbs::StepKind::create_node), "/a", &password, &acl)};
  std::vector<Offset<fbs::Txn>> txns{fbs::CreateTxnDirect(builder, 0, 1, &steps)};
  builder.Finish(fbs::CreateBatchDirect(builder, 1000, &txns, 42));
  const Bytes whole = bytes_of(builder);
  ASSERT_TRUE(verify_batch(whole));
  std::vector<std::uint64_t> room(whole.size() / 8 + 1);
  auto* copy = reinterpret_cast<std::byte*>(room.data());
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::memcpy(copy, whole.data(), size);
    refused += !verify_batch({copy, size});
  }
  EXPECT_GT(refused, 100);
  refused = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::memcpy(copy, whole.data(), whole.size());
    copy[bit / 8] ^= std::byte{1} << (bit % 8);
    auto batch = verify_batch({copy, whole.size()});
    if (!batch) {
      ++refused;
    } else if (const auto* kept = (*batch)->txns()->Get(0)->steps()) {
      for (const fbs::Step* step : *kept)
        if (step->kind() <= number(fbs::StepKind::set_acl)) {
          EXPECT_EQ('/', step->path()->Get(0));
        }
    }
  }
  EXPECT_GT(refused, 100);
}

std::string chunk_error(std::uint32_t acl_index, const char* path, std::int64_t session,
                        std::size_t session_password, bool stat = true) {
  FlatBufferBuilder builder;
  auto entries = world(builder);
  std::vector<Offset<fbs::AclList>> lists{fbs::CreateAclListDirect(builder, &entries)};
  const fbs::NodeStat node_stat(1, 2, 3, 4, 5, 0, 1, 2, 3, acl_index);
  std::vector<Offset<fbs::Node>> nodes{
      fbs::CreateNodeDirect(builder, path, nullptr, stat ? &node_stat : nullptr)};
  const std::vector<std::uint8_t> secret(session_password, 1);
  std::vector<Offset<fbs::Session>> sessions{
      fbs::CreateSessionDirect(builder, session, 4000, &secret)};
  builder.Finish(fbs::CreateSnapshotChunkDirect(builder, &lists, &nodes, &sessions));
  auto chunk = verify_chunk(bytes_of(builder));
  return chunk ? "" : chunk.error();
}

TEST(WalRecord, AChunkIsRefusedWithTheReasonUnlessEveryMemberIsComplete) {
  EXPECT_EQ("", chunk_error(0, "/a", 5, 16));
  EXPECT_EQ("node 0 names an ACL that is not there", chunk_error(1, "/a", 5, 16));
  EXPECT_EQ("node 0 has no path", chunk_error(0, nullptr, 5, 16));
  EXPECT_EQ("node 0 has no stat", chunk_error(0, "/a", 5, 16, false));
  EXPECT_EQ("session 0 has no id", chunk_error(0, "/a", 0, 16));
  EXPECT_EQ("session 0 has a password that is not 16 bytes", chunk_error(0, "/a", 5, 17));
}

TEST(WalRecord, AnEmptyChunkPasses) {
  FlatBufferBuilder builder;
  builder.Finish(fbs::CreateSnapshotChunk(builder));
  // An empty record is 4-aligned in the builder's memory; in a file it starts on payload_alignment.
  alignas(8) std::byte copy[64];
  const Bytes bytes = bytes_of(builder);
  ASSERT_LE(bytes.size(), sizeof copy);
  std::memcpy(copy, bytes.data(), bytes.size());
  EXPECT_TRUE(verify_chunk({copy, bytes.size()}));
}

}  // namespace
}  // namespace paddock::wal
