#include "paddock/reactor/control_box.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/check.h"

namespace paddock::reactor {

ControlBox::ControlBox(net::Loop& loop) : loop_(loop) {
  event_ = ::eventfd(0, EFD_CLOEXEC);
  CHECK(event_ >= 0);
  op_.box = this;
  op_.done = [](net::Completion& self, std::int32_t, std::uint32_t) {
    Op& op = static_cast<Op&>(self);
    op.is_armed = false;
    if (!op.box->is_stopping_) op.box->arm();
  };
}

ControlBox::~ControlBox() {
  CHECK(!op_.is_armed);
  ::close(event_);
}

void ControlBox::arm() {
  io_uring_prep_read(loop_.get_sqe(&op_), event_, &event_value_, sizeof event_value_, 0);
  op_.is_armed = true;
}

void ControlBox::start() { arm(); }

void ControlBox::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    has_tasks_.store(true, std::memory_order_seq_cst);
  }
  const std::uint64_t one = 1;
  // It cannot fail: the counter would have to reach 2^64 - 1.
  const ssize_t written = ::write(event_, &one, sizeof one);
  CHECK(written == sizeof one);
}

bool ControlBox::run() {
  if (!has_tasks_.load(std::memory_order_seq_cst)) return false;
  {
    const std::lock_guard lock(mutex_);
    running_.swap(tasks_);
    has_tasks_.store(false, std::memory_order_seq_cst);
  }
  for (std::function<void()>& task : running_) task();
  running_.clear();
  return true;
}

void ControlBox::stop() {
  is_stopping_ = true;
  if (op_.is_armed) io_uring_prep_cancel(loop_.get_sqe(nullptr), static_cast<void*>(&op_), 0);
}

}  // namespace paddock::reactor
