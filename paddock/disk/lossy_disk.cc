#include "paddock/disk/lossy_disk.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/check.h"

namespace paddock {

LossyDisk::LossyDisk(net::Loop& shared, std::shared_ptr<LossyFiles> files)
    : LossyDisk(nullptr, shared, std::move(files)) {}

LossyDisk::LossyDisk(std::unique_ptr<net::Loop> own, net::Loop& loop,
                     std::shared_ptr<LossyFiles> files)
    : own_loop_(std::move(own)),
      loop_(loop),
      files_(std::move(files)),
      wake_fd_(::eventfd(0, EFD_CLOEXEC)) {
  CHECK(wake_fd_ >= 0);
  wake_.disk = this;
  wake_.done = [](net::Completion& self, std::int32_t, std::uint32_t) {
    LossyDisk& disk = *static_cast<WakeOp&>(self).disk;
    disk.is_armed_ = false;
    if (!disk.stops_) disk.arm();
  };
}

Result<std::unique_ptr<LossyDisk>, net::LoopError> LossyDisk::open_own(
    std::shared_ptr<LossyFiles> files) {
  auto loop = net::Loop::open({.sq_entries = 64, .cq_entries = 1024, .recv_buffer_count = 0});
  if (!loop) return fail(loop.error());
  net::Loop& own = **loop;
  return std::unique_ptr<LossyDisk>(new LossyDisk(std::move(*loop), own, std::move(files)));
}

LossyDisk::~LossyDisk() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      in_flight_ -= completed_.size();
      completed_.clear();
    }
    if (in_flight_ == 0) break;
    loop_.wait(net::never_ns);
  }
  stops_ = true;
  ::eventfd_write(wake_fd_, 1);
  while (is_armed_) loop_.wait(net::never_ns);
  ::close(wake_fd_);
  for (const LossyFiles::Node node : open_) {
    if (node != 0) files_->close(node);
  }
}

void LossyDisk::arm() {
  is_armed_ = true;
  io_uring_prep_read(loop_.get_sqe(&wake_), wake_fd_, &wake_count_, sizeof wake_count_, 0);
}

/// Threads: any; the mutex.
void LossyDisk::complete(std::int64_t result, Done done) {
  std::lock_guard lock(mutex_);
  completed_.emplace_back(result, std::move(done));
  // Under the lock: the owner may be waiting for just this one in order to close the descriptor.
  ::eventfd_write(wake_fd_, 1);
}

LossyFiles::Node LossyDisk::node(File file) const {
  CHECK(file >= 0);
  CHECK(static_cast<std::size_t>(file) < open_.size());
  CHECK(open_[static_cast<std::size_t>(file)] != 0);
  return open_[static_cast<std::size_t>(file)];
}

std::size_t LossyDisk::poll() {
  std::vector<Completed> ready;
  {
    std::lock_guard lock(mutex_);
    ready.swap(completed_);
  }
  in_flight_ -= ready.size();
  for (auto& [result, done] : ready) {
    if (done) done(result);
  }
  return ready.size();
}

void LossyDisk::wait() {
  CHECK(in_flight_ != 0);
  while (poll() == 0) loop_.wait(net::never_ns);
}

void LossyDisk::open(std::string_view path, Open how, Done done) {
  begin();
  std::int64_t result =
      files_->open(std::string(path), {.create = how.create, .exclusive = how.exclusive});
  if (result >= 0) {
    const auto free = std::find(open_.begin(), open_.end(), LossyFiles::Node{0});
    const auto file = free - open_.begin();
    if (free == open_.end()) open_.emplace_back();
    open_[static_cast<std::size_t>(file)] = static_cast<LossyFiles::Node>(result);
    result = file;
  }
  complete(result, std::move(done));
}

void LossyDisk::close(File file) {
  files_->close(node(file));
  open_[static_cast<std::size_t>(file)] = 0;
}

void LossyDisk::size(File file, Done done) {
  begin();
  complete(files_->size(node(file)), std::move(done));
}

void LossyDisk::read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) {
  begin();
  complete(files_->read(node(file), offset, into), std::move(done));
}

void LossyDisk::write(File file, std::uint64_t offset, std::span<const std::byte> from,
                      bool durable, Done done) {
  begin();
  const std::int64_t written = files_->write(node(file), offset, from);
  if (written <= 0 || !durable) {
    complete(written, std::move(done));
    return;
  }
  files_->sync(node(file), offset, from.size(),
               [this, written, done = std::move(done)](std::int64_t result) mutable {
                 complete(result < 0 ? result : written, std::move(done));
               });
}

void LossyDisk::sync(File file, Done done) {
  begin();
  files_->sync(node(file), 0, UINT64_MAX,
               [this, done = std::move(done)](std::int64_t result) mutable {
                 complete(result, std::move(done));
               });
}

void LossyDisk::allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) {
  begin();
  complete(files_->allocate(node(file), offset, bytes), std::move(done));
}

void LossyDisk::truncate(File file, std::uint64_t bytes, Done done) {
  begin();
  complete(files_->truncate(node(file), bytes), std::move(done));
}

void LossyDisk::rename(std::string_view from, std::string_view to, Done done) {
  begin();
  complete(files_->rename(std::string(from), std::string(to)), std::move(done));
}

void LossyDisk::remove(std::string_view path, Done done) {
  begin();
  complete(files_->remove(std::string(path)), std::move(done));
}

void LossyDisk::list(std::string_view dir, std::vector<std::string>& names, Done done) {
  begin();
  complete(files_->list(std::string(dir), names), std::move(done));
}

void LossyDisk::make_dir(std::string_view dir, Done done) {
  begin();
  complete(files_->make_dir(std::string(dir)), std::move(done));
}

void LossyDisk::sync_dir(std::string_view dir, Done done) {
  begin();
  files_->sync_dir(std::string(dir), [this, done = std::move(done)](std::int64_t result) mutable {
    complete(result, std::move(done));
  });
}

}  // namespace paddock
