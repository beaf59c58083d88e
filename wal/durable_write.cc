#include "wal/durable_write.h"

#include <cerrno>

#include "core/base/check.h"
#include "wal/error_text.h"
#include "wal/format.h"

namespace paddock::wal {
namespace {

/// A disk that takes nothing this often in a row is not going to.
constexpr std::uint32_t retries_max = 16;

bool never_ran(std::int64_t result) { return result == -ECANCELED || result == -EINTR; }

}  // namespace

void DurableWrite::start(Disk::File file, std::uint64_t offset, Bytes from, bool durable) {
  CHECK(!in_flight_);
  CHECK(offset % block_bytes == 0);
  CHECK(from.size() % block_bytes == 0);
  CHECK(!from.empty());
  file_ = file;
  offset_ = offset;
  from_ = from;
  durable_ = durable;
  written_bytes_ = 0;
  was_short_ = false;
  retries_ = 0;
  in_flight_ = true;
  write_on();
}

void DurableWrite::write_on() {
  disk_.write(file_, offset_ + written_bytes_, from_.subspan(written_bytes_), durable_,
              [this](std::int64_t result) { written(result); });
}

void DurableWrite::written(std::int64_t result) {
  if (never_ran(result)) {
    was_short_ = true;
    if (may_retry()) write_on();
    return;
  }
  if (result < 0) return fail("write failed: " + error_text(result));
  const std::uint64_t wanted = from_.size() - written_bytes_;
  if (static_cast<std::uint64_t>(result) >= wanted) {
    if (durable_ && was_short_) return sync();
    return done();
  }
  was_short_ = true;
  const std::uint64_t progress = static_cast<std::uint64_t>(result) / block_bytes * block_bytes;
  written_bytes_ += progress;
  if (progress > 0) retries_ = 0;
  if (may_retry()) write_on();
}

void DurableWrite::sync() {
  disk_.sync(file_, [this](std::int64_t result) { synced(result); });
}

void DurableWrite::synced(std::int64_t result) {
  if (never_ran(result)) {
    if (may_retry()) sync();
    return;
  }
  if (result < 0) return fail("sync failed: " + error_text(result));
  done();
}

void DurableWrite::done() {
  in_flight_ = false;
  owner_.write_done(*this);
}

void DurableWrite::fail(const std::string& reason) {
  in_flight_ = false;
  owner_.write_failed(*this, reason);
}

bool DurableWrite::may_retry() {
  if (++retries_ <= retries_max) return true;
  fail("the disk takes no bytes");
  return false;
}

}  // namespace paddock::wal
