#include "wal/reader.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "core/base/crc32c.h"
#include "tests/unit/wal/log_files.h"
#include "tests/unit/wal/log_harness.h"

namespace paddock::wal {
namespace {

using Found = SegmentReader::Found;
constexpr Zxid z(std::int64_t value) { return Zxid{value}; }

struct World : LogHarness {
  LogFiles files{disk};
  SegmentReader open_reader() {
    auto reader = SegmentReader::open(disk, files.path());
    EXPECT_TRUE(reader);
    return *std::move(reader);
  }
  Found found_at(std::uint64_t block) { return open_reader().read(block * block_bytes)->found; }
};

TEST(SegmentReader, RecordsComeAsTheyWereWritten) {
  World w;
  const std::string wide(3 * block_bytes, 'w');
  w.files.segment(z(1)).batch("a", 2).batch(wide).mark();
  SegmentReader reader = w.open_reader();
  auto record = reader.read(0);
  ASSERT_EQ(Found::batch, record->found);
  EXPECT_EQ("a", as_text(record->payload));
  EXPECT_EQ(z(1), record->header.first);
  EXPECT_EQ(2u, record->header.count);
  EXPECT_EQ(block_bytes, record->bytes);
  record = reader.read(record->bytes);
  ASSERT_EQ(Found::batch, record->found);
  EXPECT_EQ(wide, as_text(record->payload));
  EXPECT_EQ(0u, reinterpret_cast<std::uintptr_t>(record->payload.data()) % 8);
  EXPECT_EQ(4 * block_bytes, record->bytes);
  record = reader.read(5 * block_bytes);
  EXPECT_EQ(Found::mark, record->found);
  EXPECT_EQ(z(4), record->header.first);
  EXPECT_EQ(Found::blank, reader.read(6 * block_bytes)->found);
  EXPECT_EQ(Found::full, reader.read(16 * block_bytes)->found);
  EXPECT_EQ(Found::full, reader.read(100 * block_bytes)->found);
}

TEST(SegmentReader, EveryFlippedBitOfAHeaderAndOfAPayloadIsFound) {
  const std::string payload = "some payload";
  for (std::uint64_t bit = 0; bit < (header_bytes + payload.size()) * 8; ++bit) {
    World w;
    w.files.segment(z(1), 2).batch(payload);
    w.disk.flip(w.files.path(), bit / 8, std::byte{1} << (bit % 8));
    const Found found = w.found_at(0);
    EXPECT_EQ(bit / 8 < header_bytes ? Found::bad_header : Found::bad_payload, found) << bit;
  }
}

TEST(SegmentReader, TheZerosBehindAPayloadAreNotCovered) {
  World w;
  w.files.segment(z(1), 2).batch("a");
  w.disk.flip(w.files.path(), 100);
  EXPECT_EQ(Found::batch, w.found_at(0));
}

TEST(SegmentReader, APayloadThatTheFileIsTooShortForIsBad) {
  World w;
  w.files.segment(z(1)).batch(std::string(5000, 'x')).move(-1).cut();
  EXPECT_EQ(block_bytes, w.open_reader().bytes());
  EXPECT_EQ(Found::bad_payload, w.found_at(0));
}

TEST(SegmentReader, ALengthBeyondTheFileIsBadAndNothingIsAllocatedForIt) {
  World w;
  w.files.segment(z(1), 2).batch("a");
  BatchHeader header;
  header.log_id = LogHarness::log_id;
  header.first = z(1);
  header.count = 1;
  header.payload_bytes = 1u << 30;
  header.header_crc = crc32c({reinterpret_cast<const std::byte*>(&header), 60});
  std::vector<std::byte> bytes(2 * block_bytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  w.disk.put(w.files.path(), bytes);
  EXPECT_EQ(Found::bad_payload, w.found_at(0));
}

TEST(SegmentReader, FieldsThatDoNotFitTogetherAreABadHeaderWithAnyChecksum) {
  auto found = [](auto change) {
    World w;
    w.files.segment(z(1), 2);
    BatchHeader header;
    header.first = z(1);
    header.count = 1;
    change(header);
    header.header_crc = crc32c({reinterpret_cast<const std::byte*>(&header), 60});
    std::vector<std::byte> bytes(2 * block_bytes);
    std::memcpy(bytes.data(), &header, sizeof header);
    w.disk.put(w.files.path(), bytes);
    return w.found_at(0);
  };
  EXPECT_EQ(Found::batch, found([](BatchHeader&) {}));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.first = z(0); }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.first = z(-1); }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.durable = z(-1); }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.flags = flag_end; }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.flags = 4; }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) { h.count = 0; }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) {
              h.count = 0;
              h.flags = flag_end | flag_continued;
            }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) {
              h.count = 0;
              h.flags = flag_end;
              h.payload_bytes = 1;
            }));
  EXPECT_EQ(Found::bad_header, found([](BatchHeader& h) {
              h.first = Zxid{INT64_MAX};  // of the last epoch there is
              h.count = 2;
            }));
  EXPECT_EQ(Found::newer, found([](BatchHeader& h) {
              h.version = format_version + 1;
              h.count = 0;
            }));
}

TEST(SegmentReader, AFileThatIsNoMultipleOfABlockIsReadToItsLastWholeOne) {
  World w;
  w.files.segment(z(1)).batch("a").batch("b");
  auto bytes = w.disk.contents(w.files.path());
  bytes.resize(block_bytes + 100);
  w.disk.put(w.files.path(), bytes);
  EXPECT_EQ(block_bytes, w.open_reader().bytes());
  EXPECT_EQ(Found::full, w.found_at(1));
  w.disk.put(w.files.path(), {});
  EXPECT_EQ(Found::full, w.found_at(0));
}

TEST(SegmentReader, BlocksTellWhereTheirLastByteIs) {
  World w;
  w.files.segment(z(1)).batch("a").garbage(512).end();
  SegmentReader reader = w.open_reader();
  EXPECT_EQ(HeaderState::batch, reader.read_block(0)->state);
  EXPECT_EQ(header_bytes + 1, reader.read_block(0)->end_bytes);
  EXPECT_EQ(HeaderState::blank, reader.read_block(block_bytes)->state);
  EXPECT_EQ(block_bytes, reader.read_block(block_bytes)->end_bytes);
  EXPECT_EQ(HeaderState::end, reader.read_block(2 * block_bytes)->state);
  EXPECT_EQ(0u, reader.read_block(3 * block_bytes)->end_bytes);
}

TEST(SegmentReader, ErrorsOfTheDiskNameFileAndOffset) {
  using Kind = sim::SimDisk::Kind;
  World w;
  w.files.segment(z(1)).batch("a");
  for (Kind kind : {Kind::open, Kind::size}) {
    w.disk.inject({.kind = kind, .error = EACCES});
    const auto reader = SegmentReader::open(w.disk, w.files.path());
    ASSERT_FALSE(reader);
    EXPECT_EQ(w.files.path(), reader.error().file);
  }
  SegmentReader reader = w.open_reader();
  w.disk.inject({.kind = Kind::read, .error = EIO});
  const auto record = reader.read(0);
  ASSERT_FALSE(record);
  EXPECT_NE(std::string::npos, record.error().reason.find("Input/output error"));
  EXPECT_EQ(Found::batch, reader.read(0)->found) << "the next attempt reads again";
}

}  // namespace
}  // namespace paddock::wal
