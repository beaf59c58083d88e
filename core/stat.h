#pragma once

#include "core/owner.h"
#include "core/proto/reply_records.h"
#include "core/znode.h"

namespace paddock::core {

/// A version as clients see it: cversion counts creations and deletions of children, and only
/// ephemerals have an owner.
inline proto::Stat stat_of(const Version& version) {
  const auto created = static_cast<std::uint32_t>(version.create_counter());
  const auto children = static_cast<std::uint32_t>(version.num_children());
  return {
      .czxid = Zxid{version.czxid},
      .mzxid = Zxid{version.mzxid()},
      .ctime_ms = version.ctime_ms,
      .mtime_ms = version.mtime_ms,
      .version = version.version,
      .cversion = static_cast<std::int32_t>(2 * created - children),
      .aversion = version.aversion(),
      .ephemeral_owner = owner_shown(version.owner()),
      .data_length = version.data_length(),
      .num_children = version.num_children(),
      .pzxid = Zxid{version.pzxid()},
  };
}

}  // namespace paddock::core
