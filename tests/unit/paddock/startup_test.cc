#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/loop.h"
#include "paddock/startup/cores.h"
#include "paddock/startup/data_dir.h"
#include "paddock/startup/lock_file.h"
#include "paddock/startup/process.h"

namespace paddock::startup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A directory of its own for each test.
class Startup : public testing::Test {
 protected:
  Startup() {
    std::string pattern = testing::TempDir() + "paddock_startup_XXXXXX";
    dir_ = fs::canonical(::mkdtemp(pattern.data())).string();
  }
  ~Startup() override { fs::remove_all(dir_); }

  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  void put(const std::string& name, const std::string& text = "") const {
    std::ofstream(path(name)) << text;
  }
  std::string get(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Result<DataDir, std::string> open() const { return DataDir::open(dir_, dir_); }

  std::string dir_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST_F(Startup, AnEmptyDirectoryMayGetAnEmptyTree) {
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_FALSE(opened->has_tree());
}

TEST_F(Startup, AMissingDirectoryIsMadeWithItsParents) {
  const auto opened = DataDir::open(path("a/b/data"), path("c/log/"));
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_TRUE(fs::is_directory(path("a/b/data")));
  EXPECT_TRUE(fs::is_directory(path("c/log")));
  EXPECT_EQ(opened->log_path(), path("c/log"));
}

TEST_F(Startup, LostAndFoundAndMyidAndOurOwnSmallFilesDoNotMakeADirectoryNonEmpty) {
  fs::create_directory(path("lost+found"));
  for (const char* name : {"myid", "paddock.lock", "client.port", "client.port.tmp"}) put(name);
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_FALSE(opened->has_tree());
}

TEST_F(Startup, ZooKeepersFilesWithoutOurLogAreRefusedAndNamed) {
  for (const char* name :
       {"version-2", "log.1", "snapshot.0", "snapshot.1a2b.gz", "acceptedEpoch"}) {
    put(name);
    const auto opened = open();
    ASSERT_FALSE(opened.has_value()) << name;
    EXPECT_TRUE(contains(opened.error(), "ZooKeeper")) << opened.error();
    EXPECT_TRUE(contains(opened.error(), name)) << opened.error();
    EXPECT_TRUE(contains(opened.error(), dir_)) << opened.error();
    EXPECT_FALSE(fs::exists(path("paddock.lock"))) << "nothing is written into a refused directory";
    fs::remove(path(name));
  }
}

TEST_F(Startup, ZooKeepersFilesInTheLogDirectoryAloneAreRefusedAsWell) {
  fs::create_directory(path("log"));
  fs::create_directory(path("data"));
  put("log/log.1");
  EXPECT_FALSE(DataDir::open(path("data"), path("log")).has_value());
}

TEST_F(Startup, AnyOtherFileWithoutOurLogIsRefusedAndNamed) {
  put("holiday.jpg");
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_TRUE(contains(opened.error(), "holiday.jpg")) << opened.error();
}

TEST_F(Startup, ALogOrASnapshotIsATreeToRecoverWhateverLiesBesideIt) {
  for (const char* name : {"0000000000000001.log", "0000000000000001.snap"}) {
    put(name);
    put("version-2");
    put("holiday.jpg");
    const auto opened = open();
    ASSERT_TRUE(opened.has_value()) << opened.error();
    EXPECT_TRUE(opened->has_tree());
    fs::remove(path(name));
  }
}

TEST_F(Startup, ATreeInOneOfTwoDirectoriesIsATree) {
  fs::create_directory(path("log"));
  fs::create_directory(path("data"));
  put("log/0000000000000001.log");
  put("data/notes.txt");
  const auto opened = DataDir::open(path("data"), path("log"));
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_TRUE(opened->has_tree());
}

TEST_F(Startup, WhatACrashLeftHalfMadeIsNoTree) {
  put("0000000000000001.snap.tmp");
  put("1.spare");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_FALSE(opened->has_tree());
}

TEST_F(Startup, AFileInPlaceOfTheDirectoryIsRefused) {
  put("file");
  for (const char* name : {"file", "file/sub"}) {
    const auto opened = DataDir::open(path(name), path(name));
    ASSERT_FALSE(opened.has_value());
    EXPECT_TRUE(contains(opened.error(), path("file"))) << opened.error();
  }
}

TEST_F(Startup, ADirectoryThatCannotBeMadeIsRefusedWithTheReason) {
  const auto opened =
      DataDir::open("/proc/paddock/data", "/proc/paddock/data");  // root cannot either
  ASSERT_FALSE(opened.has_value());
  EXPECT_TRUE(contains(opened.error(), "/proc/paddock")) << opened.error();
  EXPECT_TRUE(contains(opened.error(), "cannot be made")) << opened.error();
}

TEST_F(Startup, ASecondOwnerIsKeptOutAndToldThePid) {
  auto first = open();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(get("paddock.lock"), std::to_string(::getpid()) + "\n");
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_TRUE(contains(second.error(), dir_)) << second.error();
  EXPECT_TRUE(contains(second.error(), std::to_string(::getpid()))) << second.error();
}

TEST_F(Startup, TheLockEndsWithItsOwnerAndAStaleFileIsNoLock) {
  put("paddock.lock", "12345678\n");
  { ASSERT_TRUE(LockFile::acquire(dir_).has_value()); }
  const auto again = LockFile::acquire(dir_);
  ASSERT_TRUE(again.has_value());
  const auto held = LockFile::acquire(dir_, 0ms);
  ASSERT_FALSE(held.has_value());
  EXPECT_TRUE(held.error().is_held);
}

/// Writes of a process that was killed may land after its end; its loops keep the lock till then.
TEST_F(Startup, ALoopKeepsTheLockOfAnOwnerThatIsGone) {
  auto loop = *net::Loop::open({.recv_buffer_count = 0});
  {
    const auto owner = LockFile::acquire(dir_);
    ASSERT_TRUE(owner.has_value());
    const int descriptor = owner->descriptor();
    ASSERT_TRUE(loop->hold_open({&descriptor, 1}));
  }
  EXPECT_TRUE(LockFile::acquire(dir_, 0ms).error().is_held);
  std::thread successor([this] { EXPECT_TRUE(LockFile::acquire(dir_).has_value()); });
  loop.reset();
  successor.join();
}

TEST_F(Startup, ALockInAMissingDirectoryIsAnErrorAndNotHeld) {
  const auto lock = LockFile::acquire(path("none"));
  ASSERT_FALSE(lock.has_value());
  EXPECT_FALSE(lock.error().is_held);
}

TEST_F(Startup, ReadersShareTheLockAndKeepADaemonOut) {
  put("paddock.lock", "12345678\n");
  {
    const auto one = LockFile::share(dir_);
    ASSERT_TRUE(one.has_value());
    EXPECT_TRUE(one->has_value());
    const auto other = LockFile::share(dir_);
    ASSERT_TRUE(other.has_value());
    EXPECT_TRUE(LockFile::acquire(dir_, 0ms).error().is_held);
    EXPECT_EQ(get("paddock.lock"), "12345678\n");
  }
  const auto daemon = LockFile::acquire(dir_);
  ASSERT_TRUE(daemon.has_value());
  const auto refused = LockFile::share(dir_, 0ms);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().is_held);
}

TEST_F(Startup, AReaderMakesNoLockFile) {
  const auto none = LockFile::share(dir_);
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
  EXPECT_FALSE(fs::exists(path("paddock.lock")));
}

TEST_F(Startup, TheLogDirectoryIsLockedAsWell) {
  const auto first = DataDir::open(path("data1"), path("log"));
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(DataDir::open(path("data2"), path("log")).has_value());
}

TEST_F(Startup, OneDirectoryUnderTwoNamesIsLockedOnce) {
  fs::create_directory(path("data"));
  fs::create_directory_symlink(path("data"), path("link"));
  const auto opened = DataDir::open(path("data"), path("link"));
  EXPECT_TRUE(opened.has_value()) << opened.error();
}

/// A log directory of its own, and what ties it to the data directory.
class StartupWithLogDir : public Startup {
 protected:
  /// A run that has made a log and no snapshot.
  void ran(const std::string& data, const std::string& log) {
    const auto opened = DataDir::open(path(data), path(log));
    ASSERT_TRUE(opened.has_value()) << opened.error();
    put(log + "/0000000000000001.log");
  }
  bool starts(const std::string& data, const std::string& log) {
    return DataDir::open(path(data), path(log)).has_value();
  }
  std::string refusal(const std::string& data, const std::string& log) {
    const auto opened = DataDir::open(path(data), path(log));
    return opened ? "" : opened.error();
  }
};

TEST_F(StartupWithLogDir, AStartThatForgetsItIsRefusedWithBothDirectories) {
  ran("data", "log");
  const std::string said = refusal("data", "data");
  for (const std::string& part :
       {path("data"), "--data-log-dir " + path("log"), std::string("dataLogDir"),
        std::string("has no paddock.log-id"), path("data/paddock.log-dir")})
    EXPECT_TRUE(contains(said, part)) << said;
  EXPECT_TRUE(starts("data", "log"));
  fs::remove(path("data/paddock.log-dir"));
  EXPECT_TRUE(starts("data", "data")) << "which the message says";
}

TEST_F(StartupWithLogDir, AnEmptyDirectoryInItsPlaceIsRefused) {
  ran("data", "log");
  fs::rename(path("log"), path("not_mounted"));
  fs::create_directory(path("log"));
  EXPECT_TRUE(contains(refusal("data", "log"), "mounted"));
  EXPECT_TRUE(fs::is_empty(path("log")));
}

TEST_F(StartupWithLogDir, TheLogOfAnotherIsRefused) {
  ran("data", "log");
  ran("data2", "log2");
  EXPECT_TRUE(contains(refusal("data", "log2"), "another data directory"));
  EXPECT_TRUE(starts("data", "log"));
}

TEST_F(StartupWithLogDir, BothMayBeMoved) {
  ran("data", "log");
  fs::rename(path("log"), path("log2"));
  EXPECT_TRUE(starts("data", "log2"));
  fs::rename(path("data"), path("data2"));
  EXPECT_TRUE(starts("data2", "log2"));
  EXPECT_TRUE(contains(refusal("data2", "data2"), path("log2"))) << "where it was last";
  // Into the data directory, and with its id.
  for (const char* name : {"0000000000000001.log", "paddock.log-id"})
    fs::rename(path(std::string("log2/") + name), path(std::string("data2/") + name));
  EXPECT_TRUE(starts("data2", "data2"));
  EXPECT_FALSE(starts("data2", "log2"));
}

TEST_F(StartupWithLogDir, DirectoriesOfEarlierVersionsAreTakenAndMarked) {
  fs::create_directories(path("data"));
  fs::create_directories(path("log"));
  put("data/0000000000000001.snap");
  put("log/0000000000000001.log");
  EXPECT_TRUE(starts("data", "log"));
  EXPECT_FALSE(starts("data", "data"));
}

TEST_F(StartupWithLogDir, ACrashBetweenTheTwoFilesChangesNothing) {
  ran("data", "log");
  const std::string id = get("log/paddock.log-id");
  EXPECT_EQ(id.size(), 33u);
  fs::remove(path("data/paddock.log-dir"));
  put("data/paddock.log-dir.tmp", "half");
  put("log/paddock.log-id.tmp", "");
  EXPECT_TRUE(starts("data", "log"));
  EXPECT_EQ(get("log/paddock.log-id"), id);
  EXPECT_EQ(get("data/paddock.log-dir"), id + path("log") + "\n");
  EXPECT_FALSE(fs::exists(path("data/paddock.log-dir.tmp")));
}

TEST_F(StartupWithLogDir, AFileThatSaysNothingIsNoId) {
  ran("data", "log");
  put("data/paddock.log-dir");
  put("log/paddock.log-id");
  EXPECT_FALSE(starts("data", "log"));
}

TEST_F(StartupWithLogDir, ALogThatWasLeftInTheDataDirectoryIsRefused) {
  ran("data", "data");
  EXPECT_FALSE(fs::exists(path("data/paddock.log-dir")));
  const std::string said = refusal("data", "log");
  EXPECT_TRUE(contains(said, path("data"))) << said;
  EXPECT_TRUE(contains(said, path("log"))) << said;
  fs::rename(path("data/0000000000000001.log"), path("log/0000000000000001.log"));
  EXPECT_TRUE(starts("data", "log"));
}

TEST_F(Startup, ThePortIsWrittenWholeAndTheOneOfAnEarlierRunIsGone) {
  put("client.port", "1\n");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(fs::exists(path("client.port")));
  EXPECT_EQ(opened->write_client_port(65535), "");
  EXPECT_EQ(get("client.port"), "65535\n");
  EXPECT_EQ(opened->write_client_port(2181), "");
  EXPECT_EQ(get("client.port"), "2181\n");
  EXPECT_FALSE(fs::exists(path("client.port.tmp")));
}

TEST_F(Startup, APortThatCannotBeWrittenIsToldAndLeavesNothing) {
  const auto opened = open();
  ASSERT_TRUE(opened.has_value());
  fs::create_directory(path("client.port"));  // a rename onto a directory fails, even for root
  EXPECT_TRUE(contains(opened->write_client_port(1), path("client.port")));
  EXPECT_FALSE(fs::exists(path("client.port.tmp")));
}

TEST(UsableCores, AreAtLeastOneAndAtMostTheAffinitys) {
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), CPU_COUNT(&set));
}

