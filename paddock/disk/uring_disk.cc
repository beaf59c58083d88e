#include "paddock/disk/uring_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace paddock {

namespace {

/// One submission takes no more: the result has 31 bits, and the kernel itself stops at 2 GiB -
/// 4096.
constexpr std::size_t transfer_bytes_max = 1u << 30;

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t file_mode = 0640;

constexpr std::size_t zeros_bytes = 256 * 1024;
alignas(4096) constexpr std::array<std::byte, zeros_bytes> zeros{};

std::uint32_t transfer_bytes(std::size_t bytes) {
  return static_cast<std::uint32_t>(std::min(bytes, transfer_bytes_max));
}

}  // namespace

Result<std::unique_ptr<UringDisk>, net::LoopError> UringDisk::open_own() {
  auto loop = net::Loop::open({.sq_entries = 64, .cq_entries = 1024, .recv_buffer_count = 0});
  if (!loop) return fail(loop.error());
  return std::unique_ptr<UringDisk>(new UringDisk(std::move(*loop)));
}

UringDisk::UringDisk(net::Loop& shared) : loop_(shared) {}

UringDisk::UringDisk(std::unique_ptr<net::Loop> own)
    : own_loop_(std::move(own)), loop_(*own_loop_) {}

UringDisk::~UringDisk() {
  while (in_flight_ != 0) {
    while (ready_first_ != nullptr) {
      ready_first_ = ready_first_->next;
      --in_flight_;
    }
    if (in_flight_ != 0) loop_.wait(net::never_ns);
  }
  for (std::size_t fd = 0; fd < files_.size(); ++fd) {
    if (files_[fd] != FileKind::none) ::close(static_cast<int>(fd));
  }
}

// Operations.

UringDisk::Operation& UringDisk::begin(Done done, Operation::Step step) {
  if (free_ == nullptr) {
    operations_.push_back(std::make_unique<Operation>());
    Operation& fresh = *operations_.back();
    fresh.disk = this;
    fresh.done = [](net::Completion& self, std::int32_t result, std::uint32_t) {
      auto& operation = static_cast<Operation&>(self);
      operation.step(*operation.disk, operation, result);
    };
    free_ = &fresh;
  }
  Operation& operation = *std::exchange(free_, free_->next);
  operation.next = nullptr;
  operation.done_call = std::move(done);
  operation.step = step;
  operation.answer = 0;
  ++in_flight_;
  return operation;
}

io_uring_sqe* UringDisk::submission(Operation& operation) { return loop_.get_sqe(&operation); }

void UringDisk::finish(Operation& operation, std::int64_t result) {
  operation.result = result;
  operation.next = nullptr;
  (ready_first_ == nullptr ? ready_first_ : ready_last_->next) = &operation;
  ready_last_ = &operation;
}

void UringDisk::finish_step(UringDisk& disk, Operation& operation, std::int32_t result) {
  disk.finish(operation, result);
}

std::size_t UringDisk::poll() {
  std::size_t count = 0;
  // Only what is there now: a `done` that issues a call which completes at once must not keep the
  // loop from its other work.
  Operation* const last = ready_last_;
  while (ready_first_ != nullptr) {
    Operation& operation = *ready_first_;
    ready_first_ = operation.next;
    // Free before the call: `done` usually issues the next operation, which takes this one.
    Done done = std::move(operation.done_call);
    operation.done_call = nullptr;
    const std::int64_t result = operation.result;
    operation.next = std::exchange(free_, &operation);
    --in_flight_;
    ++count;
    if (done) done(result);
    if (&operation == last) break;
  }
  return count;
}

void UringDisk::wait() {
  CHECK(in_flight_ != 0);
  while (ready_first_ == nullptr) loop_.wait(net::never_ns);
  poll();
}

// Files.

void UringDisk::note_open(int fd, bool direct) {
  if (files_.size() <= static_cast<std::size_t>(fd)) {
    files_.resize(static_cast<std::size_t>(fd) + 1, FileKind::none);
  }
  files_[static_cast<std::size_t>(fd)] = direct ? FileKind::direct : FileKind::buffered;
}

