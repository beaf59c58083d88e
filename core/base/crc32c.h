#pragma once

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace paddock {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, by ISA-L, which uses the processor's
/// instruction where there is one. `before` is the CRC of what stands in front of them, so that
/// crc32c(b, crc32c(a)) = crc32c(a then b). Threads: any.
inline std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0) {
  constexpr std::size_t part_bytes_max = std::size_t{1} << 30;  // ISA-L counts in int
  std::uint32_t state = ~before;
  while (!bytes.empty()) {
    Bytes part = bytes.first(std::min(bytes.size(), part_bytes_max));
    // ISA-L takes a pointer to mutable bytes and only reads them.
    auto* at = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(part.data()));
    state = crc32_iscsi(at, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return ~state;
}

}  // namespace paddock
