// The payload of a log batch, of any content, is refused or can be decoded to the last byte.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/check.h"
#include "wal/record.h"

namespace {

using namespace paddock;
using namespace paddock::wal;

/// A step, or a transaction that is one.
template <class Table>
void touch(const Table& step) {
  const auto kind = static_cast<fbs::StepKind>(step.kind());
  CHECK(kind >= fbs::StepKind::create_node && kind <= fbs::StepKind::set_quota_stats);
  std::uint64_t sum = 0;
  if (kind <= fbs::StepKind::set_acl || kind == fbs::StepKind::set_quota_stats)
    CHECK(step.path()->Get(0) == '/');
  if (step.path() != nullptr)
    for (const char c : *step.path()) sum += static_cast<unsigned char>(c);
  if (step.data() != nullptr)
    for (const std::uint8_t byte : *step.data()) sum += byte;
  const bool has_acl = kind == fbs::StepKind::create_node || kind == fbs::StepKind::set_acl;
  if (has_acl && step.acl() != nullptr)
    for (const fbs::AclEntry* entry : *step.acl())
      sum += entry->scheme()->size() + entry->id()->size();
  if (kind == fbs::StepKind::create_session)
    CHECK(step.password()->size() == session_password_bytes);
  if (kind == fbs::StepKind::create_session || kind == fbs::StepKind::close_session)
    CHECK(step.session() != 0);
  volatile std::uint64_t sink = sum;
  (void)sink;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Payloads start on an alignment, as in a file.
  std::vector<std::uint64_t> memory(size / 8 + 1);
  if (size != 0) std::memcpy(memory.data(), data, size);
  const Bytes payload(reinterpret_cast<const std::byte*>(memory.data()), size);
  auto batch = verify_batch(payload);
  if (!batch) {
    CHECK(!batch.error().empty());
    return 0;
  }
  CHECK((*batch)->txns()->size() > 0);
  for (const fbs::Txn* txn : *(*batch)->txns()) {
    if (txn->kind() != 0) touch(*txn);
    if (txn->steps() != nullptr)
      for (const fbs::Step* step : *txn->steps()) touch(*step);
  }
  return 0;
}
