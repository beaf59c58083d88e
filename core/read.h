#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/identity.h"
#include "core/proto/codec.h"
#include "core/proto/protocol.h"
#include "core/trie.h"

/// Reads at a snapshot. Each appends the reply body behind the header to `out` when it returns ok,
/// and leaves `out` as it was otherwise. The checks are ZooKeeper's, in its order: the path,
/// whether the node is there, whether the caller may; a path that no node can have is a missing
/// node, and "" is the root. A null path is the caller's to refuse (marshalling_error). Threads:
/// any reader that holds a pin at `snapshot` and is inside an epoch.
namespace paddock::core {

struct ReadView {
  const Trie& trie;
  Zxid snapshot{};
  const IdentitySet& identities;
  bool skip_acl = false;
};

/// bad_arguments: a NUL in the path. no_auth: there, but not for the caller.
proto::ErrorCode read_exists(const ReadView& view, std::string_view path, ByteBuffer& out);
proto::ErrorCode read_get_data(const ReadView& view, std::string_view path, ByteBuffer& out);
/// Hashes of digest entries are shown to those only who have ADMIN.
proto::ErrorCode read_get_acl(const ReadView& view, std::string_view path, ByteBuffer& out);
/// getChildren and getChildren2 (`with_stat`). Names in no promised order.
proto::ErrorCode read_children(const ReadView& view, std::string_view path, bool with_stat,
                               ByteBuffer& out);
/// How many nodes are below the path.
proto::ErrorCode read_all_children_number(const ReadView& view, std::string_view path,
                                          ByteBuffer& out);

/// The reads that may take long, getChildren, getChildren2 and getAllChildrenNumber, in slices
/// (R16). Between steps the reader may announce quiescence, but must keep the pin at `snapshot`.
class SlicedRead {
 public:
  enum class Kind : std::uint8_t { children, children2, all_children_number };

  /// The checks, in ZooKeeper's order. On ok step() makes the reply body.
  proto::ErrorCode start(Kind kind, const ReadView& view, std::string_view path);
  /// Appends what up to `budget` nodes give to `out`; true when the body is complete.
  bool step(std::size_t budget, ByteBuffer& out);
  /// Of the node itself, after start().
  std::int32_t child_count() const { return version_->num_children(); }

 private:
  bool list_names(std::size_t budget, proto::Writer& reply);
  bool count_all(std::size_t budget, proto::Writer& reply);

  Kind kind_{};
  Zxid snapshot_{};
  const Version* version_ = nullptr;
  bool is_begun_ = false;
  std::int32_t count_ = 0;
  std::vector<ChildWalk> walks_;  ///< one for each level, rather than recursion
};

/// What setWatches needs to know of a node: whether it is there, and when it last changed. Asks for
/// no permission.
struct WatchedNode {
  bool exists = false;
  Zxid mzxid{};
  Zxid pzxid{};
};
WatchedNode read_watched(const ReadView& view, std::string_view path);

}  // namespace paddock::core
