#include "wal/snapshot_reader.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/base/crc32c.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/wal/snapshot_fixture.h"

namespace paddock::wal {
namespace {

using sim::SimDisk;

const std::string path = "./0000000000000009.snap";

std::vector<std::byte> small_snapshot(Zxid zxid = Zxid{9}, int first_node = 0) {
  SimDisk disk;
  const auto written =
      write_snapshot(disk, ".", zxid,
                     {{.first_node = first_node, .node_count = 2, .data_bytes = 10},
                      {.first_node = first_node + 2, .node_count = 1, .session_count = 1}});
  EXPECT_TRUE(written);
  return disk.contents(written->file.path);
}

Result<SnapshotContents, Damage> read_bytes(std::vector<std::byte> bytes) {
  SimDisk disk;
  disk.put(path, std::move(bytes));
  return read_snapshot(disk, path);
}

template <class Struct>
Struct get(const std::vector<std::byte>& bytes, std::size_t offset) {
  Struct value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Puts a changed struct back, with its checksum made right again.
template <class Struct>
void put(std::vector<std::byte>& bytes, std::size_t offset, Struct value) {
  value.crc = crc32c({reinterpret_cast<const std::byte*>(&value), offsetof(Struct, crc)});
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

std::size_t footer_at(const std::vector<std::byte>& bytes) {
  return bytes.size() - sizeof(SnapshotFooter);
}

TEST(SnapshotReader, EveryFlippedBitOfAFileIsFound) {
  const auto good = small_snapshot();
  ASSERT_TRUE(read_bytes(good));
  ASSERT_EQ(4096u, good.size());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto read = read_bytes(std::move(bad));
    ASSERT_FALSE(read) << "bit " << bit;
    EXPECT_EQ(path, read.error().file);
    EXPECT_LE(read.error().offset, bit / 8) << read.error().reason;
    EXPECT_FALSE(read.error().reason.empty());
  }
}

TEST(SnapshotReader, AFileCutAtAnyOffsetIsFound) {
  const auto good = small_snapshot();
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(read_bytes({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
}

TEST(SnapshotReader, ALargerFileCutAtAnyBlockOrGrownIsFound) {
  SimDisk disk;
  ASSERT_TRUE(write_snapshot(disk, ".", Zxid{9}, {{.node_count = 90, .data_bytes = 1000}}));
  auto good = disk.contents(path);
  for (std::size_t size = 4096; size < good.size(); size += 4096) {
    const auto read = read_bytes({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    ASSERT_FALSE(read);
    EXPECT_EQ("no footer at the end of the file: it was cut off or never finished",
              read.error().reason);
  }
  good.resize(good.size() + 4096);
  EXPECT_FALSE(read_bytes(good));
}

TEST(SnapshotReader, ALengthThatIsNoMultipleOfABlockSaysSo) {
  auto bytes = small_snapshot();
  bytes.pop_back();
  const auto read = read_bytes(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ("the file has 4095 bytes, a snapshot a multiple of 4096: it was cut off or is not one",
            read.error().reason);
  EXPECT_EQ(4095u, read.error().offset);
}

TEST(SnapshotReader, AnotherVersionIsRefusedByItsNumber) {
  auto bytes = small_snapshot();
  auto header = get<SnapshotHeader>(bytes, 0);
  header.version = 2;
  put(bytes, 0, header);
  const auto read = read_bytes(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(
      "snapshot format version 2 is not known, this program reads 1: use the program that wrote it",
      read.error().reason);

  bytes = small_snapshot();
  auto footer = get<SnapshotFooter>(bytes, footer_at(bytes));
  footer.version = 2;
  put(bytes, footer_at(bytes), footer);
  EXPECT_FALSE(read_bytes(bytes));
}

TEST(SnapshotReader, AFileUnderAnotherNameIsRefused) {
  const auto read = read_bytes(small_snapshot(Zxid{8}));
  ASSERT_FALSE(read);
  EXPECT_EQ("the header is of the snapshot 0000000000000008.snap: the file was renamed",
            read.error().reason);
}

TEST(SnapshotReader, AChunkOfAnotherSnapshotIsNotTakenThoughItsChecksumIsRight) {
  auto bytes = small_snapshot();
  const auto other = small_snapshot(Zxid{9}, 5);
  ASSERT_EQ(bytes.size(), other.size());
  const auto first = get<SnapshotChunkHeader>(bytes, 64);
  const auto begin = static_cast<std::ptrdiff_t>(chunk_end(64, first.payload_bytes));
  const auto end =
      static_cast<std::ptrdiff_t>(get<SnapshotFooter>(bytes, footer_at(bytes)).chunks_end);
  std::copy(other.begin() + begin, other.begin() + end, bytes.begin() + begin);
  const auto read = read_bytes(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ("the chunk does not follow the one before it", read.error().reason);
  EXPECT_EQ(static_cast<std::uint64_t>(begin), read.error().offset);
}

/// Changes the footer, keeps its checksum right, and says what the reader finds.
template <class Change>
std::string with_footer(Change change) {
  auto bytes = small_snapshot();
  auto footer = get<SnapshotFooter>(bytes, footer_at(bytes));
  change(footer);
  put(bytes, footer_at(bytes), footer);
  const auto read = read_bytes(bytes);
  return read ? "" : read.error().reason;
}

TEST(SnapshotReader, AFooterThatContradictsTheFileIsRefusedInSpiteOfItsChecksum) {
  EXPECT_EQ("", with_footer([](auto&) {}));
  EXPECT_EQ("the snapshot holds 3 nodes and its footer says 4",
            with_footer([](auto& footer) { footer.node_count = 4; }));
  EXPECT_EQ("the snapshot holds 1 sessions and its footer says 0",
            with_footer([](auto& footer) { footer.session_count = 0; }));
  EXPECT_EQ("the snapshot holds 2 chunks and its footer says 1",
            with_footer([](auto& footer) { footer.chunk_count = 1; }));
  EXPECT_EQ("the footer does not follow the last chunk",
            with_footer([](auto& footer) { footer.previous ^= 1; }));
  EXPECT_EQ("header and footer differ in zxid", with_footer([](auto& footer) { footer.zxid = 8; }));
  const char* lengths = "the footer's lengths do not fit the file's";
  EXPECT_EQ(lengths, with_footer([](auto& footer) { footer.file_bytes = 8192; }));
  for (std::uint64_t end : {std::uint64_t{0}, std::uint64_t{56}, std::uint64_t{4097},
                            std::uint64_t{3976}, std::uint64_t{1} << 63, ~std::uint64_t{7}})
    EXPECT_EQ(lengths, with_footer([=](auto& footer) { footer.chunks_end = end; })) << end;
  EXPECT_EQ("the chunk's length cannot be",
            with_footer([](auto& footer) { footer.chunks_end -= 8; }));
  EXPECT_EQ("no chunk where one begins",
            with_footer([](auto& footer) { footer.chunks_end += 64; }));
  EXPECT_EQ("the chunks do not end where the footer says",
            with_footer([](auto& footer) { footer.chunks_end += 8; }));
}

TEST(SnapshotReader, AChunkThatIsNoRecordIsRefusedInSpiteOfItsChecksum) {
  auto bytes = small_snapshot();
  auto header = get<SnapshotChunkHeader>(bytes, 64);
  const std::size_t end = chunk_end(64, header.payload_bytes);
  std::fill(bytes.begin() + 80, bytes.begin() + 84, std::byte{0xff});  // The root's offset.
  header.crc = crc32c({bytes.data() + 64, 12});
  header.crc = crc32c({bytes.data() + 80, end - 80}, header.crc);
  std::memcpy(bytes.data() + 64, &header, sizeof header);
  const auto read = read_bytes(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ("payload is not a well-formed record", read.error().reason);
  EXPECT_EQ(80u, read.error().offset);
}

TEST(SnapshotReader, AnAbsurdChunkLengthCostsNoMemory) {
  for (std::uint32_t length : {0u, 4096u, 1u << 30, (1u << 30) + 1, 0xffffffffu}) {
    auto bytes = small_snapshot();
    std::memcpy(bytes.data() + 68, &length, 4);
    const auto read = read_bytes(bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ("the chunk's length cannot be", read.error().reason);
  }
}

TEST(SnapshotReader, AReadErrorOfTheDiskIsDamageWithItsPlace) {
  SimDisk disk;
  ASSERT_TRUE(write_snapshot(disk, ".", Zxid{9},
                             {{.first_node = 0, .node_count = 1, .data_bytes = 3 << 20}}));
  ASSERT_TRUE(read_snapshot(disk, path));
  for (std::uint32_t skip = 0; skip < 6; ++skip) {
    disk.inject({.kind = SimDisk::Kind::read, .error = EIO, .skip = skip});
    const auto read = read_snapshot(disk, path);
    ASSERT_FALSE(read) << skip;
    EXPECT_EQ("cannot read " + path + ": Input/output error", read.error().reason);
  }
}

TEST(SnapshotReader, AMissingFileIsDamageByName) {
  SimDisk disk;
  const auto read = read_snapshot(disk, "./0000000000000001.snap");
  ASSERT_FALSE(read);
  EXPECT_EQ("cannot open ./0000000000000001.snap: No such file or directory", read.error().reason);
}

// The file of version 1 stays readable for ever, and is still what the writer writes.
TEST(SnapshotGolden, Version1ReadsAndIsWrittenTheSame) {
  const std::string name = "00000002000000a1.snap";
  std::ifstream file(std::string(PADDOCK_SOURCE_ROOT) + "/tests/golden/snapshot/v1_" + name,
                     std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty());
  const Bytes bytes = as_bytes(text);
  SimDisk disk;
  disk.put("./" + name, {bytes.begin(), bytes.end()});
  const auto read = read_snapshot(disk, "./" + name);
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ((std::vector<std::pair<std::string, std::size_t>>{
                {"/n0", 12}, {"/n1", 12}, {"/n2", 12}, {"/n7", 5000}}),
            read->nodes);
  EXPECT_EQ((std::vector<std::int64_t>{1, 2, 3}), read->sessions);
  EXPECT_EQ(0x1122334455667788u, read->footer.digest);
  EXPECT_EQ(0xcafef00du, read->footer.log_chain);
  EXPECT_EQ(make_zxid(2, 0xa1).value, read->footer.zxid);

  // Written again from the payloads as they are, since the builder of another FlatBuffers version
  // may lay out a record in its own way.
  SimDisk again;
  SnapshotWriter writer(again, ".");
  ASSERT_TRUE(writer.begin(make_zxid(2, 0xa1), 1234567));
  for (std::size_t offset = 64; offset < read->footer.chunks_end;) {
    SnapshotChunkHeader header;
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    std::vector<std::byte> payload(header.payload_bytes);
    std::memcpy(payload.data(), bytes.data() + offset + sizeof header, payload.size());
    ASSERT_TRUE(writer.add_chunk(payload));
    offset = chunk_end(offset, header.payload_bytes);
  }
  ASSERT_TRUE(writer.finish({.digest = 0x1122334455667788u, .log_chain = 0xcafef00du}));
  const auto& rewritten = again.contents("./" + name);
  EXPECT_EQ(text, as_text(rewritten));
}

}  // namespace
}  // namespace paddock::wal
