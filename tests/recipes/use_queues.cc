#include <atomic>
#include <memory>

#include "recipes/barrier.h"
#include "recipes/double_barrier.h"
#include "recipes/queue.h"
#include "tests/recipes/contender.h"

namespace paddock::contest {
namespace {

using client::Expected;

// An item is PRODUCER-NUMBER-PRIORITY.
std::string producer_of(const std::string& item) { return item.substr(0, item.find('-')); }

void tell_taken(const Contender& contender, const recipes::QueueItem& item) {
  contender.tell("taken", {{"item", item.data()}, {"producer", producer_of(item.data())}});
}

// The work on an item, and its end.
bool finish_item(Contender& contender, recipes::QueueItem& item, bool may_give_back) {
  tell_taken(contender, item);
  if (may_give_back && contender.random(6) == 0) {
    contender.tell("gave back", {{"item", item.data()}});
    item.give_back();
    return true;
  }
  const Expected<void> consumed = item.consume(Contender::long_deadline());
  if (consumed) {
    contender.tell("confirmed", {{"item", item.data()}});
    return true;
  }
  // Ours no more: somebody else takes it.
  if (consumed.error() == Error::no_node) return true;
  return contender.survives(consumed.error(), "consume");
}

// Puts one, takes one, and so on. `Put` is given the queue, the item and its priority.
template <class Queue, class Put>
void put_and_take(Contender& contender, Queue& queue, Put put) {
  // Of all contenders of the process: one that comes back in a new session makes no item twice.
  static std::atomic<int> items = 0;
  while (contender.goes_on()) {
    const int number = items++;
    const auto putting = contender.patience();
    const int priority = static_cast<int>(contender.random(3));
    const std::string item =
        contender.who + "-" + std::to_string(number) + "-" + std::to_string(priority);
    contender.tell("putting", {{"item", item}});
    const Expected<void> done = put(queue, item, priority, putting);
    if (done) contender.tell("put", {{"item", item}});
    if (!done && !contender.survives(done.error(), "put", putting.is_short)) return;
    const auto taking = contender.patience();
    auto taken = queue.take(taking.deadline, taking.cancel.get_token());
    if (!taken) {
      if (!contender.survives(taken.error(), "take", taking.is_short)) return;
    } else if (!finish_item(contender, *taken, contender.arguments.impatient)) {
      return;
    }
  }
}

}  // namespace

void use_queue(Contender& contender) {
  recipes::Queue queue(contender.client, contender.arguments.base);
  put_and_take(contender, queue,
               [](recipes::Queue& into, const std::string& item, int, const auto& patience) {
                 return into.put(item, patience.deadline, patience.cancel.get_token());
               });
}

void use_priority_queue(Contender& contender) {
  recipes::PriorityQueue queue(contender.client, contender.arguments.base);
  put_and_take(contender, queue,
               [](recipes::PriorityQueue& into, const std::string& item, int priority,
                  const auto& patience) {
                 return into.put(item, priority, patience.deadline, patience.cancel.get_token());
               });
}

void drain_queue(Contender& contender) {
  recipes::PriorityQueue queue(contender.client, contender.arguments.base);
  for (;;) {
    auto taken = queue.try_take(Contender::long_deadline());
    if (!taken) {
      contender.survives(taken.error(), "try_take");
      return;
    }
    if (!*taken || !finish_item(contender, **taken, false)) return;
  }
}

void keep_barrier(Contender& contender) {
  recipes::Barrier barrier(contender.client, contender.arguments.base);
  Expected<void> done;
  while (contender.goes_on()) {
    done = barrier.close(Contender::long_deadline());
    if (!done) {
      if (contender.survives(done.error(), "close")) continue;
      return;
    }
    contender.tell("closed");
    // Time for the others to come.
    for (std::size_t looks = contender.random(20); looks > 0; --looks) {
      (void)barrier.is_closed(Contender::long_deadline());
    }
    contender.tell("opening");
    done = barrier.open(Contender::long_deadline());
    if (!done && !contender.survives(done.error(), "open")) return;
  }
  // The next keeper, or the test, leaves it open.
  done = barrier.open(Contender::long_deadline());
  if (!done) contender.survives(done.error(), "open");
}

void use_barrier(Contender& contender) {
  recipes::Barrier barrier(contender.client, contender.arguments.base);
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    contender.tell("waiting");
    const Expected<void> passed = barrier.wait(patience.deadline, patience.cancel.get_token());
    if (passed) contender.tell("passed");
    if (!passed && !contender.survives(passed.error(), "wait", patience.is_short)) return;
  }
}

void use_double_barrier(Contender& contender) {
  recipes::DoubleBarrier barrier(contender.client, contender.arguments.base,
                                 static_cast<std::size_t>(contender.arguments.members));
  for (int round = 0; contender.goes_on(); ++round) {
    contender.tell("entering", {{"round", round}});
    const Expected<void> entered = barrier.enter(Contender::long_deadline());
    if (!entered) {
      contender.tell("error", {{"where", "enter"}, {"error", client::error_name(entered.error())}});
      return;
    }
    contender.tell("entered", {{"round", round}});
    contender.tell("leaving", {{"round", round}});
    const Expected<void> left = barrier.leave(Contender::long_deadline());
    if (!left) {
      contender.tell("error", {{"where", "leave"}, {"error", client::error_name(left.error())}});
      return;
    }
    contender.tell("left", {{"round", round}});
  }
}

}  // namespace paddock::contest
