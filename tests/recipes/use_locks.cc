#include "recipes/leader_election.h"
#include "recipes/lock.h"
#include "recipes/read_write_lock.h"
#include "recipes/reentrant_lock.h"
#include "recipes/semaphore.h"
#include "tests/recipes/contender.h"

namespace paddock::contest {
namespace {

using client::Expected;
using recipes::Hold;
using recipes::HoldState;

recipes::LockOptions lock_options(const Contender& contender) {
  recipes::LockOptions options;
  options.id = contender.who;
  if (contender.arguments.layout == "kazoo") options.layout = recipes::LockLayout::kazoo;
  return options;
}

std::int64_t token_of(const Hold& hold) { return hold.fencing_token().value; }

// Tells of a grant, if it is one by now. `place` is the token by which it stood in line.
bool tell_granted(Contender& contender, const Hold& hold, std::string_view kind,
                  std::int64_t place) {
  const std::int64_t asked = History::now();
  const bool is_valid = hold.is_valid();
  contender.tell(is_valid ? "granted" : "stale", {{"t", asked},
                                                  {"token", token_of(hold)},
                                                  {"kind", kind},
                                                  {"place", place},
                                                  {"name", contender.who}});
  return is_valid;
}

bool tell_holding(Contender& contender, const Hold& hold) {
  const std::int64_t asked = History::now();
  if (!hold.is_valid()) return false;
  contender.tell("holding", {{"t", asked}, {"token", token_of(hold)}});
  return true;
}

void listen(Contender& contender, Hold& hold) {
  hold.on_change([who = contender.who, token = token_of(hold)](HoldState state) {
    const std::int64_t told = History::now();
    History::tell(who, "hold",
                  {{"t", told}, {"token", token}, {"state", recipes::hold_state_name(state)}});
  });
}

// A critical section: some writes, for as long as it is held.
void work(Contender& contender, Hold& hold, FencedResource* resource) {
  for (std::size_t left = 1 + contender.random(3); left > 0; --left) {
    if (resource) {
      const bool accepted = resource->write(contender.who, token_of(hold));
      contender.tell("written", {{"token", token_of(hold)}, {"accepted", accepted}});
    } else {
      // A round trip in which something can happen.
      (void)contender.client.exists("/").wait(Contender::long_deadline());
    }
    if (!tell_holding(contender, hold)) return;
  }
}

// Sometimes waited for; otherwise the destructor of the hold does it.
void let_go(Contender& contender, Hold& hold) {
  if (contender.random(2) == 0) return;
  const Expected<void> released = hold.release().wait(Contender::long_deadline());
  if (!released) contender.survives(released.error(), "release");
}

// Everything between the grant and the release.
void hold_it(Contender& contender, Hold hold, std::string_view kind, FencedResource* resource) {
  if (contender.random(2) == 0) listen(contender, hold);
  if (!tell_granted(contender, hold, kind, token_of(hold))) return;
  work(contender, hold, resource);
  let_go(contender, hold);
}

}  // namespace

void use_lock(Contender& contender) {
  FencedResource resource(contender.arguments.resource);
  recipes::Lock lock(contender.client, contender.arguments.base, lock_options(contender));
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    const bool tries = contender.arguments.impatient && contender.random(8) == 0;
    contender.tell("asked");
    Expected<Hold> hold = tries ? lock.try_lock(patience.deadline, patience.cancel.get_token())
                                : lock.lock(patience.deadline, patience.cancel.get_token());
    if (!hold) {
      if (!contender.survives(hold.error(), "lock", patience.is_short)) return;
    } else if (*hold || !tries) {
      hold_it(contender, std::move(*hold), "write", &resource);
    }
  }
}

