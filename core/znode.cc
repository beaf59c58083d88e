#include "core/znode.h"

#include "core/blob.h"

namespace paddock::core {

std::optional<Bytes> Version::data() const {
  if (data_length_ < 0) return std::nullopt;
  const auto length = static_cast<std::size_t>(data_length_);
  if (length > data_inline_max) return Bytes(blob()->bytes(), length);
  return Bytes(reinterpret_cast<const std::byte*>(this) + data_offset, length);
}

std::uint64_t Version::data_hash() const {
  if (data_length_ < 0) return 0;
  if (static_cast<std::size_t>(data_length_) > data_inline_max) return blob()->hash;
  return hash_bytes(*data());
}

void Version::set_acl(const Acl* to) {
  if (to != nullptr) to->retain();
  if (acl != nullptr) acl->release();
  acl = to;
}

}  // namespace paddock::core
