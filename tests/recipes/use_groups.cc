#include <algorithm>
#include <atomic>
#include <string>

#include "recipes/group_membership.h"
#include "recipes/naming_service.h"
#include "recipes/notifier.h"
#include "tests/recipes/contender.h"

namespace paddock::contest {
namespace {

using client::Expected;

// Set once, by a listener. Threads: any.
class Flag {
 public:
  void raise() {
    is_up_.store(true);
    is_up_.notify_all();
  }
  void wait() const { is_up_.wait(false); }

 private:
  std::atomic<bool> is_up_ = false;
};

// What `ask` gives, asked again if it is the end of the first session: the next one joins, too.
template <class Ask>
Expected<void> in_some_session(Ask ask) {
  Expected<void> joined = ask();
  while (!joined && joined.error() == Error::session_expired) joined = ask();
  return joined;
}

void tell_error(const Contender& contender, std::string_view where, Error error) {
  contender.tell("error", {{"where", where}, {"error", client::error_name(error)}});
}

}  // namespace

void use_membership(Contender& contender) {
  Flag end_told;
  recipes::GroupMembership::Options options;
  options.listener = [&](const recipes::GroupMembership::Event& event) {
    using Kind = recipes::GroupMembership::Event::Kind;
    if (event.kind == Kind::changed) return;
    contender.tell(event.kind == Kind::joined ? "joined" : "left", {{"member", event.member.id}});
    if (event.member.id == end_name) end_told.raise();
  };
  recipes::GroupMembership group(contender.client, contender.arguments.base, options);
  const auto joining = group.join(contender.who, contender.arguments.name);
  const auto joined =
      joining ? in_some_session([&] { return group.await_joined(Contender::long_deadline()); })
              : joining;
  if (!joined) {
    contender.tell("error", {{"where", "join"}, {"error", client::error_name(joined.error())}});
    return;
  }
  contender.await_report();
  end_told.wait();
  History::Fields state = History::Fields::object();
  for (const auto& [id, member] : group.members()) state[id] = member.data;
  contender.tell("final", {{"state", state}});
  contender.await_finish();  // the others count us
  const auto left = group.leave().wait(Contender::long_deadline());
  if (!left) contender.survives(left.error(), "leave");
}

void use_services(Contender& contender) {
  Flag end_told;
  recipes::NamingService naming(contender.client, contender.arguments.base);
  auto registration = naming.register_service(
      {.name = "orders", .id = contender.who, .address = contender.arguments.name});
  auto watch = naming.watch("orders", [&](const recipes::ServiceWatch::Instances& instances) {
    contender.tell("instances", {{"count", instances.size()}});
    for (const recipes::ServiceInstance& instance : instances) {
      if (instance.id == end_name) end_told.raise();
    }
  });
  if (!registration || !watch) {
    return tell_error(contender, "services", (registration ? watch.error() : registration.error()));
  }
  const auto held =
      in_some_session([&] { return (*registration)->await_held(Contender::long_deadline()); });
  if (!held) return tell_error(contender, "register", held.error());
  contender.await_report();
  end_told.wait();
  History::Fields state = History::Fields::object();
  for (const recipes::ServiceInstance& instance : *(*watch)->instances()) {
    state[instance.id] = instance.address;
  }
  contender.tell("final", {{"state", state}});
  contender.await_finish();
  const auto left = (*registration)->leave().wait(Contender::long_deadline());
  if (!left) contender.survives(left.error(), "leave");
}

void use_ids(Contender& contender) {
  recipes::NamingService naming(contender.client, contender.arguments.base);
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    const client::CancelToken cancel = patience.cancel.get_token();
    recipes::IdBlock block;
    Error error = Error::ok;
    if (contender.random(2) == 0) {
      const auto id = naming.next_id("order", 3, patience.deadline, cancel);
      if (id) block = {*id, 1};
      if (!id) error = id.error();
    } else {
      const auto reserved = naming.reserve_ids(
          "order", static_cast<std::int64_t>(1 + contender.random(4)), patience.deadline, cancel);
      if (reserved) block = *reserved;
      if (!reserved) error = reserved.error();
    }
    for (std::int64_t id = block.first; id < block.first + block.count; ++id) {
      contender.tell("id", {{"id", id}});
    }
    if (error != Error::ok && !contender.survives(error, "ids", patience.is_short)) return;
  }
}

void use_notifier(Contender& contender) {
  Flag end_told;
  recipes::Notifier notifier(contender.client, contender.arguments.base);
  auto subscription = notifier.subscribe("news", [&](const recipes::Notification& news) {
    contender.tell("notified",
                   {{"message", news.message}, {"number", news.number}, {"missed", news.missed}});
    if (news.message == end_name) end_told.raise();
  });
  if (!subscription) return tell_error(contender, "subscribe", subscription.error());
  for (int number = 0; contender.goes_on() && !contender.is_to_report(); ++number) {
    const std::string message = contender.who + "-" + std::to_string(number);
    const auto sent = notifier.notify("news", message, Contender::long_deadline());
    if (sent) contender.tell("sent", {{"message", message}, {"number", *sent}});
    if (!sent && !contender.survives(sent.error(), "notify")) return;
  }
  contender.tell("quiet");  // the test writes the end when all are
  end_told.wait();
  contender.tell("final", {{"state", History::Fields::object()}});
  contender.await_finish();
}

void use_workers(Contender& contender) {
  recipes::Notifier notifier(contender.client, contender.arguments.base);
  auto watch = notifier.watch_workers([&](const recipes::WorkerEvent& event) {
    using Kind = recipes::WorkerEvent::Kind;
    if (event.kind == Kind::progress) return;
    contender.tell(event.kind == Kind::started ? "joined" : "left", {{"member", event.id}});
  });
  auto worker = notifier.start_worker(contender.who, "0");
  if (!worker) return tell_error(contender, "start_worker", worker.error());
  const auto started =
      in_some_session([&] { return (*worker)->await_started(Contender::long_deadline()); });
  if (!started) return tell_error(contender, "await_started", started.error());
  for (int progress = 1; !contender.is_to_report(); ++progress) {
    (*worker)->report(std::to_string(progress)).wait(Contender::long_deadline());
  }
  const auto done = (*worker)->report("done").wait(Contender::long_deadline());
  if (!done) contender.survives(done.error(), "report");
  // Whoever lives says so at last, and the dead are gone.
  const auto all = watch->await(
      [&](const recipes::WorkerWatch::Workers& workers) {
        return static_cast<int>(workers.size()) == contender.arguments.members &&
               std::all_of(workers.begin(), workers.end(),
                           [](const auto& entry) { return entry.second == "done"; });
      },
      Contender::long_deadline());
  if (!all) return tell_error(contender, "await", all.error());
  contender.tell("final", {{"state", History::Fields(*all)}});
  contender.await_finish();
}

}  // namespace paddock::contest
