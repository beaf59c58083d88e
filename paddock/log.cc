#include "paddock/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/check.h"

namespace paddock::log {
namespace {

constexpr auto stop_timeout = std::chrono::seconds(1);

thread_local std::array<char, 8> thread_name = {'m', 'a', 'i', 'n'};

/// False: nobody will ever read it (closed pipe, full device).
bool write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd writable{STDERR_FILENO, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// The queue between those who log and the thread that writes.
class Writer {
 public:
  void start() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::direct) return;
    state_ = State::running;
    // Signals belong to the main thread (startup/signals.h): whoever starts a thread blocks them.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { run(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void push(std::string_view line) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::running) {
        if (lines_.size() == queue_lines_max) {
          lines_.pop_front();
          ++dropped_untold_;
          dropped_.fetch_add(1, std::memory_order_relaxed);  // a counter: it orders nothing
        }
        lines_.emplace_back(line);
        if (!asleep_) return;
        asleep_ = false;
      } else {
        write_to_stderr(line);
        return;
      }
    }
    wake_.notify_one();
  }

  void stop() {
    std::unique_lock lock(mutex_);
    if (state_ != State::running) return;
    state_ = State::stopping;
    wake_.notify_one();
    stopped_.wait_for(lock, stop_timeout, [this] { return state_ == State::direct; });
    state_ = State::direct;  // it may be stuck in a write for ever: it is detached and owns nothing
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class State { direct, running, stopping };

  void run() {
    ::pthread_setname_np(::pthread_self(), "log");
    std::unique_lock lock(mutex_);
    for (;;) {
      if (lines_.empty()) {
        if (state_ != State::running) break;
        asleep_ = true;
        wake_.wait(lock, [this] { return !lines_.empty() || state_ != State::running; });
        asleep_ = false;
        continue;
      }
      std::string text;
      if (dropped_untold_ != 0) {
        text = std::to_string(dropped_untold_) + " log lines were dropped: nobody read them\n";
        dropped_untold_ = 0;
      }
      for (; !lines_.empty() && text.size() < 64 * 1024; lines_.pop_front()) text += lines_.front();
      lock.unlock();
      write_to_stderr(text);
      lock.lock();
    }
    state_ = State::direct;
    stopped_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable stopped_;
  std::deque<std::string> lines_;
  State state_ = State::direct;
  bool asleep_ = false;                    // the thread waits on wake_
  std::uint64_t dropped_untold_ = 0;       // since the thread last wrote
  std::atomic<std::uint64_t> dropped_{0};  // relaxed: a counter
};

/// Never destroyed: other threads may log until the process is gone.
Writer& writer() {
  static Writer& writer = *new Writer;
  return writer;
}

/// Takes the lines that spdlog has formatted.
class QueueSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer().push({line.data(), line.size()});
  }
  void flush_() override {}
};

spdlog::logger& logger() {
  static spdlog::logger& logger = *[] {
    auto made = new spdlog::logger("paddock", std::make_shared<QueueSink>());
    made->set_level(spdlog::level::trace);  // detail::level decides, before anything is formatted
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    return made;
  }();
  return logger;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::trace:
      return "trace";
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  UNREACHABLE();
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  UNREACHABLE();
}

}  // namespace

namespace detail {

std::atomic<Level> level{Level::info};

void format_and_write(Level at, fmt::string_view format, fmt::format_args arguments) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "{:5} {} ", name_of(at), thread_name.data());
  fmt::vformat_to(std::back_inserter(text), format, arguments);
  // Text of clients (paths, addresses, words) must not be able to forge lines.
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  logger().log(spdlog_level(at), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace detail

std::optional<Level> parse_level(std::string_view name) {
  if (name == "trace") return Level::trace;
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  if (name == "warn") return Level::warn;
  if (name == "error") return Level::error;
  return std::nullopt;
}

void start(Level level) {
  detail::level.store(level, std::memory_order_relaxed);
  writer().start();
}

void stop() { writer().stop(); }

void name_thread(std::string_view name) {
  thread_name.fill('\0');
  name.substr(0, thread_name.size() - 1).copy(thread_name.data(), thread_name.size() - 1);
}

std::uint64_t dropped_lines() { return writer().dropped(); }

void fatal(std::string_view message) {
  error("{}", message);
  stop();
  ::_exit(1);
}

}  // namespace paddock::log
