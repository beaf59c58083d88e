#include <array>
#include <cstdio>

#include "core/owner.h"
#include "core/prepare.h"
#include "core/stat.h"

namespace paddock::core {
namespace {

// Create flags; what a number means with which opcode: Preparation::owner_of_create().
constexpr std::int32_t flag_ephemeral = 1;
constexpr std::int32_t flag_sequential = 2;
constexpr std::int32_t flag_ephemeral_sequential = 3;
constexpr std::int32_t flag_ttl = 5;
constexpr std::int32_t flag_ttl_sequential = 6;

constexpr bool is_sequential(std::int32_t flags) {
  return flags == flag_sequential || flags == flag_ephemeral_sequential ||
         flags == flag_ttl_sequential;
}

}  // namespace

proto::ErrorCode Preparation::single_create(proto::Reader& in) {
  in.read(create_);
  if (!in.ok()) return ErrorCode::marshalling_error;
  return reply_to_create({request_->op, create_.path, create_.data, &create_.acl, create_.flags});
}

proto::ErrorCode Preparation::single_create_ttl(proto::Reader& in) {
  in.read(create_ttl_);
  if (!in.ok()) return ErrorCode::marshalling_error;
  return reply_to_create({request_->op, create_ttl_.path, create_ttl_.data, &create_ttl_.acl,
                          create_ttl_.flags, create_ttl_.ttl_ms});
}

proto::ErrorCode Preparation::reply_to_create(const Create& asked) {
  std::string_view path;
  Znode* node = nullptr;
  const ErrorCode err = create(asked, path, node);
  if (err != ErrorCode::ok) return err;
  proto::Writer reply(out_->reply_body);
  reply.write(proto::Ustring(path));
  if (asked.op != OpCode::create) reply.write(stat_of(*Trie::newest(*node)));
  return ErrorCode::ok;
}

proto::ErrorCode Preparation::create(const Create& asked, std::string_view& path, Znode*& node) {
  std::int64_t owner = 0;
  if (const ErrorCode err = owner_of_create(asked, owner); err != ErrorCode::ok) return err;
  if (!is_session_open()) return ErrorCode::session_expired;
  if (!asked.path) return ErrorCode::marshalling_error;
  const auto split = proto::split_path(*asked.path);
  if (!split) return ErrorCode::bad_arguments;
  if (const ErrorCode err = resolve_acl(*asked.acl); err != ErrorCode::ok) return err;

  Znode* parent = trie_.find(split->parent);
  const Version* above = parent != nullptr ? Trie::newest(*parent) : nullptr;
  if (above == nullptr) return ErrorCode::no_node;
  if (!permits(*above, proto::perm_create)) return ErrorCode::no_auth;
  const std::int32_t counter = above->create_counter();
  path = is_sequential(asked.flags) ? keep_with_counter(*asked.path, counter)
                                    : out_->text.keep(*asked.path);
  if (!proto::is_valid_path(path)) return ErrorCode::bad_arguments;
  Znode* there = trie_.find(path);
  if (there != nullptr && Trie::newest(*there) != nullptr) return ErrorCode::node_exists;
  if (owner_kind(above->owner()) == OwnerKind::session)
    return ErrorCode::no_children_for_ephemerals;
  const auto data_bytes = static_cast<std::int64_t>(asked.data ? asked.data->size() : 0);
  if (const ErrorCode err = check_quota(path, 1, data_bytes); err != ErrorCode::ok) return err;
  if (path.starts_with(proto::quota_path)) made_quota_node_ = true;

  Step step;
  step.kind = StepKind::create_node;
  step.path = path;
  if (asked.data) step.data = out_->text.keep(*asked.data);
  const Acl* acl = keep_acl(acl_);
  step.acl = acl->entries();
  step.owner = owner;
  // The counter stops rather than wraps: a name that was given is never given again.
  step.create_counter = counter == INT32_MAX ? counter : counter + 1;
  node = apply(
      step,
      {.parent = parent, .node = there, .name = path.substr(split->parent.size() + 1), .acl = acl});
  add_event(proto::EventType::node_created, path, *node);
  add_event(proto::EventType::node_children_changed, parent_path(path), *parent);
  return ErrorCode::ok;
}

/// Who owns the node that these flags ask for, or why they ask for none. A plain create with the
/// container flag makes a persistent node and createContainer makes a container whatever the flags,
/// as in ZooKeeper.
proto::ErrorCode Preparation::owner_of_create(const Create& asked, std::int64_t& owner) const {
  if (asked.flags < 0 || asked.flags > flag_ttl_sequential) return ErrorCode::bad_arguments;
  const bool with_ttl = asked.flags == flag_ttl || asked.flags == flag_ttl_sequential;
  if (with_ttl && !options_.extended_types_enabled) return ErrorCode::unimplemented;
  if (with_ttl != (asked.op == OpCode::create_ttl)) return ErrorCode::bad_arguments;
  if (with_ttl) {
    if (asked.ttl_ms < 1 || asked.ttl_ms > ttl_ms_max) return ErrorCode::bad_arguments;
    owner = owner_of_ttl(asked.ttl_ms);
  } else if (asked.op == OpCode::create_container) {
    owner = owner_container;
  } else if (asked.flags == flag_ephemeral || asked.flags == flag_ephemeral_sequential) {
    owner = request_->session.value;
  } else {
    owner = 0;
  }
  return ErrorCode::ok;
}

/// The path with the counter as ZooKeeper's "%010d" behind it.
std::string_view Preparation::keep_with_counter(std::string_view path, std::int32_t counter) {
  constexpr std::size_t suffix_bytes_max = 11;  // "-2147483648"
  std::array<char, suffix_bytes_max + 1> suffix;
  const int length = std::snprintf(suffix.data(), suffix.size(), "%010d", counter);
  CHECK(length >= 10);
  CHECK(static_cast<std::size_t>(length) <= suffix_bytes_max);
  const std::size_t suffix_bytes = static_cast<std::size_t>(length);
  char* at = out_->text.take(path.size() + suffix_bytes);
  if (!path.empty()) std::memcpy(at, path.data(), path.size());
  std::memcpy(at + path.size(), suffix.data(), suffix_bytes);
  return {at, path.size() + suffix_bytes};
}

}  // namespace paddock::core
