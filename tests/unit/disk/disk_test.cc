// What every wal::Disk does (R21): the same cases run on io_uring with a loop of its own, on
// io_uring with a shared loop, on a file system in memory, by plain system calls, and on the
// simulated disk. Whoever has tested the log on the simulated disk may then trust the real one.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "net/loop.h"
#include "paddock/disk/file_disk.h"
#include "paddock/disk/lossy_disk.h"
#include "paddock/disk/uring_disk.h"
#include "tests/sim/sim_disk.h"

namespace paddock {
namespace {

enum class Which { own_loop, shared_loop, in_memory, system_calls, simulated, lossy };

class DiskTest : public testing::TestWithParam<Which> {
 protected:
  void SetUp() override {
    const char* parent = GetParam() == Which::in_memory ? "/dev/shm" : ".";
    std::string pattern = std::string(parent) + "/disk_test.XXXXXX";
    if (GetParam() == Which::simulated) {
      dir_ = "dir";
      disk_ = std::make_unique<sim::SimDisk>();
      run([&](auto done) { disk_->make_dir(dir_, done); });
      return;
    }
    ASSERT_NE(nullptr, mkdtemp(pattern.data())) << std::strerror(errno);
    dir_ = pattern;
    if (GetParam() == Which::shared_loop) {
      loop_ = std::move(*net::Loop::open({.recv_buffer_count = 0}));
      disk_ = std::make_unique<UringDisk>(*loop_);
    } else if (GetParam() == Which::system_calls) {
      disk_ = std::make_unique<FileDisk>();
    } else if (GetParam() == Which::lossy) {
      disk_ =
          std::move(*LossyDisk::open_own(std::make_shared<LossyFiles>(LossyOptions{.seed = 7})));
    } else {
      disk_ = std::move(*UringDisk::open_own());
    }
  }
  void TearDown() override {
    disk_.reset();
    if (GetParam() != Which::simulated) std::filesystem::remove_all(dir_);
  }

