#include "core/digest.h"

#include <xxhash.h>

#include <bit>

#include "core/base/check.h"

namespace paddock::core {
namespace {

static_assert(std::endian::native == std::endian::little, "terms are hashed as they lie in memory");

struct SessionDigest {
  std::int64_t id = 0;
  std::int32_t timeout_ms = 0;
  std::int32_t zero = 0;
  std::byte password[16] = {};
};
static_assert(sizeof(SessionDigest) == 32, "hashed as it lies in memory: no padding");

}  // namespace

std::uint64_t digest_of(const NodeDigest& node) { return XXH3_64bits(&node, sizeof(node)); }

std::uint64_t digest_of_session(SessionId id, std::int32_t timeout_ms, Bytes password) {
  SessionDigest term{.id = id.value, .timeout_ms = timeout_ms};
  CHECK(password.size() == sizeof(term.password));
  std::memcpy(term.password, password.data(), password.size());
  return XXH3_64bits(&term, sizeof(term));
}

}  // namespace paddock::core
