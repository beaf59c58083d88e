#include "recipes/semaphore.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "core/base/check.h"
#include "recipes/contender_names.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::string_view lease_name = "lease-";
constexpr Spelling spellings[] = {{.marker = lease_name}};

}  // namespace

/// The two waits of one acquire, as one result. Kept alive by the completion of the current one.
struct Semaphore::Acquisition {
  explicit Acquisition(Completion<Hold> done) : promise(std::move(done)) {}

  /// The wait that a cancellation ends from now on. The second may be there before the first's
  /// starter gets to say so.
  void enter(int step, Pending<Hold> wait) {
    std::unique_lock lock(mutex);
    if (step < current_step) return;
    current_step = step;
    current = wait;
    if (is_cancelled) {
      lock.unlock();
      wait.cancel();
    }
  }
  void cancel() {
    Pending<Hold> wait;
    {
      std::lock_guard lock(mutex);
      is_cancelled = true;
      wait = current;
    }
    wait.cancel();
  }

  Promise<Hold> promise;
  std::mutex mutex;
  bool is_cancelled = false;
  int current_step = 0;
  Pending<Hold> current;
  Hold turn;  ///< between the two completions
};

Semaphore::Semaphore(Client& client, std::string path, std::size_t permits,
                     SemaphoreOptions options)
    : permits_(permits),
      id_(options.id.empty() ? default_holder_id() : std::move(options.id)),
      leases_(client, path + "/leases", options.acl),
      turns_(client, path + "/locks", {.id = id_, .acl = options.acl}) {
  CHECK(permits >= 1);
}

WaitingLine::Request Semaphore::lease(bool waits) const {
  const auto rule = [permits = permits_](const std::vector<std::string>& names, std::string_view) {
    const auto in_use = static_cast<std::size_t>(std::count_if(
        names.begin(), names.end(),
        [](const std::string& name) { return parse_contender(name, spellings).has_value(); }));
    return Verdict{in_use <= permits ? Verdict::Kind::granted : Verdict::Kind::crowded, {}};
  };
  return {.name = std::string(lease_name), .data = id_, .rule = rule, .waits = waits};
}

Pending<Hold> Semaphore::acquire_async(Deadline deadline, Completion<Hold> done) {
  const auto acquisition = std::make_shared<Acquisition>(std::move(done));
  acquisition->promise.on_cancel([weak = std::weak_ptr(acquisition)] {
    if (const auto self = weak.lock()) self->cancel();
  });
  const Pending<Hold> pending = acquisition->promise.pending();
  // Not called with a hold once turns_ is being destroyed, so leases_ is there.
  acquisition->enter(
      1, turns_.lock_async(deadline, [this, acquisition, deadline](Expected<Hold>& turn) {
        if (!turn) return acquisition->promise.set(tl::unexpected(turn.error()));
        acquisition->turn = std::move(*turn);
        acquisition->enter(
            2, leases_.join(lease(true), deadline, [acquisition](Expected<Hold>& permit) {
              acquisition->turn = Hold();
              acquisition->promise.set(std::move(permit));
            }));
      }));
  return pending;
}

Expected<Hold> Semaphore::acquire(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return acquire_async(deadline); }, deadline, cancel);
}
Pending<Hold> Semaphore::try_acquire_async(Deadline deadline, Completion<Hold> done) {
  return leases_.join(lease(false), deadline, std::move(done));
}
Expected<Hold> Semaphore::try_acquire(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return try_acquire_async(deadline); }, deadline, cancel);
}

}  // namespace paddock::recipes
