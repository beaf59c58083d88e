#include "core/read.h"

#include <string>
#include <utility>

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

ErrorCode SlicedRead::start(Kind kind, const ReadView& view, std::string_view path) {
  const Found found = find(view, path, proto::perm_read);
  if (found.err != ErrorCode::ok) return found.err;
  kind_ = kind;
  snapshot_ = view.snapshot;
  version_ = found.version;
  is_begun_ = false;
  count_ = 0;
  walks_.clear();
  walks_.emplace_back(*found.node, snapshot_);
  return ErrorCode::ok;
}

bool SlicedRead::step(std::size_t budget, ByteBuffer& out) {
  proto::Writer reply(out);
  return kind_ == Kind::all_children_number ? count_all(budget, reply) : list_names(budget, reply);
}

bool SlicedRead::list_names(std::size_t budget, proto::Writer& reply) {
  if (!std::exchange(is_begun_, true))
    reply.count(static_cast<std::size_t>(version_->num_children()));
  ChildWalk walk = walks_.back();  // a copy, for registers
  for (; budget != 0; --budget) {
    const Znode* child = walk.next();
    if (child == nullptr) {
      CHECK(count_ == version_->num_children());
      if (kind_ == Kind::children2) reply.write(stat_of(*version_));
      return true;
    }
    ++count_;
    reply.text(child->name());
  }
  walks_.back() = walk;
  return false;
}

bool SlicedRead::count_all(std::size_t budget, proto::Writer& reply) {
  for (; !walks_.empty(); --budget) {
    if (budget == 0) return false;
    const Znode* child = walks_.back().next();
    if (child == nullptr) {
      walks_.pop_back();
      continue;
    }
    ++count_;
    if (Trie::visible(*child, snapshot_)->num_children() != 0)
      walks_.emplace_back(*child, snapshot_);
  }
  reply.i32(count_);
  return true;
}

namespace {

ErrorCode read_whole(SlicedRead::Kind kind, const ReadView& view, std::string_view path,
                     ByteBuffer& out) {
  SlicedRead read;
  const ErrorCode err = read.start(kind, view, path);
  if (err == ErrorCode::ok) CHECK(read.step(SIZE_MAX, out));
  return err;
}

}  // namespace

ErrorCode read_children(const ReadView& view, std::string_view path, bool with_stat,
                        ByteBuffer& out) {
  return read_whole(with_stat ? SlicedRead::Kind::children2 : SlicedRead::Kind::children, view,
                    path, out);
}

ErrorCode read_all_children_number(const ReadView& view, std::string_view path, ByteBuffer& out) {
  return read_whole(SlicedRead::Kind::all_children_number, view, path, out);
}

WatchedNode read_watched(const ReadView& view, std::string_view path) {
  const Version* version = view.trie.find_visible(path, view.snapshot);
  if (version == nullptr) return {};
  return {.exists = true, .mzxid = Zxid{version->mzxid()}, .pzxid = Zxid{version->pzxid()}};
}

}  // namespace paddock::core
