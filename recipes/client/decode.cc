#include "recipes/client/decode.h"

#include "recipes/client/chroot.h"

namespace paddock::client {
namespace {

std::string owned(const proto::Ustring& text) { return std::string(text.value_or("")); }

std::vector<std::string> owned(const proto::Vector<proto::Ustring>& texts) {
  std::vector<std::string> strings;
  strings.reserve(texts.items.size());
  for (const proto::Ustring& text : texts.items) strings.push_back(owned(text));
  return strings;
}

NodeData to_node_data(const proto::DataReply& reply) {
  return {.data = reply.data ? std::string(as_text(*reply.data)) : std::string(),
          .stat = to_stat(reply.stat),
          .is_null = !reply.data};
}

template <class Record>
Record read(ReplyBody body) {
  Record record;
  body.in.read(record);
  return record;
}

std::string path_of(const proto::Ustring& path, std::string_view chroot) {
  return client_path(path.value_or(""), chroot);
}

/// Calls take(result) for each result; fails the reader unless there are `op_count`.
template <class Take>
void read_results(proto::Reader& in, std::size_t op_count, Take take) {
  std::size_t count = 0;
  for (proto::MultiReader walk(in); auto header = walk.next(); ++count) {
    proto::MultiResult result;
    proto::read_multi_result(in, *header, result);
    if (!in.ok()) return;
    take(result);
  }
  if (in.ok() && count != op_count) in.fail_with(proto::DecodeError::bad_length);
}

/// An error result whose code is ok stands before the operation that failed: not its own fault.
Error error_of(const proto::MultiResult& result) {
  return static_cast<Error>(static_cast<std::int32_t>(result.err));
}

}  // namespace

Stat to_stat(const proto::Stat& stat) {
  return {.czxid = stat.czxid,
          .mzxid = stat.mzxid,
          .ctime_ms = stat.ctime_ms,
          .mtime_ms = stat.mtime_ms,
          .version = stat.version,
          .cversion = stat.cversion,
          .aversion = stat.aversion,
          .ephemeral_owner = SessionId{stat.ephemeral_owner},
          .data_length = stat.data_length,
          .num_children = stat.num_children,
          .pzxid = stat.pzxid};
}

Created read_created(ReplyBody body, bool with_stat) {
  if (!with_stat) return {path_of(read<proto::PathReply>(body).path, body.chroot), {}};
  const auto reply = read<proto::PathStatReply>(body);
  return {path_of(reply.path, body.chroot), to_stat(reply.stat)};
}

Stat read_stat(ReplyBody body) { return to_stat(read<proto::StatReply>(body).stat); }

NodeData read_node_data(ReplyBody body) { return to_node_data(read<proto::DataReply>(body)); }

Children read_children(ReplyBody body) {
  const auto reply = read<proto::NamesStatReply>(body);
  return {owned(reply.names), to_stat(reply.stat)};
}

std::vector<std::string> read_names(ReplyBody body) {
  return owned(read<proto::NamesReply>(body).names);
}

std::vector<std::string> read_paths(ReplyBody body) {
  std::vector<std::string> paths = read_names(body);
  for (std::string& path : paths) path = client_path(path, body.chroot);
  return paths;
}

AclList read_acl_list(ReplyBody body) {
  const auto reply = read<proto::AclReply>(body);
  AclList list{.acl = {}, .stat = to_stat(reply.stat)};
  for (const proto::Acl& acl : reply.acl.items)
    list.acl.push_back({.perms = acl.perms, .scheme = owned(acl.scheme), .id = owned(acl.id)});
  return list;
}

std::vector<Identity> read_identities(ReplyBody body) {
  const auto reply = read<proto::WhoAmIReply>(body);
  std::vector<Identity> identities;
  for (const proto::ClientIdentity& identity : reply.identities.items)
    identities.push_back({.scheme = owned(identity.scheme), .user = owned(identity.user)});
  return identities;
}

std::int32_t read_count(ReplyBody body) { return read<proto::CountReply>(body).count; }

MultiResult read_multi(ReplyBody body, std::size_t op_count) {
  MultiResult multi;
  read_results(body.in, op_count, [&](const proto::MultiResult& result) {
    OpResult& one = multi.results.emplace_back();
    one.error = error_of(result);
    if (const auto* path = std::get_if<proto::PathReply>(&result.body))
      one.value = Created{path_of(path->path, body.chroot), {}};
    if (const auto* created = std::get_if<proto::PathStatReply>(&result.body))
      one.value = Created{path_of(created->path, body.chroot), to_stat(created->stat)};
    if (const auto* stat = std::get_if<proto::StatReply>(&result.body))
      one.value = to_stat(stat->stat);
  });
  return multi;
}

std::vector<ReadResult> read_multi_read(ReplyBody body, std::size_t op_count) {
  std::vector<ReadResult> results;
  read_results(body.in, op_count, [&](const proto::MultiResult& result) {
    ReadResult& one = results.emplace_back();
    one.error = error_of(result);
    if (const auto* data = std::get_if<proto::DataReply>(&result.body))
      one.value = to_node_data(*data);
    if (const auto* names = std::get_if<proto::NamesReply>(&result.body))
      one.value = owned(names->names);
  });
  return results;
}

}  // namespace paddock::client