bool UringDisk::is_direct(File file) const {
  CHECK(file >= 0);
  CHECK(static_cast<std::size_t>(file) < files_.size());
  return files_[static_cast<std::size_t>(file)] == FileKind::direct;
}

void UringDisk::open(std::string_view path, Open how, Done done) {
  Operation& operation = begin(std::move(done), opened);
  operation.path = path;
  operation.how = how;
  submit_open(operation);
}

int UringDisk::open_flags(const Open& how) {
  int flags = O_CLOEXEC | (how.writable ? O_RDWR : O_RDONLY);
  if (how.create) flags |= O_CREAT;
  if (how.create && how.exclusive) flags |= O_EXCL;
  if (how.direct) flags |= O_DIRECT;
  return flags;
}

void UringDisk::submit_open(Operation& operation) {
  io_uring_prep_openat(submission(operation), AT_FDCWD, operation.path.c_str(),
                       open_flags(operation.how), file_mode);
}

/// After -EMFILE: with a descriptor that was kept back. See SpareDescriptors.
std::int32_t UringDisk::open_again(const Operation& operation, int flags) {
  if (!spares_.release()) return -EMFILE;
  const int descriptor = ::open(operation.path.c_str(), flags, file_mode);
  if (descriptor >= 0) return descriptor;
  const int error = errno;
  spares_.refill();  // not needed after all
  return -error;
}

void UringDisk::opened(UringDisk& disk, Operation& operation, std::int32_t result) {
  if (result == -EMFILE) result = disk.open_again(operation, open_flags(operation.how));
  if (result == -EINVAL && operation.how.direct) {
    // No O_DIRECT on this file system. The kernel finds that out when the file has been made
    // already, so this time it may be there.
    operation.how.direct = false;
    operation.how.exclusive = false;
    disk.submit_open(operation);
    return;
  }
  if (result >= 0) disk.note_open(result, operation.how.direct);
  disk.finish(operation, result);
}

void UringDisk::close(File file) {
  CHECK(file >= 0);
  CHECK(static_cast<std::size_t>(file) < files_.size());
  CHECK(files_[static_cast<std::size_t>(file)] != FileKind::none);
  files_[static_cast<std::size_t>(file)] = FileKind::none;
  ::close(file);
  spares_.refill();
}

void UringDisk::submit_stat(Operation& operation) {
  if (!operation.stat) operation.stat = std::make_unique<struct statx>();
  io_uring_prep_statx(submission(operation), operation.fd, "", AT_EMPTY_PATH, STATX_SIZE,
                      operation.stat.get());
}

void UringDisk::size(File file, Done done) {
  Operation& operation =
      begin(std::move(done), [](UringDisk& disk, Operation& self, std::int32_t result) {
        disk.finish(self, result < 0 ? result : static_cast<std::int64_t>(self.stat->stx_size));
      });
  operation.fd = file;
  submit_stat(operation);
}

void UringDisk::read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  io_uring_prep_read(submission(operation), file, into.data(), transfer_bytes(into.size()), offset);
}

void UringDisk::write(File file, std::uint64_t offset, std::span<const std::byte> from,
                      bool durable, Done done) {
  const bool buffered = !is_direct(file);
  Operation& operation = begin(std::move(done), finish_step);
  io_uring_sqe* sqe = submission(operation);
  io_uring_prep_write(sqe, file, from.data(), transfer_bytes(from.size()), offset);
  if (!durable) return;
  sqe->rw_flags = RWF_DSYNC;
  if (buffered) sqe->flags |= IOSQE_ASYNC;
}

void UringDisk::sync(File file, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  io_uring_prep_fsync(submission(operation), file, IORING_FSYNC_DATASYNC);
}

// Allocation.

void UringDisk::allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) {
  Operation& operation = begin(std::move(done), allocated);
  operation.fd = file;
  operation.offset = offset;
  operation.end = offset + bytes;
  io_uring_prep_fallocate(submission(operation), file, 0, static_cast<off_t>(offset),
                          static_cast<off_t>(bytes));
}

