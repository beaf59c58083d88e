#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "wal/disk.h"
#include "wal/snapshot_reader.h"
#include "wal/snapshot_writer.h"

namespace paddock::wal {

/// Chunk payloads for tests: node i has the path "/n<i>" and `data_bytes` bytes of data, session i
/// the id i + 1.
struct ChunkSpec {
  int first_node = 0;
  int node_count = 0;
  std::size_t data_bytes = 0;
  int session_count = 0;
};

inline std::vector<std::byte> chunk_payload(const ChunkSpec& spec) {
  using flatbuffers::Offset;
  flatbuffers::FlatBufferBuilder builder;
  std::vector<Offset<fbs::AclEntry>> entries{
      fbs::CreateAclEntryDirect(builder, 31, "world", "anyone")};
  std::vector<Offset<fbs::AclList>> acls{fbs::CreateAclListDirect(builder, &entries)};
  std::vector<Offset<fbs::Node>> nodes;
  for (int i = spec.first_node; i < spec.first_node + spec.node_count; ++i) {
    const std::string path = "/n" + std::to_string(i);
    const std::vector<std::uint8_t> data(spec.data_bytes, static_cast<std::uint8_t>(i));
    const fbs::NodeStat stat(i, i, i, 1000 + i, 1000 + i, 0, 1, 2, 3, 0);
    nodes.push_back(fbs::CreateNodeDirect(builder, path.c_str(), &data, &stat));
  }
  std::vector<Offset<fbs::Session>> sessions;
  const std::vector<std::uint8_t> password(16, 7);
  for (int i = 0; i < spec.session_count; ++i)
    sessions.push_back(fbs::CreateSessionDirect(builder, i + 1, 4000, &password));
  builder.Finish(fbs::CreateSnapshotChunkDirect(builder, &acls, &nodes, &sessions));
  const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

inline Result<SnapshotWriter::Written, DiskFailure> write_snapshot(
    Disk& disk, const std::string& dir, Zxid zxid, const std::vector<ChunkSpec>& chunks,
    SnapshotWriter::End end = {.digest = 77, .log_chain = 88}) {
  SnapshotWriter writer(disk, dir);
  if (auto begun = writer.begin(zxid, 1234567); !begun) return fail(begun.error());
  for (const ChunkSpec& chunk : chunks)
    if (auto added = writer.add_chunk(chunk_payload(chunk)); !added) return fail(added.error());
  return writer.finish(end);
}

/// Reads all of it: the paths in file order, with data size, and the session ids.
struct SnapshotContents {
  std::vector<std::pair<std::string, std::size_t>> nodes;
  std::vector<std::int64_t> sessions;
  SnapshotFooter footer;
};

inline Result<SnapshotContents, Damage> read_snapshot(Disk& disk, const std::string& path) {
  auto reader = SnapshotReader::open(disk, path);
  if (!reader) return fail(reader.error());
  SnapshotContents contents;
  contents.footer = (*reader)->footer();
  for (;;) {
    auto chunk = (*reader)->next();
    if (!chunk) return fail(chunk.error());
    if (*chunk == nullptr) return contents;
    for (const fbs::Node* node : *(*chunk)->nodes()) {
      const auto* data = node->data();
      const bool is_right = std::all_of(data->begin(), data->end(),
                                        [&](std::uint8_t byte) { return byte == data->Get(0); });
      contents.nodes.emplace_back(node->path()->str(), is_right ? data->size() : SIZE_MAX);
    }
    for (const fbs::Session* session : *(*chunk)->sessions())
      contents.sessions.push_back(session->id());
  }
}

}  // namespace paddock::wal
