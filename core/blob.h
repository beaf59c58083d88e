#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <new>

#include "core/base/bytes.h"

namespace paddock::core {

inline std::uint64_t hash_bytes(Bytes bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

/// Data too long to lie in a version, shared by the versions of a node that have the same. The
/// length is in the versions; the hash is stored so that a change of the node's children does not
/// read the data again. Internal to the trie.
///
/// Threads: one writer, readers under an epoch.
struct Blob {
  std::uint64_t hash;
  std::uint32_t references;  ///< versions that have it; writer only

  static constexpr std::size_t header_bytes = 12;
  const std::byte* bytes() const { return reinterpret_cast<const std::byte*>(this) + header_bytes; }
  static Blob* make(Bytes data) {
    void* memory = ::operator new(header_bytes + data.size());
    Blob* blob = new (memory) Blob{hash_bytes(data), 1};
    std::memcpy(static_cast<std::byte*>(memory) + header_bytes, data.data(), data.size());
    return blob;
  }
  void release() {
    if (--references == 0) ::operator delete(this);
  }
};

}  // namespace paddock::core