void UringDisk::allocated(UringDisk& disk, Operation& operation, std::int32_t result) {
  if (result != -EOPNOTSUPP && result != -ENOSYS) {
    disk.finish(operation, result);
    return;
  }
  operation.step = allocate_sized;
  disk.submit_stat(operation);
}

void UringDisk::allocate_sized(UringDisk& disk, Operation& operation, std::int32_t result) {
  if (result < 0) {
    disk.finish(operation, result);
    return;
  }
  // What is there is kept: only the bytes behind the end are written.
  operation.offset = std::max(operation.offset, std::uint64_t{operation.stat->stx_size});
  operation.step = allocate_zeros;
  allocate_zeros(disk, operation, 0);
}

void UringDisk::allocate_zeros(UringDisk& disk, Operation& operation, std::int32_t result) {
  if (result < 0) {
    disk.finish(operation, result);
    return;
  }
  operation.offset += static_cast<std::uint32_t>(result);
  if (operation.offset >= operation.end) {
    disk.finish(operation, 0);
    return;
  }
  const std::uint64_t rest = operation.end - operation.offset;
  io_uring_prep_write(disk.submission(operation), operation.fd, zeros.data(),
                      static_cast<unsigned>(std::min<std::uint64_t>(rest, zeros_bytes)),
                      operation.offset);
}

void UringDisk::truncate(File file, std::uint64_t bytes, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  const int result = ::ftruncate(file, static_cast<off_t>(bytes));
  // Through the loop, so that its sleep ends: a shared loop would not know of a ready operation.
  io_uring_prep_nop(submission(operation));
  operation.answer = result == 0 ? 0 : -errno;
  operation.step = [](UringDisk& disk, Operation& self, std::int32_t) {
    disk.finish(self, self.answer);
  };
}

// Names.

void UringDisk::rename(std::string_view from, std::string_view to, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  operation.path = from;
  operation.path_to = to;
  io_uring_prep_renameat(submission(operation), AT_FDCWD, operation.path.c_str(), AT_FDCWD,
                         operation.path_to.c_str(), 0);
}

void UringDisk::remove(std::string_view path, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  operation.path = path;
  io_uring_prep_unlinkat(submission(operation), AT_FDCWD, operation.path.c_str(), 0);
}

void UringDisk::list(std::string_view dir, std::vector<std::string>& names, Done done) {
  Operation& operation = begin(std::move(done), [](UringDisk& disk, Operation& self, std::int32_t) {
    disk.finish(self, self.answer);
  });
  io_uring_prep_nop(submission(operation));
  DIR* stream = ::opendir(std::string(dir).c_str());
  if (stream == nullptr) {
    operation.answer = -errno;
    return;
  }
  names.clear();
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  operation.answer = -errno;
  ::closedir(stream);
}

void UringDisk::make_dir(std::string_view dir, Done done) {
  Operation& operation = begin(std::move(done), finish_step);
  operation.path = dir;
  io_uring_prep_mkdirat(submission(operation), AT_FDCWD, operation.path.c_str(), 0750);
}

void UringDisk::sync_dir(std::string_view dir, Done done) {
  Operation& operation = begin(std::move(done), dir_opened);
  operation.path = dir;
  io_uring_prep_openat(submission(operation), AT_FDCWD, operation.path.c_str(), directory_flags, 0);
}

void UringDisk::dir_opened(UringDisk& disk, Operation& operation, std::int32_t result) {
  if (result == -EMFILE) result = disk.open_again(operation, directory_flags);
  if (result < 0) {
    disk.finish(operation, result);
    return;
  }
  operation.fd = result;
  operation.step = dir_synced;
  io_uring_prep_fsync(disk.submission(operation), operation.fd, 0);
}

void UringDisk::dir_synced(UringDisk& disk, Operation& operation, std::int32_t result) {
  ::close(operation.fd);
  disk.spares_.refill();
  disk.finish(operation, result);
}

}  // namespace paddock
