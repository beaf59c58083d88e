#include "paddock/startup/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace paddock::startup {
namespace {

bool sync_directory_of(const std::string& path) {
  const std::string dir = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;  // not every file system has it
  ::close(descriptor);
  return synced;
}

}  // namespace

std::string replace_file(const std::string& path, std::string_view text, Durably durably) {
  const std::string aside = path + ".tmp";
  const int descriptor = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool written = descriptor >= 0;
  if (written) {
    written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              (durably == Durably::no || ::fsync(descriptor) == 0);
    written = ::close(descriptor) == 0 && written;
  }
  if (written && ::rename(aside.c_str(), path.c_str()) == 0 &&
      (durably == Durably::no || sync_directory_of(path)))
    return "";
  const int error = errno;
  ::unlink(aside.c_str());
  return path + " cannot be written: " + std::generic_category().message(error);
}

}  // namespace paddock::startup
