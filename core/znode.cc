#include "core/znode.h"

#include "core/blob.h"

namespace paddock::core {

std::optional<Bytes> Version::data() const {
  if (!has_data()) return std::nullopt;
  if (length() > data_inline_max) return Bytes(blob()->bytes(), length());
  return Bytes(tail(), length());
}

std::uint64_t Version::data_hash() const {
  if (!has_data()) return 0;
  if (length() > data_inline_max) return blob()->hash;
  return hash_bytes(*data());
}

void Version::set_acl(const Acl* to) {
  if (to != nullptr) to->retain();
  if (acl != nullptr) acl->release();
  acl = to;
}

}  // namespace paddock::core
