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

std::size_t of_multi(Bytes body, std::size_t per_auth_entry) {
  proto::TextArena arena;
  proto::Reader in(body, &arena);
  proto::MultiOp op;
  // Paths and data are bounded by the body, which malformed text can outgrow threefold (U+FFFD).
  std::size_t bytes = 3 * body.size();
  for (proto::MultiReader walk(in); const auto header = walk.next();) {
    proto::read_multi_op(in, header->op, op);
    bytes += step_bytes + suffix_bytes;
    if (const auto* create = std::get_if<proto::CreateRequest>(&op))
      bytes += of_acl(create->acl, per_auth_entry);
    if (const auto* create = std::get_if<proto::CreateTtlRequest>(&op))
      bytes += of_acl(create->acl, per_auth_entry);
    arena.clear();
  }
  return bytes;
}

}  // namespace

std::size_t State::log_bytes_max(const WriteRequest& request) const {
  using proto::OpCode;
  const std::size_t body_bytes = request.body.size();
  if (request.op == OpCode::close_session) {
    return txn_bytes + step_bytes * (1 + impl_->sessions.ephemerals(request.session).size()) +
           impl_->sessions.ephemeral_path_bytes(request.session);
  }
  if (request.op == OpCode::create_session) return txn_bytes + step_bytes;
  if (request.op == OpCode::remove || request.op == OpCode::set_data ||
      request.op == OpCode::delete_container)
    return txn_bytes + step_bytes + 3 * body_bytes;

  const std::size_t per_auth_entry = identity_bytes(request.identities);
  if (body_bytes <= small_body_bytes) {
    const std::size_t entries = body_bytes / acl_wire_bytes_min;
    const std::size_t ops = 1 + body_bytes / multi_op_wire_bytes_min;
    return txn_bytes + (step_bytes + suffix_bytes) * ops + 3 * body_bytes +
           (acl_entry_bytes + per_auth_entry) * entries;
  }
  if (request.op == OpCode::multi) return txn_bytes + of_multi(request.body, per_auth_entry);
  proto::TextArena arena;
  proto::Reader in(request.body, &arena);
  if (request.op == OpCode::set_acl) {
    proto::SetAclRequest set;
    in.read(set);
    return txn_bytes + step_bytes + 3 * body_bytes + of_acl(set.acl, per_auth_entry);
  }
  proto::CreateRequest create;  // createTTL starts with the same fields
  in.read(create);
  return txn_bytes + of_create(create, per_auth_entry);
}

}  // namespace paddock::core