TEST(UsableCores, ALimitOfCpuTimeIsRoundedUpToCores) {
  EXPECT_EQ(cores_of_cpu_max("200000 100000\n"), 2);
  EXPECT_EQ(cores_of_cpu_max("150000 100000"), 2);
  EXPECT_EQ(cores_of_cpu_max("10000 100000"), 1);
  EXPECT_EQ(cores_of_cpu_max("max 100000"), std::nullopt);
  EXPECT_EQ(cores_of_cpu_max(""), std::nullopt);
  EXPECT_EQ(cores_of_cpu_max("100000 0"), std::nullopt);
  EXPECT_EQ(cores_of_cpu_max("-1 100000"), std::nullopt);
}

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

TEST(Signals, ATermIsReadInsteadOfEndingTheProcess) {
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    Result<Signals, std::string> signals = Signals::open();
    ASSERT_TRUE(signals.has_value()) << signals.error();
    EXPECT_EQ(signals->take(), 0);
    ::pthread_kill(::pthread_self(), SIGTERM);
    EXPECT_EQ(signals->take(), SIGTERM);
    ::pthread_kill(::pthread_self(), SIGINT);
    EXPECT_EQ(signals->take(), SIGINT);
    EXPECT_EQ(signals->take(), 0);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
}

TEST(Signals, AnIgnoredHangupStaysIgnored) {
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  struct sigaction old {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignore, &old);
  {
    Result<Signals, std::string> signals = Signals::open();
    ASSERT_TRUE(signals.has_value());
    ::raise(SIGHUP);
    EXPECT_EQ(signals->take(), 0);
  }
  ::sigaction(SIGHUP, &old, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Signals, AWriteIntoAClosedPipeIsAnError) {
  Result<Signals, std::string> signals = Signals::open();
  ASSERT_TRUE(signals.has_value());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

TEST_F(Startup, TheServiceManagerIsToldThroughItsSocket) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path("notify").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path("notify").c_str(), 1);
  notify_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  notify_service_manager("STOPPING=1");  // nowhere to send it
  char text[32] = {};
  EXPECT_EQ(::recv(socket, text, sizeof text, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
  EXPECT_EQ(::recv(socket, text, sizeof text, MSG_DONTWAIT), -1);
  ::close(socket);
}

}  // namespace
}  // namespace paddock::startup
