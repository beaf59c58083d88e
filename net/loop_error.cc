#include "net/loop_error.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace paddock::net {

namespace {

constexpr const char* allow_in_container =
    "`docker run --security-opt seccomp=unconfined` (or a profile that allows io_uring_setup, "
    "io_uring_enter and io_uring_register)";

std::string read_small_file(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[4096];
  const ssize_t bytes = ::read(file, text, sizeof text);
  ::close(file);
  return bytes > 0 ? std::string(text, static_cast<std::size_t>(bytes)) : std::string();
}

/// Whether a system call filter is loaded into this process.
bool has_seccomp_filter() {
  return read_small_file("/proc/self/status").find("\nSeccomp:\t2") != std::string::npos;
}

std::string reason(int error) {
  const std::string disabled = read_small_file("/proc/sys/kernel/io_uring_disabled");
  if (error == EPERM && !disabled.empty() && disabled[0] != '0') {
    return "io_uring is switched off on this machine (kernel.io_uring_disabled=" +
           disabled.substr(0, 1) + "): allow it with `sysctl -w kernel.io_uring_disabled=0`";
  }
  if (error == EPERM || error == EACCES || (error == ENOSYS && has_seccomp_filter())) {
    return std::string(
               "io_uring is blocked by a seccomp filter, as containers often do: allow it "
               "with ") +
           allow_in_container;
  }
  if (error == ENOSYS) {
    return "this kernel has no io_uring: Linux 5.19 or newer, built with CONFIG_IO_URING=y, is "
           "needed";
  }
  if (error == ENOMEM) {
    return "there is not enough lockable memory for io_uring: allow it with `ulimit -l unlimited` "
           "(`docker run --ulimit memlock=-1`)";
  }
  if (error == EMFILE || error == ENFILE) {
    return "no file descriptor is left for io_uring: raise the limit with `ulimit -n` or "
           "`docker run --ulimit nofile=65536`";
  }
  if (error == EINVAL || error == ENOTSUP) {
    return "this kernel's io_uring is too old: Linux 5.19 or newer is needed";
  }
  return std::string("io_uring cannot be set up: ") + std::strerror(error);
}

}  // namespace

LoopError explain_ring_refusal(int error) { return LoopError{error, reason(error)}; }

LoopError explain_buffer_refusal(int error) { return LoopError{error, reason(error)}; }

}  // namespace paddock::net
