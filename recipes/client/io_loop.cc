#include "recipes/client/io_loop.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <thread>

#include "recipes/client/io_core.h"

namespace paddock::client {

Expected<std::shared_ptr<IoLoop>> IoLoop::start() {
  std::shared_ptr<Core> core = Core::open(Core::Kind::threaded, Clock::now);
  if (!core) return tl::unexpected(Error::io_error);
  // Signals are the program's business and go to its own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread([core] { core->run(); });
  } catch (const std::system_error&) {
    // The standard library's only way to say that there are no more threads.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!thread.joinable()) return tl::unexpected(Error::io_error);
  return std::shared_ptr<IoLoop>(new IoLoop(std::move(core), std::move(thread)));
}

Expected<std::shared_ptr<IoLoop>> IoLoop::embed(EmbeddedOptions options) {
  std::shared_ptr<Core> core = Core::open(Core::Kind::embedded, std::move(options.now));
  if (!core) return tl::unexpected(Error::io_error);
  return std::shared_ptr<IoLoop>(new IoLoop(std::move(core), {}));
}

IoLoop::IoLoop(std::shared_ptr<Core> core, std::thread thread)
    : core_(std::move(core)), thread_(std::move(thread)) {}

IoLoop::~IoLoop() {
  core_->stop();
  if (!thread_.joinable()) return;
  if (core_->is_current()) {
    thread_.detach();  // it holds the core and ends by itself
  } else {
    thread_.join();
  }
}

int IoLoop::fd() const { return core_->epoll_fd(); }
void IoLoop::run_ready() {
  const std::shared_ptr<Core> core = core_;  // a callback may let go of the loop
  core->run_ready();
}
bool IoLoop::is_current() const { return core_->is_current(); }
bool IoLoop::is_any_current() { return Core::is_any_current(); }
TimePoint IoLoop::now() const { return core_->now(); }
void IoLoop::post(UniqueFunction<void()> task) {
  // The task may run, and let go of the loop, before this has rung.
  const std::shared_ptr<Core> core = core_;
  core->post(std::move(task));
}
IoLoop::TimerId IoLoop::call_at(TimePoint at, UniqueFunction<void()> task) {
  const std::shared_ptr<Core> core = core_;  // as above
  return core->call_at(at, std::move(task));
}
void IoLoop::cancel_timer(TimerId timer) { core_->cancel_timer(timer); }
void IoLoop::await_callbacks() { core_->await_callbacks(); }

}  // namespace paddock::client