void use_reentrant_lock(Contender& contender) {
  FencedResource resource(contender.arguments.resource);
  recipes::ReentrantLock lock(contender.client, contender.arguments.base, lock_options(contender));
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    contender.tell("asked");
    const Expected<Zxid> outer = lock.lock(patience.deadline, patience.cancel.get_token());
    if (!outer) {
      if (!contender.survives(outer.error(), "lock", patience.is_short)) return;
      continue;
    }
    if (tell_granted(contender, *lock.hold(), "write", outer->value)) {
      const Expected<Zxid> inner = lock.lock(Contender::long_deadline());
      if (inner && *inner != *outer) {
        contender.tell("error", {{"where", "nested lock"}, {"error", "another token"}});
      }
      work(contender, *lock.hold(), &resource);
      if (inner && !lock.unlock()) contender.tell("error", {{"where", "unlock"}, {"error", ""}});
      if (inner) tell_holding(contender, *lock.hold());
    }
    if (!lock.unlock()) contender.tell("error", {{"where", "last unlock"}, {"error", ""}});
  }
}

void use_read_write_lock(Contender& contender) {
  recipes::ReadWriteLock lock(contender.client, contender.arguments.base, lock_options(contender));
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    const client::CancelToken cancel = patience.cancel.get_token();
    const bool writes = contender.random(3) == 0;
    contender.tell("asked");
    Expected<Hold> hold = writes ? lock.write_lock(patience.deadline, cancel)
                                 : lock.read_lock(patience.deadline, cancel);
    if (!hold) {
      if (!contender.survives(hold.error(), "lock", patience.is_short)) return;
      continue;
    }
    if (!writes || !contender.arguments.downgrades || contender.random(2) == 0) {
      hold_it(contender, std::move(*hold), writes ? "write" : "read", nullptr);
      continue;
    }
    const std::int64_t place = token_of(*hold);
    if (!tell_granted(contender, *hold, "write", place)) continue;
    work(contender, *hold, nullptr);
    Expected<Hold> reader = lock.downgrade(std::move(*hold), patience.deadline, cancel);
    if (!reader) {
      if (!contender.survives(reader.error(), "downgrade", patience.is_short)) return;
    } else if (tell_granted(contender, *reader, "read", place)) {
      work(contender, *reader, nullptr);
      let_go(contender, *reader);
    }
  }
}

void use_semaphore(Contender& contender) {
  recipes::SemaphoreOptions options;
  options.id = contender.who;
  recipes::Semaphore semaphore(contender.client, contender.arguments.base,
                               static_cast<std::size_t>(contender.arguments.members), options);
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    const client::CancelToken cancel = patience.cancel.get_token();
    const bool tries = contender.random(4) == 0;
    contender.tell("asked");
    Expected<Hold> hold = tries ? semaphore.try_acquire(patience.deadline, cancel)
                                : semaphore.acquire(patience.deadline, cancel);
    if (!hold) {
      if (!contender.survives(hold.error(), "acquire", patience.is_short)) return;
    } else if (*hold || !tries) {
      hold_it(contender, std::move(*hold), "permit", nullptr);
    }
  }
}

void use_election(Contender& contender) {
  FencedResource resource(contender.arguments.resource);
  recipes::ElectionOptions options;
  options.id = contender.who;
  if (contender.arguments.layout == "kazoo") options.layout = recipes::ElectionLayout::kazoo;
  if (contender.arguments.layout == "selector") options.layout = recipes::ElectionLayout::selector;
  recipes::LeaderElection election(contender.client, contender.arguments.base, options);
  const auto observation = election.observe(
      [who = contender.who](const Expected<std::optional<recipes::Leader>>& leader) {
        if (!leader) return;  // the session's end, which the candidate is told too
        History::tell(who, "observed",
                      {{"token", *leader ? (*leader)->term.value : 0},
                       {"name", *leader ? (*leader)->id : std::string()}});
      });
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    contender.tell("asked");
    Expected<Hold> term = election.campaign(patience.deadline, patience.cancel.get_token());
    if (!term) {
      if (!contender.survives(term.error(), "campaign", patience.is_short)) return;
      continue;
    }
    hold_it(contender, std::move(*term), "write", &resource);
  }
}

}  // namespace paddock::contest
