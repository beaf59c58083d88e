#include "paddock/disk/lossy_disk.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "core/base/bytes.h"

namespace paddock {
namespace {

/// A directory, and one life of a process after the other on it: end_life() forgets what a power
/// cut would.
class LossyDiskTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(nullptr, mkdtemp(dir_.data())); }
  void TearDown() override {
    end_life();
    std::filesystem::remove_all(dir_);
  }

  void begin_life(std::uint64_t seed, bool syncs = true) {
    end_life();
    disk_ = std::move(*LossyDisk::open_own(
        std::make_shared<LossyFiles>(LossyOptions{.seed = seed, .syncs = syncs})));
  }
  void end_life() { disk_.reset(); }

  template <class Call>
  std::int64_t run(Call call) {
    std::int64_t answer = INT64_MIN;
    call([&](std::int64_t result) { answer = result; });
    while (answer == INT64_MIN) disk_->wait();
    return answer;
  }
  std::string at(const std::string& name) const { return dir_ + "/" + name; }
  wal::Disk::File open(const std::string& name) {
    const std::int64_t file =
        run([&](auto done) { disk_->open(at(name), {.create = true, .writable = true}, done); });
    EXPECT_GE(file, 0);
    return static_cast<wal::Disk::File>(file);
  }
  void write(wal::Disk::File file, std::uint64_t offset, const std::string& text,
             bool durable = false) {
    EXPECT_EQ(static_cast<std::int64_t>(text.size()),
              run([&](auto done) { disk_->write(file, offset, as_bytes(text), durable, done); }));
  }
  void sync(wal::Disk::File file) {
    EXPECT_EQ(0, run([&](auto done) { disk_->sync(file, done); }));
  }
  void sync_dir() {
    EXPECT_EQ(0, run([&](auto done) { disk_->sync_dir(dir_, done); }));
  }
  /// What is really there.
  std::string real(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(at(name)); }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
  }

  std::string dir_ = "./lossy_test.XXXXXX";
  std::unique_ptr<LossyDisk> disk_;
};

TEST_F(LossyDiskTest, R21_UnsyncedSectorsAreOldOrNewByACoin) {
  int none = 0, all = 0, some = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    put("f", std::string(8 * 512, 'o'));
    begin_life(seed);
    const auto file = open("f");
    write(file, 0, std::string(8 * 512, 'n'));
    end_life();
    const std::string got = real("f");
    ASSERT_EQ(8u * 512, got.size());
    int fresh = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const char first = got[i * 512];
      ASSERT_EQ(std::string(512, first), got.substr(i * 512, 512)) << "a torn sector";
      fresh += first == 'n';
    }
    none += fresh == 0;
    all += fresh == 8;
    some += fresh != 0 && fresh != 8;
  }
  EXPECT_GT(none, 0);
  EXPECT_GT(all, 0);
  EXPECT_GT(some, 0);
}

TEST_F(LossyDiskTest, R21_SyncedBytesUnderASyncedNameStay) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const std::string name = "f" + std::to_string(seed);
    begin_life(seed);
    const auto file = open(name);
    write(file, 0, std::string(3000, 'a'));
    sync(file);
    write(file, 3000, std::string(3000, 'b'), true);
    write(file, 100, std::string(50, 'c'), true);
    sync_dir();
    write(file, 0, std::string(9000, 'z'));
    end_life();
    const std::string got = real(name);
    ASSERT_GE(got.size(), 6000u);
    const std::string expected = std::string(100, 'a') + std::string(50, 'c') +
                                 std::string(2850, 'a') + std::string(3000, 'b');
    for (std::size_t i = 0; i < 6000; ++i) ASSERT_TRUE(got[i] == expected[i] || got[i] == 'z') << i;
  }
}

TEST_F(LossyDiskTest, R21_SyncingAFileDoesNotSyncItsName) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const std::string name = "f" + std::to_string(seed);
    begin_life(seed);
    write(open(name), 0, "text", true);
    end_life();
    lost += !exists(name);
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 12) << "some names reach the disk before they are asked to";
}

