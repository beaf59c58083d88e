#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "recipes/lock.h"

namespace paddock::recipes {

/// A Lock that a thread which holds it may take again, as Curator's InterProcessMutex: each lock()
/// needs its unlock(), and the last one releases.
///
/// **Guarantee, znodes, session, interop**: as lock.h. Each thread contends by a node of its own,
/// so threads of one process exclude each other too. When the hold is lost, further lock() calls of
/// its thread fail with session_expired until it has unlocked as often as it had locked: code
/// inside a lost critical section does not slip into a new one unawares.
///
/// **Round trips.** None for a nested lock() and unlock(); otherwise as lock.h.
///
/// Threads: any; mutex_ guards the table. Blocking only: a callback has no thread of its own.
/// Destroyed when no thread holds it; what is held all the same is released.
class ReentrantLock {
 public:
  ReentrantLock(client::Client& client, std::string path, LockOptions options = {})
      : lock_(client, std::move(path), std::move(options)) {}

  /// The fencing token, which is the same all through the nest. Errors: as Lock::lock.
  client::Expected<Zxid> lock(client::Deadline deadline, const client::CancelToken& cancel = {});
  /// As Lock::try_lock: 0 if someone else has it or waits for it.
  client::Expected<Zxid> try_lock(client::Deadline deadline,
                                  const client::CancelToken& cancel = {});
  /// Undoes one lock(). bad_arguments if this thread does not hold it.
  client::Expected<void> unlock();

  /// This thread's, to look at, to listen to and to be revoked; nullptr if it has none. Until its
  /// last unlock().
  Hold* hold();

 private:
  struct Nest {
    Hold hold;
    std::size_t depth = 0;
  };
  client::Expected<Zxid> enter(client::Expected<Hold> (Lock::*take)(client::Deadline,
                                                                    const client::CancelToken&),
                               client::Deadline deadline, const client::CancelToken& cancel);

  Lock lock_;
  std::mutex mutex_;
  std::unordered_map<std::thread::id, Nest> nests_;  ///< an entry belongs to its thread
};

}  // namespace paddock::recipes
