// A snapshot file of any content is read to its end or refused with a place in it. The first byte
// of the input says whether checksums are made right before reading, which a fuzzer could not
// guess; the rest is the file.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "tests/sim/sim_disk.h"
#include "wal/snapshot_reader.h"

namespace paddock::wal {
namespace {

template <class Struct>
std::uint32_t make_right(std::vector<std::byte>& file, std::size_t offset) {
  const std::uint32_t crc = crc32c({file.data() + offset, offsetof(Struct, crc)});
  std::memcpy(file.data() + offset + offsetof(Struct, crc), &crc, sizeof crc);
  return crc;
}

/// Checksums and the numbers that tie the parts together, as far as chunks can be told.
void make_checksums_right(std::vector<std::byte>& file) {
  file.resize((file.size() / 4096 + 1) * 4096);
  std::uint32_t previous = make_right<SnapshotHeader>(file, 0);
  const std::size_t footer_at = file.size() - sizeof(SnapshotFooter);
  std::size_t offset = sizeof(SnapshotHeader);
  while (offset + sizeof(SnapshotChunkHeader) <= footer_at) {
    SnapshotChunkHeader header;
    std::memcpy(&header, file.data() + offset, sizeof header);
    const std::uint64_t end = chunk_end(offset, header.payload_bytes);
    if (header.magic != snapshot_chunk_magic || header.payload_bytes == 0 || end > footer_at) break;
    header.previous = previous;
    std::memcpy(file.data() + offset, &header, sizeof header);
    header.crc = crc32c({file.data() + offset, offsetof(SnapshotChunkHeader, crc)});
    const std::size_t payload_at = offset + sizeof header;
    header.crc = crc32c({file.data() + payload_at, end - payload_at}, header.crc);
    std::memcpy(file.data() + offset, &header, sizeof header);
    previous = header.crc;
    offset = end;
  }
  SnapshotFooter footer;
  std::memcpy(&footer, file.data() + footer_at, sizeof footer);
  footer.magic = snapshot_footer_magic;
  footer.version = snapshot_version;
  std::memcpy(&footer.zxid, file.data() + offsetof(SnapshotHeader, zxid), sizeof footer.zxid);
  footer.file_bytes = file.size();
  footer.chunks_end = offset;
  footer.previous = previous;
  std::memcpy(file.data() + footer_at, &footer, sizeof footer);
  make_right<SnapshotFooter>(file, footer_at);
}

/// Looks at every byte that the chunk promises.
std::uint64_t touch(const fbs::SnapshotChunk& chunk, std::uint64_t* nodes,
                    std::uint64_t* sessions) {
  std::uint64_t sum = 0;
  if (chunk.nodes() != nullptr) {
    for (const fbs::Node* node : *chunk.nodes()) {
      *nodes += 1;
      CHECK(node->path()->Get(0) == '/');
      for (const char c : *node->path()) sum += static_cast<unsigned char>(c);
      if (node->data() != nullptr)
        for (const std::uint8_t byte : *node->data()) sum += byte;
      const auto* acl = chunk.acls()->Get(node->stat()->acl_index())->entries();
      if (acl != nullptr)
        for (const fbs::AclEntry* entry : *acl)
          sum += entry->scheme()->size() + entry->id()->size();
    }
  }
  if (chunk.sessions() != nullptr) {
    for (const fbs::Session* session : *chunk.sessions()) {
      *sessions += 1;
      CHECK(session->id() != 0);
      CHECK(session->password()->size() == session_password_bytes);
    }
  }
  return sum;
}

}  // namespace
}  // namespace paddock::wal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace paddock;
  using namespace paddock::wal;
  if (size == 0) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> file(begin + 1, begin + size);
  if (data[0] % 2 == 1) make_checksums_right(file);
  const std::size_t file_bytes = file.size();
  const std::string path = "./file";
  sim::SimDisk disk;
  disk.put(path, std::move(file));

  auto reader = SnapshotReader::open(disk, path);
  std::uint64_t nodes = 0, sessions = 0;
  while (reader) {
    auto chunk = (*reader)->next();
    if (!chunk) {
      CHECK(chunk.error().offset <= file_bytes);
      CHECK(!chunk.error().reason.empty());
      break;
    }
    if (*chunk == nullptr) {
      CHECK(nodes == (*reader)->footer().node_count);
      CHECK(sessions == (*reader)->footer().session_count);
      break;
    }
    touch(**chunk, &nodes, &sessions);
  }
  if (!reader) CHECK(reader.error().offset <= file_bytes);
  return 0;
}
