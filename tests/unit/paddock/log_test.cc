#include "paddock/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>

namespace paddock::log {
namespace {

/// Standard error is a file for the time of a test.
class CapturedLog {
 public:
  CapturedLog() { testing::internal::CaptureStderr(); }
  std::string take() { return testing::internal::GetCapturedStderr(); }
};

TEST(Log, ALineHasTimeLevelThreadAndMessage) {
  CapturedLog captured;
  name_thread("r7");
  warn("session {} opened by {}", SessionId{0x10000121cae0000}, "127.0.0.1:52956");
  name_thread("main");
  const std::string line = captured.take();
  std::string shape = line;  // with a 9 for each digit of the time
  for (char& c : std::span(shape).first(std::min<std::size_t>(24, shape.size())))
    if (c >= '0' && c <= '9') c = '9';
  EXPECT_EQ(shape,
            "9999-99-99T99:99:99.999Z warn  r7 session 0x10000121cae0000 opened by "
            "127.0.0.1:52956\n");
}

TEST(Log, SessionsAndZxidsAreHexadecimal) {
  EXPECT_EQ(fmt::format("{} {}", SessionId{255}, Zxid{-1}), "0xff 0xffffffffffffffff");
}

TEST(Log, LevelsBelowTheConfiguredOneAreLeftOut) {
  CapturedLog captured;
  debug("not this");
  info("but this");
  const std::string text = captured.take();
  EXPECT_EQ(text.find("not this"), text.npos);
  EXPECT_NE(text.find("but this"), text.npos);
}

TEST(Log, AMessageCannotForgeALine) {
  CapturedLog captured;
  info("path {}", "/a\n2026-11-22T00:00:00.000Z error main forged\x1b[31m\x7f");
  const std::string text = captured.take();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\x7f'), text.npos);
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(parse_level("trace"), Level::trace);
  EXPECT_EQ(parse_level("error"), Level::error);
  for (const char* name : {"", "INFO", "warning", "fatal"})
    EXPECT_EQ(parse_level(name), std::nullopt);
}

/// What the daemon does with its log, in a process of its own because the writing thread belongs to
/// the process: standard error becomes `descriptor` first.
[[noreturn]] void log_to(int descriptor, std::size_t lines) {
  ::dup2(descriptor, STDERR_FILENO);
  start(Level::info);
  for (std::size_t i = 0; i < lines; ++i) info("line {} {}", i, std::string(100, 'x'));
  stop();
  ::_exit(dropped_lines() > 0 ? 3 : 0);
}

TEST(LogThread, EveryLineIsWrittenBeforeStopReturns) {
  std::string file = testing::TempDir() + "paddock_log_XXXXXX";
  const int descriptor = ::mkstemp(file.data());
  EXPECT_EXIT(log_to(descriptor, 1000), testing::ExitedWithCode(0), "");
  char text[1 << 18];
  const ssize_t got = ::pread(descriptor, text, sizeof text, 0);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::count(text, text + got, '\n'), 1000);
  ::close(descriptor);
  ::unlink(file.c_str());
}

TEST(LogThread, APipeThatNobodyReadsHoldsNobodyUpAndTheOldestLinesAreDropped) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  // Would hang in the first write of more than the pipe holds if the caller wrote.
  EXPECT_EXIT(log_to(ends[1], 3 * queue_lines_max), testing::ExitedWithCode(3), "");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LogThread, AFullDeviceIsNoReasonToEnd) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  EXPECT_EXIT(log_to(full, 10), testing::ExitedWithCode(0), "");
  ::close(full);
}

TEST(LogThread, AFatalMessageIsWrittenAndEndsWithStatusOne) {
  EXPECT_EXIT(
      {
        start(Level::info);
        fatal("the log cannot go on");
      },
      testing::ExitedWithCode(1), "error main the log cannot go on");
}

TEST(Burst, TheFirstLinesOfAnIntervalAreLoggedAndTheOthersCounted) {
  Burst burst(2, 100);
  EXPECT_EQ(burst.admit(1000), 0u);
  EXPECT_EQ(burst.admit(1001), 0u);
  EXPECT_EQ(burst.admit(1002), std::nullopt);
  EXPECT_EQ(burst.admit(1099), std::nullopt);
  EXPECT_EQ(burst.take_suppressed(1099), 0u) << "the interval is not over";
  EXPECT_EQ(burst.admit(1100), 2u) << "the next interval tells what was left out";
  EXPECT_EQ(burst.admit(1101), 0u);
}

TEST(Burst, TheEndOfABurstIsToldOnceThoughNothingFollows) {
  Burst burst(1, 100);
  EXPECT_EQ(burst.admit(0), 0u);
  EXPECT_EQ(burst.admit(1), std::nullopt);
  EXPECT_EQ(burst.take_suppressed(100), 1u);
  EXPECT_EQ(burst.take_suppressed(200), 0u);
  EXPECT_EQ(burst.admit(300), 0u);
}

TEST(Burst, SuppressedLinesArePartOfTheMessageOrNot) {
  EXPECT_EQ(fmt::format("refused{}", AndMore{0}), "refused");
  EXPECT_EQ(fmt::format("refused{}", AndMore{7}), "refused (7 more suppressed)");
}

}  // namespace
}  // namespace paddock::log