TEST_F(LossyDiskTest, R21_ARenameAndARemovalThatWereNotSyncedAreUndoneOrDone) {
  int undone = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    put("old", "old");
    put("new", "new");
    begin_life(seed);
    EXPECT_EQ(0, run([&](auto done) { disk_->rename(at("new"), at("old"), done); }));
    EXPECT_EQ(0, run([&](auto done) { disk_->remove(at("old"), done); }));
    end_life();
    if (exists("new")) {
      ++undone;
      EXPECT_EQ("old", real("old"));
    } else if (exists("old")) {
      EXPECT_EQ("new", real("old"));
    }
    std::filesystem::remove(at("old"));
    std::filesystem::remove(at("new"));
  }
  EXPECT_GT(undone, 0);
  EXPECT_LT(undone, 40);
}

TEST_F(LossyDiskTest, R21_AWrittenAsideFileThatWasSyncedAndRenamedIsWhole) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    put("snapshot", "old");
    begin_life(seed);
    const auto file = open("snapshot.tmp");
    write(file, 0, "brand new");
    sync(file);
    disk_->close(file);
    EXPECT_EQ(0, run([&](auto done) { disk_->rename(at("snapshot.tmp"), at("snapshot"), done); }));
    sync_dir();
    end_life();
    EXPECT_EQ("brand new", real("snapshot"));
    EXPECT_FALSE(exists("snapshot.tmp"));
  }
}

TEST_F(LossyDiskTest, R21_ACutThatWasSyncedDoesNotComeBackWithGrowth) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    put("f", std::string(4000, 'o'));
    begin_life(seed);
    const auto file = open("f");
    EXPECT_EQ(0, run([&](auto done) { disk_->truncate(file, 700, done); }));
    write(file, 2000, "x");
    sync(file);
    end_life();
    EXPECT_TRUE(std::string(700, 'o') + std::string(1300, '\0') + "x" == real("f"));
  }
}

TEST_F(LossyDiskTest, R21_WithSyncsOffWhatWasSyncedIsLost) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    put("f", "old");
    begin_life(seed, false);
    const auto file = open("f");
    write(file, 0, "new", true);
    sync(file);
    sync_dir();
    end_life();
    lost += real("f") == "old";
  }
  EXPECT_GT(lost, 2);
}

TEST_F(LossyDiskTest, R21_AFileThatWasClosedUnsyncedIsStillReadAsWritten) {
  begin_life(3);
  auto file = open("f");
  write(file, 0, "unsynced");
  disk_->close(file);
  EXPECT_EQ(0, run([&](auto done) { disk_->rename(at("f"), at("g"), done); }));
  file = open("g");
  std::string text(8, '?');
  EXPECT_EQ(8, run([&](auto done) {
              disk_->read(file, 0, {reinterpret_cast<std::byte*>(text.data()), 8}, done);
            }));
  EXPECT_EQ("unsynced", text);
}

/// The real thing: a process that acknowledges durable writes through a pipe, and SIGKILL.
TEST_F(LossyDiskTest, R21_AKilledProcessLosesNothingThatItAcknowledged) {
  constexpr std::size_t batch_bytes = 4096;
  for (std::uint64_t round = 0; round < 6; ++round) {
    const std::string name = "log" + std::to_string(round);
    int acknowledged[2];
    ASSERT_EQ(0, ::pipe(acknowledged));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      begin_life(round);
      const auto file = open(name);
      sync_dir();
      for (int i = 0;; ++i) {
        write(file, std::uint64_t(i) * batch_bytes,
              std::string(batch_bytes, static_cast<char>('a' + i % 26)), true);
        if (::write(acknowledged[1], "x", 1) != 1) _exit(1);
      }
    }
    ::close(acknowledged[1]);
    // Killed after a number of acknowledgements, so at some point inside what follows the last.
    std::size_t count = 0;
    char byte;
    for (; count < 3 + round; ++count) ASSERT_EQ(1, ::read(acknowledged[0], &byte, 1));
    ::kill(child, SIGKILL);
    while (::read(acknowledged[0], &byte, 1) == 1) ++count;
    ::close(acknowledged[0]);
    ::waitpid(child, nullptr, 0);
    const std::string got = real(name);
    ASSERT_GE(got.size(), count * batch_bytes);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(std::string(batch_bytes, static_cast<char>('a' + i % 26)) ==
                  got.substr(i * batch_bytes, batch_bytes))
          << i;
    }
  }
}

}  // namespace
}  // namespace paddock
