#include "paddock/startup/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace paddock::startup {
namespace {

std::string message_of(int error) { return std::generic_category().message(error); }

/// The text of a pid file, if it is one.
std::string read_pid(int descriptor) {
  char text[16] = {};
  const ssize_t got = ::pread(descriptor, text, sizeof text - 1, 0);
  std::string pid;
  for (ssize_t i = 0; i < got && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i)
    pid += text[i];
  return pid;
}

}  // namespace

Result<LockFile, LockFile::Error> LockFile::acquire(const std::string& dir,
                                                    std::chrono::milliseconds wait) {
  const std::string path = dir + "/" + name;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0)
    return fail(Error{false, "the lock file " + path + " cannot be made: " + message_of(errno)});
  Result<LockFile, Error> locked = lock(dir, descriptor, LOCK_EX, wait);
  if (!locked) return locked;
  // The pid is a courtesy: on a full disk the lock works without it.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    errno = 0;
  return locked;
}

Result<std::optional<LockFile>, LockFile::Error> LockFile::share(const std::string& dir,
                                                                 std::chrono::milliseconds wait) {
  const std::string path = dir + "/" + name;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0)
    return fail(Error{false, "the lock file " + path + " cannot be read: " + message_of(errno)});
  Result<LockFile, Error> locked = lock(dir, descriptor, LOCK_SH, wait);
  if (!locked) return fail(locked.error());
  return std::optional<LockFile>(*std::move(locked));
}

/// Takes over the open lock file.
Result<LockFile, LockFile::Error> LockFile::lock(const std::string& dir, int descriptor, int how,
                                                 std::chrono::milliseconds wait) {
  const std::string path = dir + "/" + name;
  const auto deadline = std::chrono::steady_clock::now() + wait;
  int error = 0;
  while (::flock(descriptor, how | LOCK_NB) != 0) {
    error = errno;
    if (error != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) break;
    error = 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (error != 0) {
    const std::string pid = read_pid(descriptor);
    ::close(descriptor);
    if (error != EWOULDBLOCK)
      return fail(Error{false, path + " cannot be locked: " + message_of(error)});
    std::string message = "the directory " + dir + " is in use by another process";
    if (!pid.empty()) message += ", pid " + pid;
    return fail(Error{true, message + " (it holds " + path + ")"});
  }
  return LockFile(descriptor);
}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace paddock::startup
