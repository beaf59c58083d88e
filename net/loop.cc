#include "net/loop.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "net/loop_error.h"

namespace paddock::net {

namespace {

/// Completions are told from the messages of wake() by their address; a message has none.
constexpr std::uint64_t wake_user_data = 0;

/// Buffers lent to the kernel at first, of recv_buffer_count.
constexpr std::uint32_t recv_lent_first = 64;
constexpr std::uint32_t recv_count_min = 8;

/// Spinning takes a microsecond or two between two looks at the clock. More means that another
/// thread had the core meanwhile, or that the machine had none for us. The kernel's worker that
/// starts a write takes up to 100 us; so much more is somebody with work of their own.
constexpr std::int64_t spin_gap_ns_max = 300'000;
/// Counting switches of threads is a system call, which short waits do without.
constexpr std::int64_t spin_uncounted_ns = 30'000;
constexpr std::int64_t sleep_ns_max = 3'600'000'000'000;

constexpr unsigned ring_flags_all =
    IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED;

/// Newest first; the kernel answers -EINVAL to what it does not know.
constexpr unsigned ring_flags_tried[] = {
    ring_flags_all | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
        IORING_SETUP_TASKRUN_FLAG,                                           // 6.1
    ring_flags_all | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,  // 5.19
    ring_flags_all,
};

}  // namespace

std::int64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

Result<std::unique_ptr<Loop>, LoopError> Loop::open(const Options& options) {
  CHECK((options.recv_buffer_count & (options.recv_buffer_count - 1)) == 0);
  CHECK(options.recv_buffer_count <= 32768);  // the kernel's bound of one buffer ring
  std::unique_ptr<Loop> loop(new Loop(options));
  loop->now_ns_ = monotonic_ns();
  if (const int error = loop->set_up_ring(options); error != 0) {
    return fail(explain_ring_refusal(error));
  }
  if (options.recv_buffer_count != 0) {
    if (const int error = loop->set_up_buffers(options); error != 0) {
      return fail(explain_buffer_refusal(error));
    }
  }
  return loop;
}

Loop::~Loop() {
  if (is_open_) io_uring_queue_exit(&ring_);
  if (recv_memory_ != nullptr) munmap(recv_memory_, recv_memory_bytes_);
  if (recv_ring_ != nullptr) std::free(recv_ring_);
}

int Loop::set_up_ring(const Options& options) {
  int error = EINVAL;
  for (const unsigned flags : ring_flags_tried) {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = options.cq_entries;
    error = -io_uring_queue_init_params(options.sq_entries, &ring_, &params);
    if (error != EINVAL) break;
  }
  if (error != 0) return error;
  is_open_ = true;
  constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;
  return (ring_.features & needed) == needed ? 0 : ENOTSUP;
}

int Loop::set_up_buffers(const Options& options) {
  recv_buffer_bytes_ = options.recv_buffer_bytes;
  recv_count_ = options.recv_buffer_count;
  const std::size_t page_bytes = 4096;
  // Locked memory may be scarce (ENOMEM): half as many buffers serve as well, only with more
  // re-arms.
  int error = ENOMEM;
  for (; recv_count_ >= recv_count_min; recv_count_ /= 2) {
    const std::size_t bytes =
        (recv_count_ * sizeof(io_uring_buf) + page_bytes - 1) / page_bytes * page_bytes;
    auto* ring = static_cast<io_uring_buf_ring*>(std::aligned_alloc(page_bytes, bytes));
    if (ring == nullptr) continue;
    std::memset(ring, 0, bytes);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(ring);
    registration.ring_entries = recv_count_;
    registration.bgid = recv_group();
    error = -io_uring_register_buf_ring(&ring_, &registration, 0);
    if (error == 0) {
      recv_ring_ = ring;
      break;
    }
    std::free(ring);
    if (error != ENOMEM) return error;
  }
  if (recv_ring_ == nullptr) return error;
  // Address space only: pages come with the first use of a buffer.
  recv_memory_bytes_ = std::size_t{recv_count_} * recv_buffer_bytes_;
  void* memory = mmap(nullptr, recv_memory_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return ENOMEM;
  recv_memory_ = static_cast<std::byte*>(memory);
  lend_recv_buffers(std::min(recv_count_, recv_lent_first));
  return 0;
}

void Loop::lend_recv_buffers(std::uint32_t count) {
  const int mask = io_uring_buf_ring_mask(recv_count_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t id = recv_lent_total_ + i;
    io_uring_buf_ring_add(recv_ring_, recv_memory_ + std::size_t{id} * recv_buffer_bytes_,
                          recv_buffer_bytes_, static_cast<unsigned short>(id), mask,
                          static_cast<int>(i));
  }
  io_uring_buf_ring_advance(recv_ring_, static_cast<int>(count));
  recv_lent_total_ += count;
}

void Loop::lend_more() {
  is_starved_ = false;
  lend_recv_buffers(std::min(recv_lent_total_, recv_count_ - recv_lent_total_));
}

const std::byte* Loop::recv_buffer(std::uint16_t id) const {
  CHECK(id < recv_lent_total_);
  return recv_memory_ + std::size_t{id} * recv_buffer_bytes_;
}

void Loop::recycle_recv_buffer(std::uint16_t id) {
  io_uring_buf_ring_add(recv_ring_, recv_memory_ + std::size_t{id} * recv_buffer_bytes_,
                        recv_buffer_bytes_, id, io_uring_buf_ring_mask(recv_count_), 0);
  io_uring_buf_ring_advance(recv_ring_, 1);
  --recv_held_count_;
}

/// The ring was made disabled so that it may be opened on one thread and belong to another:
/// enabling makes the caller its single issuer. The registered ring descriptor belongs to the
/// thread too.
void Loop::claim() {
  is_claimed_ = true;
  owner_ = std::this_thread::get_id();
  // liburing 2.3 declares io_uring_enable_rings() but does not export it.
  const long enabled =
      syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  CHECK(enabled == 0);
  io_uring_register_ring_fd(&ring_);  // saves a descriptor look-up a turn; works without as well
}

bool Loop::hold_open(std::span<const int> descriptors) {
  const auto count = static_cast<unsigned>(descriptors.size());
  return io_uring_register_files(&ring_, descriptors.data(), count) == 0;
}

io_uring_sqe* Loop::get_sqe(Completion* completion) {
  own();
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) [[unlikely]] {
      submit();
      sqe = io_uring_get_sqe(&ring_);
    }
  io_uring_sqe_set_data(sqe, completion);
  return sqe;
}

void Loop::make_room(std::uint32_t count) {
  CHECK(count <= ring_.sq.ring_entries);
  own();
  while (io_uring_sq_space_left(&ring_) < count) submit();
}

void Loop::submit() {
  own();
  if (io_uring_sq_ready(&ring_) == 0) return;
  // relaxed, as all counters: they order nothing.
  counters_.enter_count.fetch_add(1, std::memory_order_relaxed);
  const int submitted = io_uring_submit(&ring_);
  // -EBUSY and -EAGAIN: the completion queue has overflown or the kernel is short of memory. The
  // entries stay queued; making room for the completions in the kernel is all that helps.
  if (submitted < 0) io_uring_get_events(&ring_);
}

bool Loop::has_completion() const {
  const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  return io_uring_cq_ready(&ring_) != 0 ||
         (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

namespace {

/// How often the core went from this thread to another one, and came back.
std::int64_t switch_count() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw + usage.ru_nivcsw;
}

}  // namespace

/// False: nothing came until then, or others wait for this core.
bool Loop::spin(std::int64_t now_ns, std::int64_t until_ns) {
  const std::int64_t count_at_ns = now_ns + spin_uncounted_ns;
  std::optional<std::int64_t> switches;
  while (true) {
    for (int i = 0; i < 32; ++i) {
      if (has_completion()) return true;
      __builtin_ia32_pause();
    }
    sched_yield();
    const std::int64_t before_ns = std::exchange(now_ns, monotonic_ns());
    if (now_ns >= until_ns) return false;
    if (now_ns - before_ns > spin_gap_ns_max && switches && switch_count() != *switches) {
      busy_poll_.disturbs();
      return false;
    }
    if (!switches && now_ns >= count_at_ns) switches = switch_count();
  }
}

/// Returns when it began to wait, or nullopt: something was there already, or no wait was wanted.
std::optional<std::int64_t> Loop::enter(std::int64_t deadline_ns) {
  counters_.enter_count.fetch_add(1, std::memory_order_relaxed);
  // Completions of an earlier submit() are there, or no sleep is wanted: collect, do not wait.
  // With DEFER_TASKRUN only GETEVENTS runs what makes completions.
  if (deadline_ns == 0 || has_completion()) {
    io_uring_submit_and_get_events(&ring_);
    return std::nullopt;
  }
  const std::int64_t began_ns = monotonic_ns();
  if (const std::int64_t spin_ns = busy_poll_.spin_ns(); spin_ns != 0) {
    submit();
    if (spin(began_ns, std::min(deadline_ns, began_ns + spin_ns)))
      io_uring_get_events(&ring_);
    else
      sleep(deadline_ns);
  } else {
    sleep(deadline_ns);
  }
  return began_ns;
}

/// Submits, and returns with the first completion or at the deadline.
void Loop::sleep(std::int64_t deadline_ns) {
  if (deadline_ns == never_ns) {
    io_uring_submit_and_wait(&ring_, 1);
    return;
  }
  const std::int64_t sleep_ns =
      std::clamp<std::int64_t>(deadline_ns - monotonic_ns(), 0, sleep_ns_max);
  __kernel_timespec timeout{sleep_ns / 1'000'000'000, sleep_ns % 1'000'000'000};
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
}

std::size_t Loop::dispatch() {
  std::size_t count = 0;
  io_uring_cq& cq = ring_.cq;
  const unsigned mask = cq.ring_mask;
  unsigned head = *cq.khead;
  const unsigned tail = io_uring_smp_load_acquire(cq.ktail);
  for (; head != tail; ++head, ++count) {
    const io_uring_cqe& cqe = cq.cqes[head & mask];
    if (cqe.user_data == wake_user_data) continue;
    if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) ++recv_held_count_;
    auto* completion = reinterpret_cast<Completion*>(cqe.user_data);
    completion->done(*completion, cqe.res, cqe.flags);
  }
  io_uring_smp_store_release(cq.khead, head);
  return count;
}

std::size_t Loop::wait(std::int64_t deadline_ns) {
  own();
  const std::optional<std::int64_t> began_ns = enter(std::min(deadline_ns, timers_.next_ns()));
  now_ns_ = monotonic_ns();
  if (began_ns) busy_poll_.waited(now_ns_ - *began_ns);
  std::size_t count = dispatch();
  // What did not fit into the completion queue waits in the kernel (NODROP) until it is fetched.
  while ((IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) [[unlikely]] {
      counters_.cq_overflow_count.fetch_add(1, std::memory_order_relaxed);
      io_uring_get_events(&ring_);
      const std::size_t more = dispatch();
      if (more == 0) break;
      count += more;
    }
  if (is_starved_) [[unlikely]]
    lend_more();
  counters_.completion_count.fetch_add(count, std::memory_order_relaxed);
  if (timers_.next_ns() <= now_ns_) timers_.run(now_ns_);
  return count;
}

void Loop::wake(Loop& from, Loop& to) {
  // A ring that its owner has not enabled yet answers -EBADFD: that owner does not sleep. A failure
  // is a completion without a target; success makes none here.
  io_uring_sqe* sqe = from.get_sqe(nullptr);
  io_uring_prep_msg_ring(sqe, to.ring_.ring_fd, 0, wake_user_data, 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  from.submit();
}

}  // namespace paddock::net
