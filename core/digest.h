#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/types.h"

/// The terms of the state digest: a sum modulo 2^64 of one hash per node and one per session. A sum
/// has no order, so it can be kept up to date by subtracting the old term of what changed and
/// adding the new one, and anybody can compute it from a snapshot in any order. The exact bytes are
/// frozen; docs/digest.md lists them for those who compute it without this code.
namespace paddock::core {

/// What a node's term is computed from.
struct NodeDigest {
  std::uint64_t path_hash = 0;  ///< Znode::path_hash()
  std::int64_t czxid = 0;
  std::int64_t mzxid = 0;
  std::int64_t pzxid = 0;
  std::int64_t ctime_ms = 0;
  std::int64_t mtime_ms = 0;
  std::int64_t owner = 0;  ///< as stored, container and TTL encodings included
  std::int32_t version = 0;
  std::int32_t aversion = 0;
  std::int32_t create_counter = 0;
  std::int32_t num_children = 0;
  std::int32_t data_length = -1;  ///< -1 = null data
  std::int32_t zero = 0;
  std::uint64_t data_hash = 0;  ///< Version::data_hash()
  std::uint64_t acl_hash = 0;   ///< Acl::hash()
};
static_assert(sizeof(NodeDigest) == 96, "hashed as it lies in memory: no padding");

std::uint64_t digest_of(const NodeDigest& node);
/// REQUIRES: 16 bytes of password.
std::uint64_t digest_of_session(SessionId id, std::int32_t timeout_ms, Bytes password);

}  // namespace paddock::core
