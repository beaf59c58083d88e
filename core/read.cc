#include "core/read.h"

#include <string>
#include <vector>

#include "core/proto/paths.h"
#include "core/proto/records.h"
#include "core/stat.h"

namespace paddock::core {
namespace {

using proto::ErrorCode;

bool permits(const ReadView& view, const Version& version, std::int32_t needed) {
  return view.skip_acl || version.acl->permits(needed, view.identities);
}

/// A node that is there and open to the caller, or the error.
struct Found {
  ErrorCode err{};
  const Znode* node = nullptr;
  const Version* version = nullptr;
};

Found find(const ReadView& view, std::string_view path, std::int32_t needed) {
  const Znode* node = view.trie.find(path);
  const Version* version = node != nullptr ? Trie::visible(*node, view.snapshot) : nullptr;
  if (version == nullptr) return {.err = ErrorCode::no_node};
  if (!permits(view, *version, needed)) return {.err = ErrorCode::no_auth};
  return {.err = ErrorCode::ok, .node = node, .version = version};
}

}  // namespace

ErrorCode read_exists(const ReadView& view, std::string_view path, ByteBuffer& out) {
  if (proto::has_nul(path)) return ErrorCode::bad_arguments;
  const Found found = find(view, path, proto::perm_read);
  if (found.err == ErrorCode::ok) proto::Writer(out).write(stat_of(*found.version));
  return found.err;
}

ErrorCode read_get_data(const ReadView& view, std::string_view path, ByteBuffer& out) {
  const Found found = find(view, path, proto::perm_read);
  if (found.err != ErrorCode::ok) return found.err;
  proto::Writer reply(out);
  reply.buffer(found.version->data());
  reply.write(stat_of(*found.version));
  return ErrorCode::ok;
}

ErrorCode read_get_acl(const ReadView& view, std::string_view path, ByteBuffer& out) {
  const Found found = find(view, path, proto::perm_read | proto::perm_admin);
  if (found.err != ErrorCode::ok) return found.err;
  const bool is_admin = permits(view, *found.version, proto::perm_admin);
  proto::Writer reply(out);
  const std::span<const AclEntry> entries = found.version->acl->entries();
  reply.count(entries.size());
  std::string redacted;
  for (const AclEntry& entry : entries) {
    reply.i32(entry.perms);
    reply.ustring(entry.scheme);
    const std::size_t colon = entry.id.find(':');
    if (is_admin || entry.scheme != "digest" || colon == entry.id.npos) {
      reply.ustring(entry.id);
    } else {
      redacted.assign(entry.id, 0, colon).append(":x");
      reply.ustring(redacted);
    }
  }
  reply.write(stat_of(*found.version));
  return ErrorCode::ok;
}

ErrorCode read_children(const ReadView& view, std::string_view path, bool with_stat,
                        ByteBuffer& out) {
  const Found found = find(view, path, proto::perm_read);
  if (found.err != ErrorCode::ok) return found.err;
  proto::Writer reply(out);
  reply.count(static_cast<std::size_t>(found.version->num_children));
  ChildWalk walk(*found.node, view.snapshot);
  std::int32_t count = 0;
  while (const Znode* child = walk.next()) {
    reply.ustring(child->name());
    ++count;
  }
  CHECK(count == found.version->num_children);
  if (with_stat) reply.write(stat_of(*found.version));
  return ErrorCode::ok;
}

ErrorCode read_all_children_number(const ReadView& view, std::string_view path, ByteBuffer& out) {
  const Found found = find(view, path, proto::perm_read);
  if (found.err != ErrorCode::ok) return found.err;
  std::int32_t count = 0;
  std::vector<ChildWalk> walks;  // one for each level, rather than recursion
  walks.emplace_back(*found.node, view.snapshot);
  while (!walks.empty()) {
    const Znode* child = walks.back().next();
    if (child == nullptr) {
      walks.pop_back();
      continue;
    }
    ++count;
    if (Trie::visible(*child, view.snapshot)->num_children != 0)
      walks.emplace_back(*child, view.snapshot);
  }
  proto::Writer(out).i32(count);
  return ErrorCode::ok;
}

WatchedNode read_watched(const ReadView& view, std::string_view path) {
  const Version* version = view.trie.find_visible(path, view.snapshot);
  if (version == nullptr) return {};
  return {.exists = true, .mzxid = Zxid{version->mzxid}, .pzxid = Zxid{version->pzxid}};
}

}  // namespace paddock::core
