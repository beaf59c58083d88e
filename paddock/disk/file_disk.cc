#include "paddock/disk/file_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/check.h"

namespace paddock {
namespace {

/// The system call's answer as a Disk result, repeated while a signal interrupts it.
template <class Call>
std::int64_t result_of(Call call) {
  for (;;) {
    const auto answer = call();
    if (answer >= 0) return static_cast<std::int64_t>(answer);
    if (errno != EINTR) return -errno;
  }
}

}  // namespace

FileDisk::~FileDisk() = default;

void FileDisk::open(std::string_view path, Open how, Done done) {
  int flags = O_CLOEXEC | (how.writable ? O_RDWR : O_RDONLY);
  if (how.create) flags |= O_CREAT;
  if (how.exclusive) flags |= O_EXCL;
  const std::string name(path);
  auto try_open = [&](int with) {
    return result_of([&] { return ::open(name.c_str(), flags | with, 0640); });
  };
  std::int64_t result = try_open(how.direct ? O_DIRECT : 0);
  // Linux checks O_DIRECT after it has made the file (open(2)), so the second try must not insist.
  if (result == -EINVAL && how.direct) {
    flags &= ~O_EXCL;
    result = try_open(0);
  }
  complete(result, std::move(done));
}

void FileDisk::close(File file) { ::close(file); }

void FileDisk::size(File file, Done done) {
  struct stat stat;
  const std::int64_t result = result_of([&] { return ::fstat(file, &stat); });
  complete(result < 0 ? result : stat.st_size, std::move(done));
}

void FileDisk::read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) {
  complete(result_of(
               [&] { return ::pread(file, into.data(), into.size(), static_cast<off_t>(offset)); }),
           std::move(done));
}

void FileDisk::write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
                     Done done) {
  std::int64_t result = result_of(
      [&] { return ::pwrite(file, from.data(), from.size(), static_cast<off_t>(offset)); });
  if (durable && result > 0) {
    const std::int64_t synced = result_of([&] { return ::fdatasync(file); });
    if (synced < 0) result = synced;
  }
  complete(result, std::move(done));
}

void FileDisk::sync(File file, Done done) {
  complete(result_of([&] { return ::fdatasync(file); }), std::move(done));
}

void FileDisk::allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) {
  std::int64_t result = result_of(
      [&] { return ::fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(bytes)); });
  if (result == -EOPNOTSUPP) {  // A file system without it still gets the length.
    struct stat stat;
    result = result_of([&] { return ::fstat(file, &stat); });
    const auto end = static_cast<off_t>(offset + bytes);
    if (result == 0 && stat.st_size < end)
      result = result_of([&] { return ::ftruncate(file, end); });
  }
  complete(result, std::move(done));
}

void FileDisk::truncate(File file, std::uint64_t bytes, Done done) {
  complete(result_of([&] { return ::ftruncate(file, static_cast<off_t>(bytes)); }),
           std::move(done));
}

void FileDisk::rename(std::string_view from, std::string_view to, Done done) {
  const std::string old_name(from), new_name(to);
  complete(result_of([&] { return std::rename(old_name.c_str(), new_name.c_str()); }),
           std::move(done));
}

void FileDisk::remove(std::string_view path, Done done) {
  const std::string name(path);
  complete(result_of([&] { return ::unlink(name.c_str()); }), std::move(done));
}

void FileDisk::list(std::string_view dir, std::vector<std::string>& names, Done done) {
  const std::string name(dir);
  names.clear();
  DIR* handle = ::opendir(name.c_str());
  if (handle == nullptr) return complete(-errno, std::move(done));
  std::int64_t result = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(handle);
    if (entry == nullptr) {
      result = -errno;
      break;
    }
    const std::string_view found = entry->d_name;
    if (found != "." && found != "..") names.emplace_back(found);
  }
  ::closedir(handle);
  complete(result, std::move(done));
}

void FileDisk::make_dir(std::string_view dir, Done done) {
  const std::string name(dir);
  complete(result_of([&] { return ::mkdir(name.c_str(), 0750); }), std::move(done));
}

void FileDisk::sync_dir(std::string_view dir, Done done) {
  const std::string name(dir);
  std::int64_t result =
      result_of([&] { return ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (result >= 0) {
    const int handle = static_cast<int>(result);
    result = result_of([&] { return ::fsync(handle); });
    ::close(handle);
  }
  complete(result, std::move(done));
}

std::size_t FileDisk::poll() {
  std::size_t ran = 0;
  // Completions queued by these callbacks wait for the next call, or a caller that reads ahead
  // would never come out.
  for (std::size_t ready = done_.size(); ran < ready; ++ran) {
    auto [result, done] = std::move(done_.front());
    done_.pop_front();
    done(result);
  }
  return ran;
}

void FileDisk::wait() {
  CHECK(!done_.empty());
  poll();
}

}  // namespace paddock
