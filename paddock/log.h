#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/types.h"

/// The daemon's log: one line a message to standard error, as
///
///     2026-11-22T08:30:51.123Z info  r0 session 0x10000121cae0000 opened by 127.0.0.1:52956
///
/// (UTC, level, reactor, message). A message is formatted by the caller and handed to a thread that
/// writes it, so a slow terminal or a full pipe never holds up a reactor: past queue_lines_max
/// waiting lines the oldest are dropped, and their number is logged as soon as there is room.
/// Sessions and zxids format as 0x…: `log::info("session {} closed", id)`.
///
/// Threads: any (a mutex held for a few moves guards the queue).
namespace paddock::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error };

constexpr std::size_t queue_lines_max = 8192;

/// "trace" … "error"; nullopt for anything else.
std::optional<Level> parse_level(std::string_view name);

/// Starts the writing thread. Before it, lines are written by the caller. Once.
void start(Level level);
/// Waits until the queued lines are written, but not longer than a second: whoever reads our output
/// must not be able to keep us from ending. Lines logged afterwards are written by the caller.
void stop();

/// Names the calling thread in its lines: "r0", "snap"; at most 7 characters. Unnamed: "main".
void name_thread(std::string_view name);

/// Lines dropped since the start because nobody read them.
std::uint64_t dropped_lines();

namespace detail {
extern std::atomic<Level> level;  // relaxed: a late change of level does no harm
void format_and_write(Level level, fmt::string_view format, fmt::format_args arguments);
}  // namespace detail

inline bool enabled(Level level) { return level >= detail::level.load(std::memory_order_relaxed); }

template <class... Args>
void write(Level level, fmt::format_string<Args...> format, Args&&... arguments) {
  if (enabled(level)) detail::format_and_write(level, format, fmt::make_format_args(arguments...));
}
template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... arguments) {
  write(Level::trace, format, std::forward<Args>(arguments)...);
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... arguments) {
  write(Level::debug, format, std::forward<Args>(arguments)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... arguments) {
  write(Level::info, format, std::forward<Args>(arguments)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... arguments) {
  write(Level::warn, format, std::forward<Args>(arguments)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... arguments) {
  write(Level::error, format, std::forward<Args>(arguments)...);
}

/// Logs the message, waits for it as stop() does, and ends the process with status 1, at once: for
/// what cannot go on, such as a failed write of the log. No destructor runs.
[[noreturn]] void fatal(std::string_view message);

/// Keeps a burst of one kind of message (refused connections, expiring sessions) from flooding the
/// log: within each interval the first `lines_max` are logged and the others only counted.
///
///     if (auto n = refusals_.admit(now))
///       log::warn("connection from {} refused{}", who, AndMore{*n});
///     if (auto n = refusals_.take_suppressed(now))  // once a tick
///       log::warn("{} more refused", n);
///
/// Threads: loop-local.
class Burst {
 public:
  explicit Burst(std::uint32_t lines_max = 1, std::int64_t interval_ns = 1'000'000'000)
      : lines_max_(lines_max), interval_ns_(interval_ns) {}

  /// nullopt: counted, do not log. A number: log; so many were counted since the last logged one.
  /// `now_ns` is monotonic.
  std::optional<std::uint64_t> admit(std::int64_t now_ns) {
    if (now_ns >= interval_end_ns_) {
      interval_end_ns_ = now_ns + interval_ns_;
      admitted_ = 0;
    }
    if (admitted_ < lines_max_) {
      ++admitted_;
      return std::exchange(suppressed_, 0);
    }
    ++suppressed_;
    return std::nullopt;
  }

  /// How many were counted in an interval that is over and have not been told yet; else 0. Call it
  /// now and then, so that the end of a burst is told although nothing follows it.
  std::uint64_t take_suppressed(std::int64_t now_ns) {
    return now_ns < interval_end_ns_ ? 0 : std::exchange(suppressed_, 0);
  }

 private:
  std::uint32_t lines_max_;
  std::int64_t interval_ns_;
  std::int64_t interval_end_ns_ = 0;
  std::uint32_t admitted_ = 0;    // lines logged in this interval
  std::uint64_t suppressed_ = 0;  // counted since the last logged line
};

/// Formats as " (7 more suppressed)", or as nothing when there were none.
struct AndMore {
  std::uint64_t count = 0;
};

}  // namespace paddock::log

template <>
struct fmt::formatter<paddock::SessionId> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(paddock::SessionId id, Context& context) const {
    return fmt::format_to(context.out(), "0x{:x}", static_cast<std::uint64_t>(id.value));
  }
};

template <>
struct fmt::formatter<paddock::Zxid> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(paddock::Zxid zxid, Context& context) const {
    return fmt::format_to(context.out(), "0x{:x}", static_cast<std::uint64_t>(zxid.value));
  }
};

template <>
struct fmt::formatter<paddock::log::AndMore> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(paddock::log::AndMore more, Context& context) const {
    if (more.count == 0) return context.out();
    return fmt::format_to(context.out(), " ({} more suppressed)", more.count);
  }
};
