#include "core/proto/paths.h"
#include "core/proto/records.h"
#include "core/state_impl.h"

// How much log a request may need (R20). The bounds are for the FlatBuffers of wal/schema.fbs,
// vtables and padding included, rounded up; what matters is that they are never too low.
namespace paddock::core {
namespace {

constexpr std::size_t txn_bytes = 96;  // table, vtable, two vectors' heads, digest and batch share
constexpr std::size_t step_bytes =
    192;  // table 60, vtable 24, slot 4, heads and padding of 4 fields
constexpr std::size_t acl_entry_bytes =
    64;  // table 16, vtable 10, slot 4, heads and padding of 2 texts
constexpr std::size_t suffix_bytes = 11;  // a sequence number
/// What one change may add to the statistics of its quota, the path of the change excepted: the
/// ends of the longer path, and two numbers with their names.
constexpr std::size_t quota_step_bytes = step_bytes + 32 + 56;
/// A body up to this size is bounded by its length alone, which is quicker than reading it.
constexpr std::size_t small_body_bytes = 1024;
constexpr std::size_t acl_wire_bytes_min = 12;       // perms, two lengths
constexpr std::size_t multi_op_wire_bytes_min = 17;  // header, path length, version

/// What one `auth` entry may become.
std::size_t identity_bytes(const IdentitySet* identities) {
  std::size_t bytes = 0;
  if (identities == nullptr) return bytes;
  for (const Identity& identity : *identities)
    bytes += acl_entry_bytes + identity.scheme.size() + identity.id.size();
  return bytes;
}

std::size_t of_acl(const proto::Vector<proto::Acl>& acl, std::size_t per_auth_entry) {
  std::size_t bytes = 0;
  for (const proto::Acl& entry : acl.items) {
    if (entry.scheme == "auth")
      bytes += per_auth_entry;
    else
      bytes += acl_entry_bytes + entry.scheme.value_or("").size() + entry.id.value_or("").size();
  }
  return bytes;
}

template <class Create>
std::size_t of_create(const Create& create, std::size_t per_auth_entry) {
  return step_bytes + suffix_bytes + create.path.value_or("").size() +
         create.data.value_or(Bytes{}).size() + of_acl(create.acl, per_auth_entry);
}

/// `step`: of each operation, paths and data excepted.
std::size_t of_multi(Bytes body, std::size_t step, std::size_t per_auth_entry) {
  proto::TextArena arena;
  proto::Reader in(body, &arena);
  proto::MultiOp op;
  std::size_t bytes = 0;
  for (proto::MultiReader walk(in); const auto header = walk.next();) {
    proto::read_multi_op(in, header->op, op);
    bytes += step;
    if (const auto* create = std::get_if<proto::CreateRequest>(&op))
      bytes += of_acl(create->acl, per_auth_entry);
    if (const auto* create = std::get_if<proto::CreateTtlRequest>(&op))
      bytes += of_acl(create->acl, per_auth_entry);
    arena.clear();
  }
  return bytes;
}

/// Whether the transaction may write statistics: there are quotas, or it makes one.
bool may_count(const Totals& totals, Bytes body) {
  return totals.quota_count != 0 || as_text(body).find(proto::quota_path) != std::string_view::npos;
}

}  // namespace

std::size_t State::log_bytes_max(const WriteRequest& request) const {
  using proto::OpCode;
  const bool has_quotas = impl_->totals.quota_count != 0;
  if (request.op == OpCode::close_session) {
    const std::size_t count = impl_->sessions.ephemerals(request.session).size();
    const std::size_t path_bytes = impl_->sessions.ephemeral_path_bytes(request.session);
    return txn_bytes + step_bytes * (1 + count) + path_bytes +
           (has_quotas ? quota_step_bytes * count + path_bytes : 0);
  }
  if (request.op == OpCode::create_session) return txn_bytes + step_bytes;
  // Paths and data are bounded by the body, which malformed text can outgrow threefold (U+FFFD).
  const std::size_t text_bytes = 3 * request.body.size();
  if (request.op == OpCode::remove || request.op == OpCode::set_data ||
      request.op == OpCode::delete_container)
    return txn_bytes + step_bytes + text_bytes + (has_quotas ? quota_step_bytes + text_bytes : 0);

  const std::size_t per_auth_entry = identity_bytes(request.identities);
  const bool counts = may_count(impl_->totals, request.body);
  const std::size_t step = step_bytes + suffix_bytes + (counts ? quota_step_bytes : 0);
  const std::size_t all_text_bytes = counts ? 2 * text_bytes : text_bytes;
  if (request.body.size() <= small_body_bytes) {
    const std::size_t entries = request.body.size() / acl_wire_bytes_min;
    const std::size_t ops = 1 + request.body.size() / multi_op_wire_bytes_min;
    return txn_bytes + step * ops + all_text_bytes + (acl_entry_bytes + per_auth_entry) * entries;
  }
  if (request.op == OpCode::multi)
    return txn_bytes + all_text_bytes + of_multi(request.body, step, per_auth_entry);
  proto::TextArena arena;
  proto::Reader in(request.body, &arena);
  if (request.op == OpCode::set_acl) {
    proto::SetAclRequest set;
    in.read(set);
    return txn_bytes + step_bytes + text_bytes + of_acl(set.acl, per_auth_entry);
  }
  proto::CreateRequest create;  // createTTL starts with the same fields
  in.read(create);
  return txn_bytes + of_create(create, per_auth_entry) +
         (counts ? quota_step_bytes + suffix_bytes + create.path.value_or("").size() : 0);
}

}  // namespace paddock::core
