#include "wal/record.h"

#include <cinttypes>
#include <cstdio>

#include "core/base/check.h"

namespace paddock::wal {
namespace {

// A vector may point to one table many times over, which would let a small payload cost any amount
// of time. No builder of ours shares tables except ACL entries, so a few per byte are beyond any
// real payload; the schema has no table inside its own kind, so depth is bounded by the schema.
constexpr std::size_t tables_per_byte_max = 4;
constexpr flatbuffers::uoffset_t depth_max = 16;

std::string at(const char* what, std::size_t index, const char* wrong) {
  char text[160];
  std::snprintf(text, sizeof text, "%s %zu %s", what, index, wrong);
  return text;
}

template <class Root>
Result<const Root*, std::string> verify_root(Bytes payload) {
  CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % payload_alignment == 0);
  if (payload.size() > payload_bytes_max) return fail(std::string("payload is too large"));
  const auto* data = reinterpret_cast<const std::uint8_t*>(payload.data());
  const std::size_t tables_max = 1000 + tables_per_byte_max * payload.size();
  flatbuffers::Verifier verifier(
      data, payload.size(), depth_max,
      static_cast<flatbuffers::uoffset_t>(tables_max < 0xffffffffu ? tables_max : 0xffffffffu));
  if (!verifier.VerifyBuffer<Root>(nullptr))
    return fail(std::string("payload is not a well-formed record"));
  return flatbuffers::GetRoot<Root>(data);
}

bool is_path(const flatbuffers::String* path) {
  return path != nullptr && path->size() != 0 && path->Get(0) == '/';
}

/// An absent ACL is an empty one.
bool has_names(const flatbuffers::Vector<flatbuffers::Offset<fbs::AclEntry>>* acl) {
  if (acl == nullptr) return true;
  for (const fbs::AclEntry* entry : *acl)
    if (entry->scheme() == nullptr || entry->id() == nullptr) return false;
  return true;
}

bool is_password(const flatbuffers::Vector<std::uint8_t>* password) {
  return password != nullptr && password->size() == session_password_bytes;
}

/// What is wrong with `step`, a Step or a Txn of one step; null if nothing is.
template <class Table>
const char* wrong_with(const Table& step) {
  switch (static_cast<fbs::StepKind>(step.kind())) {
    case fbs::StepKind::create_node:
    case fbs::StepKind::set_acl:
      if (!is_path(step.path())) return "has no path";
      if (!has_names(step.acl())) return "has an ACL that is not complete";
      return nullptr;
    case fbs::StepKind::delete_node:
    case fbs::StepKind::set_data:
    case fbs::StepKind::set_quota_stats:
      return is_path(step.path()) ? nullptr : "has no path";
    case fbs::StepKind::create_session:
      if (step.session() == 0) return "names no session";
      return is_password(step.password()) ? nullptr : "has a password that is not 16 bytes";
    case fbs::StepKind::close_session:
      return step.session() == 0 ? "names no session" : nullptr;
    case fbs::StepKind::none:
      break;
  }
  return "is of a kind this version does not know";
}

}  // namespace

Result<const fbs::Batch*, std::string> verify_batch(Bytes payload) {
  auto batch = verify_root<fbs::Batch>(payload);
  if (!batch) return batch;
  const auto* txns = (*batch)->txns();
  if (txns == nullptr || txns->size() == 0) return fail(std::string("batch has no transactions"));
  for (flatbuffers::uoffset_t i = 0; i < txns->size(); ++i) {
    const fbs::Txn& txn = *txns->Get(i);
    const auto* steps = txn.steps();
    if (txn.kind() != 0) {
      const char* wrong = steps != nullptr ? "is there beside a vector of them" : wrong_with(txn);
      if (wrong != nullptr) return fail(at("a step of transaction", i, wrong));
    }
    if (steps == nullptr) continue;
    for (const fbs::Step* step : *steps)
      if (const char* wrong = wrong_with(*step)) return fail(at("a step of transaction", i, wrong));
  }
  return batch;
}

Result<const fbs::SnapshotChunk*, std::string> verify_chunk(Bytes payload) {
  auto chunk = verify_root<fbs::SnapshotChunk>(payload);
  if (!chunk) return chunk;
  flatbuffers::uoffset_t acl_count = 0;
  if (const auto* acls = (*chunk)->acls()) {
    acl_count = acls->size();
    for (flatbuffers::uoffset_t i = 0; i < acl_count; ++i) {
      if (!has_names(acls->Get(i)->entries())) return fail(at("ACL", i, "is not complete"));
    }
  }
  if (const auto* nodes = (*chunk)->nodes()) {
    for (flatbuffers::uoffset_t i = 0; i < nodes->size(); ++i) {
      const fbs::Node* node = nodes->Get(i);
      if (!is_path(node->path())) return fail(at("node", i, "has no path"));
      if (node->stat() == nullptr) return fail(at("node", i, "has no stat"));
      if (node->stat()->acl_index() >= acl_count)
        return fail(at("node", i, "names an ACL that is not there"));
    }
  }
  if (const auto* sessions = (*chunk)->sessions()) {
    for (flatbuffers::uoffset_t i = 0; i < sessions->size(); ++i) {
      const fbs::Session* session = sessions->Get(i);
      if (session->id() == 0) return fail(at("session", i, "has no id"));
      if (!is_password(session->password()))
        return fail(at("session", i, "has a password that is not 16 bytes"));
    }
  }
  return chunk;
}

}  // namespace paddock::wal
