#include "paddock/disk/open_disk.h"

#include <utility>

#if defined(PADDOCK_LOSSY)
#include <cstdio>

#include "paddock/disk/lossy_disk.h"
#else
#include "paddock/disk/uring_disk.h"
#endif

namespace paddock {

#if defined(PADDOCK_LOSSY)

namespace {

/// One for all disks of the process. Never destroyed: what was not synced is lost at the end
/// anyway.
std::shared_ptr<LossyFiles> shared_files() {
  static const auto& files = *new std::shared_ptr<LossyFiles>([] {
    const LossyOptions options = LossyOptions::from_environment();
    std::fprintf(stderr, "lossy disk: seed %llu, syncs %s\n",
                 static_cast<unsigned long long>(options.seed), options.syncs ? "on" : "off");
    return std::make_shared<LossyFiles>(options);
  }());
  return files;
}

}  // namespace

std::unique_ptr<wal::Disk> open_shared_disk(net::Loop& loop) {
  return std::make_unique<LossyDisk>(loop, shared_files());
}

Result<std::unique_ptr<wal::Disk>, net::LoopError> open_own_disk() {
  auto disk = LossyDisk::open_own(shared_files());
  if (!disk) return fail(disk.error());
  return std::move(*disk);
}

#else

std::unique_ptr<wal::Disk> open_shared_disk(net::Loop& loop) {
  return std::make_unique<UringDisk>(loop);
}

Result<std::unique_ptr<wal::Disk>, net::LoopError> open_own_disk() {
  auto disk = UringDisk::open_own();
  if (!disk) return fail(disk.error());
  return std::move(*disk);
}

#endif

}  // namespace paddock
