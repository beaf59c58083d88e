#pragma once

#include <string_view>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/identity.h"
#include "core/proto/protocol.h"
#include "core/trie.h"

/// Reads at a snapshot. Each appends the reply body behind the header to `out` when it returns ok, and
/// leaves `out` as it was otherwise. Order of checks: PROTOCOL section 8.2; odd paths: section 7.
/// Threads: any reader that holds a pin at `snapshot` and is inside an epoch.
namespace paddock::core {

struct ReadView {
  const Trie& trie;
  Zxid snapshot{};
  const IdentitySet& identities;
  bool skip_acl = false;
};

proto::ErrorCode read_exists(const ReadView& view, std::string_view path, ByteBuffer& out);
proto::ErrorCode read_get_data(const ReadView& view, std::string_view path, ByteBuffer& out);
proto::ErrorCode read_get_acl(const ReadView& view, std::string_view path, ByteBuffer& out);
/// getChildren and getChildren2 (`with_stat`). Names in no promised order.
proto::ErrorCode read_children(const ReadView& view, std::string_view path, bool with_stat,
                               ByteBuffer& out);
proto::ErrorCode read_all_children_number(const ReadView& view, std::string_view path,
                                          ByteBuffer& out);

/// What setWatches needs to know of a node: whether it is there, and when it last changed.
struct WatchedNode {
  bool exists = false;
  Zxid mzxid{};
  Zxid pzxid{};
};
WatchedNode read_watched(const ReadView& view, std::string_view path);

}  // namespace paddock::core