  template <class Call>
  std::int64_t run(Call call) {
    std::int64_t answer = INT64_MIN;
    call([&](std::int64_t result) { answer = result; });
    EXPECT_EQ(INT64_MIN, answer) << "completed inside the call";
    while (answer == INT64_MIN) disk_->wait();
    return answer;
  }
  std::string at(const std::string& name) const { return dir_ + "/" + name; }
  std::int64_t open(const std::string& name, wal::Disk::Open how) {
    return run([&](auto done) { disk_->open(at(name), how, done); });
  }
  wal::Disk::File create(const std::string& name, bool direct = false) {
    const std::int64_t file =
        open(name, {.create = true, .exclusive = true, .writable = true, .direct = direct});
    EXPECT_GE(file, 0);
    return static_cast<wal::Disk::File>(file);
  }
  std::int64_t write(wal::Disk::File file, std::uint64_t offset, Bytes bytes, bool durable) {
    return run([&](auto done) { disk_->write(file, offset, bytes, durable, done); });
  }
  std::int64_t write(wal::Disk::File file, std::uint64_t offset, std::string_view text,
                     bool durable = false) {
    return write(file, offset, as_bytes(text), durable);
  }
  std::int64_t size(wal::Disk::File file) {
    return run([&](auto done) { disk_->size(file, done); });
  }
  std::string read(wal::Disk::File file, std::uint64_t offset, std::size_t bytes) {
    std::string text(bytes, '?');
    const std::int64_t got = run([&](auto done) {
      disk_->read(file, offset, {reinterpret_cast<std::byte*>(text.data()), bytes}, done);
    });
    EXPECT_GE(got, 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  std::vector<std::string> names() {
    std::vector<std::string> names{"left over"};
    EXPECT_GE(run([&](auto done) { disk_->list(dir_, names, done); }), 0);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<wal::Disk> disk_;
  std::string dir_;
};

TEST_P(DiskTest, R21_WhatWasWrittenIsRead) {
  const auto file = create("f");
  EXPECT_EQ(5, write(file, 0, "hello"));
  EXPECT_EQ(5, write(file, 3, "world", true));
  EXPECT_EQ(0, run([&](auto done) { disk_->sync(file, done); }));
  EXPECT_EQ(8, size(file));
  EXPECT_EQ("helworld", read(file, 0, 100)) << "a read over the end is short";
  EXPECT_EQ("wor", read(file, 3, 3));
  EXPECT_EQ("", read(file, 8, 10));
  disk_->close(file);
  const auto again = open("f", {});
  ASSERT_GE(again, 0);
  EXPECT_EQ("helworld", read(static_cast<wal::Disk::File>(again), 0, 8));
  disk_->close(static_cast<wal::Disk::File>(again));
}

TEST_P(DiskTest, R21_AGapReadsAsZeros) {
  const auto file = create("f");
  EXPECT_EQ(1, write(file, 5000, "x"));
  EXPECT_EQ(std::string(5000, '\0') + "x", read(file, 0, 6000));
  disk_->close(file);
}

TEST_P(DiskTest, R21_ExclusiveCreationFindsTheFileThatIsThere) {
  disk_->close(create("f"));
  EXPECT_EQ(-EEXIST, open("f", {.create = true, .exclusive = true, .writable = true}));
  const auto file = open("f", {.create = true, .writable = true});
  ASSERT_GE(file, 0);
  disk_->close(static_cast<wal::Disk::File>(file));
  EXPECT_EQ(-ENOENT, open("g", {.writable = true}));
}

TEST_P(DiskTest, R21_DirectFilesTakeAlignedDurableWrites) {
  const auto file = create("f", true);
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(4096, 16384));
  std::memset(memory, 'a', 8192);
  std::memset(memory + 8192, '?', 8192);
  EXPECT_EQ(8192, write(file, 4096, Bytes{memory, 8192}, true));
  EXPECT_EQ(8192, run([&](auto done) { disk_->read(file, 4096, {memory + 8192, 8192}, done); }));
  EXPECT_EQ(0, std::memcmp(memory, memory + 8192, 8192));
  std::memset(memory, 'b', 4096);
  EXPECT_EQ(4096, write(file, 4096, Bytes{memory, 4096}, true)) << "over written blocks";
  EXPECT_EQ(12288, size(file));
  disk_->close(file);
  std::free(memory);
}

TEST_P(DiskTest, R21_ManyOperationsInFlightAllComplete) {
  const auto file = create("f");
  const std::string text(512, 'x');
  int completed = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    disk_->write(file, i * 512, as_bytes(text), i % 10 == 0, [&](std::int64_t result) {
      EXPECT_EQ(512, result);
      ++completed;
    });
  }
  while (completed < 300) disk_->wait();
  EXPECT_EQ(300 * 512, size(file));
  EXPECT_EQ(std::string(300 * 512, 'x'), read(file, 0, 300 * 512));
  disk_->close(file);
}

TEST_P(DiskTest, R21_ACompletionMayIssueTheNextOperation) {
  const auto file = create("f");
  int written = 0;
  wal::Disk::Done next = [&](std::int64_t) {
    if (++written < 20) disk_->write(file, std::uint64_t(written), as_bytes("z"), false, next);
  };
  disk_->write(file, 0, as_bytes("z"), false, next);
  while (written < 20) disk_->wait();
  EXPECT_EQ(std::string(20, 'z'), read(file, 0, 64));
  disk_->close(file);
}

TEST_P(DiskTest, R21_TruncateCutsAndGrowsWithZeros) {
  const auto file = create("f");
  write(file, 0, std::string(2000, 'x'));
  EXPECT_EQ(0, run([&](auto done) { disk_->truncate(file, 700, done); }));
  EXPECT_EQ(700, size(file));
  EXPECT_EQ(0, run([&](auto done) { disk_->truncate(file, 1500, done); }));
  EXPECT_EQ(std::string(700, 'x') + std::string(800, '\0'), read(file, 0, 4000));
  EXPECT_EQ(0, run([&](auto done) { disk_->sync(file, done); }));
  EXPECT_EQ(std::string(700, 'x') + std::string(800, '\0'), read(file, 0, 4000));
  disk_->close(file);
}

TEST_P(DiskTest, R21_AllocateGrowsTheFileAndKeepsWhatIsThere) {
  const auto file = create("f");
  write(file, 0, "kept");
  EXPECT_EQ(0, run([&](auto done) { disk_->allocate(file, 0, 1u << 20, done); }));
  EXPECT_EQ(1 << 20, size(file));
  EXPECT_EQ(std::string("kept") + std::string(96, '\0'), read(file, 0, 100));
  EXPECT_EQ(0, run([&](auto done) { disk_->allocate(file, 0, 4096, done); }));
  EXPECT_EQ(1 << 20, size(file)) << "allocating never cuts";
  disk_->close(file);
}

TEST_P(DiskTest, R21_NamesAreMadeMovedRemovedAndListed) {
  disk_->close(create("a"));
  const auto b = create("b");
  write(b, 0, "of b");
  disk_->close(b);
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), names());
  EXPECT_EQ(0, run([&](auto done) { disk_->rename(at("b"), at("a"), done); }));
  EXPECT_EQ((std::vector<std::string>{"a"}), names());
  const auto a = open("a", {});
  ASSERT_GE(a, 0);
  EXPECT_EQ("of b", read(static_cast<wal::Disk::File>(a), 0, 10)) << "replaced as a whole";
  disk_->close(static_cast<wal::Disk::File>(a));
  EXPECT_EQ(0, run([&](auto done) { disk_->sync_dir(dir_, done); }));
  EXPECT_EQ((std::vector<std::string>{"a"}), names());
  EXPECT_EQ(0, run([&](auto done) { disk_->remove(at("a"), done); }));
  EXPECT_EQ(-ENOENT, run([&](auto done) { disk_->remove(at("a"), done); }));
  EXPECT_EQ(-ENOENT, run([&](auto done) { disk_->rename(at("a"), at("c"), done); }));
  EXPECT_EQ((std::vector<std::string>{}), names());
}

TEST_P(DiskTest, R21_AnOpenFileOutlivesItsName) {
  const auto file = create("f");
  write(file, 0, "still");
  EXPECT_EQ(0, run([&](auto done) { disk_->remove(at("f"), done); }));
  EXPECT_EQ(0, run([&](auto done) { disk_->sync_dir(dir_, done); }));
  EXPECT_EQ("still", read(file, 0, 5));
  disk_->close(file);
}

TEST_P(DiskTest, R21_DirectoriesAreMadeOnce) {
  EXPECT_EQ(0, run([&](auto done) { disk_->make_dir(at("d"), done); }));
  EXPECT_EQ(-EEXIST, run([&](auto done) { disk_->make_dir(at("d"), done); }));
  disk_->close(create("d/f"));
  EXPECT_EQ(0, run([&](auto done) { disk_->sync_dir(at("d"), done); }));
  EXPECT_EQ(-ENOENT, run([&](auto done) { disk_->sync_dir(at("e"), done); }));
  std::vector<std::string> none;
  EXPECT_EQ(-ENOENT, run([&](auto done) { disk_->list(at("e"), none, done); }));
}

constexpr Which disks[] = {Which::own_loop,     Which::shared_loop, Which::in_memory,
                           Which::system_calls, Which::simulated,   Which::lossy};

std::string name_of(const testing::TestParamInfo<Which>& tested) {
  switch (tested.param) {
    case Which::own_loop:
      return "OwnLoop";
    case Which::shared_loop:
      return "SharedLoop";
    case Which::in_memory:
      return "FileSystemInMemory";
    case Which::system_calls:
      return "SystemCalls";
    case Which::simulated:
      return "Simulated";
    case Which::lossy:
      return "Lossy";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Disks, DiskTest, testing::ValuesIn(disks), name_of);

TEST(UringDisk, R8_ADurableWriteIsOneSubmission) {
  auto loop = std::move(*net::Loop::open({.recv_buffer_count = 0}));
  std::string pattern = "./disk_test.XXXXXX";
  ASSERT_NE(nullptr, mkdtemp(pattern.data()));
  {
    UringDisk disk(*loop);
    wal::Disk::File file = -1;
    disk.open(pattern + "/f", {.create = true, .writable = true, .direct = true},
              [&](std::int64_t result) { file = static_cast<wal::Disk::File>(result); });
    while (file < 0) disk.wait();
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(4096, 4096));
    std::memset(memory, 1, 4096);
    std::int64_t written = 0;
    disk.write(file, 0, {memory, 4096}, true, [&](std::int64_t result) { written = result; });
    EXPECT_EQ(1u, io_uring_sq_ready(&loop->ring()));
    while (written == 0) disk.wait();
    EXPECT_EQ(4096, written);
    disk.close(file);
    std::free(memory);
  }
  std::filesystem::remove_all(pattern);
}

TEST(UringDisk, CompletionsOnASharedLoopWaitForPoll) {
  auto loop = std::move(*net::Loop::open({.recv_buffer_count = 0}));
  UringDisk disk(*loop);
  int completed = 0;
  std::vector<std::string> names;
  disk.open("/", {}, [&](std::int64_t) { ++completed; });
  disk.list(".", names, [&](std::int64_t) { ++completed; });
  while (disk.in_flight() != 0) {
    loop->wait(net::never_ns);
    const int before = completed;
    EXPECT_EQ(0, before - completed);
    disk.poll();
  }
  EXPECT_EQ(2, completed);
  EXPECT_EQ(0u, disk.poll());
}

TEST(UringDisk, DestructionWaitsForWhatIsInFlightAndRunsNoCompletion) {
  auto loop = std::move(*net::Loop::open({.recv_buffer_count = 0}));
  bool ran = false;
  {
    UringDisk disk(*loop);
    for (int i = 0; i < 10; ++i) disk.open("/", {}, [&](std::int64_t) { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace paddock
