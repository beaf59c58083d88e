#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

/// What the process asks of the system once, before it serves.
namespace paddock::startup {

/// Raises the soft limit of open files to the hard one. Returns the limit that now holds.
std::uint64_t raise_descriptor_limit();

/// SIGTERM, SIGINT and SIGHUP as bytes to read, for a loop that waits for completions. SIGHUP is
/// left alone when it is ignored (nohup). SIGPIPE is ignored from now on: a closed connection or a
/// closed terminal is an error code, not a death.
///
/// Call it before any thread is started: the signals are blocked in the calling thread and in
/// threads that it starts. Threads: the one that opened it.
class Signals {
 public:
  static Result<Signals, std::string> open();
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  /// Readable when a signal has come: poll it, or read record_bytes at a time from it. Does not
  /// block.
  int descriptor() const { return descriptor_; }
  static constexpr std::size_t record_bytes = 128;  ///< sizeof(signalfd_siginfo)

  /// The number of the next signal that has come, or 0.
  int take();

 private:
  explicit Signals(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

/// "SIGTERM" and so on.
std::string_view signal_name(int signal);

/// Tells the service manager about our state, as sd_notify(3) does: sends `state` ("READY=1",
/// "STOPPING=1") to the socket that $NOTIFY_SOCKET names. Without one, nothing happens. An error is
/// of no use to anybody and ignored. Threads: any.
void notify_service_manager(std::string_view state);

}  // namespace paddock::startup
