// Preloaded into a daemon: its wall clock is the machine's, moved by what stands in a file.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

/// Seconds; lives in memory that the test shares. Null before the file is open.
std::atomic<std::int64_t>* offset_s = nullptr;

[[gnu::constructor]] void open_offset() {
  const char* name = std::getenv("PADDOCK_TEST_WALL_CLOCK");
  if (name == nullptr) return;
  const int file = ::open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* at = ::mmap(nullptr, sizeof *offset_s, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) std::abort();
  offset_s = static_cast<std::atomic<std::int64_t>*>(at);
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* now) noexcept {
  const long failed = ::syscall(SYS_clock_gettime, id, now);
  if (failed == 0 && id == CLOCK_REALTIME && offset_s != nullptr)
    now->tv_sec += offset_s->load(std::memory_order_seq_cst);
  return static_cast<int>(failed);
}
