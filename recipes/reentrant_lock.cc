#include "recipes/reentrant_lock.h"

#include <utility>

namespace paddock::recipes {

using namespace client;

Expected<Zxid> ReentrantLock::lock(Deadline deadline, const CancelToken& cancel) {
  return enter(&Lock::lock, deadline, cancel);
}
Expected<Zxid> ReentrantLock::try_lock(Deadline deadline, const CancelToken& cancel) {
  return enter(&Lock::try_lock, deadline, cancel);
}

Expected<Zxid> ReentrantLock::enter(Expected<Hold> (Lock::*take)(Deadline, const CancelToken&),
                                    Deadline deadline, const CancelToken& cancel) {
  const std::thread::id self = std::this_thread::get_id();
  {
    std::lock_guard guard(mutex_);
    if (const auto found = nests_.find(self); found != nests_.end()) {
      Nest& nest = found->second;
      if (nest.hold.state() == HoldState::lost) return tl::unexpected(Error::session_expired);
      ++nest.depth;
      return nest.hold.fencing_token();
    }
  }
  Expected<Hold> hold = (lock_.*take)(deadline, cancel);
  if (!hold) return tl::unexpected(hold.error());
  if (!*hold) return Zxid{};
  const Zxid token = hold->fencing_token();
  std::lock_guard guard(mutex_);
  nests_.emplace(self, Nest{std::move(*hold), 1});
  return token;
}

Expected<void> ReentrantLock::unlock() {
  Nest last;  // released outside the mutex: that may wait for a handler
  std::lock_guard guard(mutex_);
  const auto found = nests_.find(std::this_thread::get_id());
  if (found == nests_.end()) return tl::unexpected(Error::bad_arguments);
  if (--found->second.depth > 0) return {};
  last = std::move(found->second);
  nests_.erase(found);
  return {};
}

Hold* ReentrantLock::hold() {
  std::lock_guard guard(mutex_);
  const auto found = nests_.find(std::this_thread::get_id());
  return found == nests_.end() ? nullptr : &found->second.hold;
}

}  // namespace paddock::recipes
