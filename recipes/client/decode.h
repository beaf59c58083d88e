#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/proto/records.h"
#include "recipes/client/types.h"

/// From the protocol's records, which borrow, to the values that callers keep. A malformed body
/// fails the reader and gives something unimportant. `chroot` is taken off the paths.
namespace paddock::client {

/// What each read_* is given.
struct ReplyBody {
  proto::Reader& in;
  std::string_view chroot;
};

Stat to_stat(const proto::Stat& stat);

Created read_created(ReplyBody body, bool with_stat);
Stat read_stat(ReplyBody body);
NodeData read_node_data(ReplyBody body);
Children read_children(ReplyBody body);
std::vector<std::string> read_names(ReplyBody body);
std::vector<std::string> read_paths(ReplyBody body);  ///< names that are paths
AclList read_acl_list(ReplyBody body);
std::vector<Identity> read_identities(ReplyBody body);
std::int32_t read_count(ReplyBody body);
/// A reply with another number of results than `op_count` is malformed.
MultiResult read_multi(ReplyBody body, std::size_t op_count);
std::vector<ReadResult> read_multi_read(ReplyBody body, std::size_t op_count);

}  // namespace paddock::client
