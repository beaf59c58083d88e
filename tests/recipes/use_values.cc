#include <atomic>
#include <map>
#include <string>

#include "recipes/config_cache.h"
#include "recipes/counter.h"
#include "recipes/tree_cache.h"
#include "tests/recipes/contender.h"

namespace paddock::contest {
using client::Expected;

void use_counter(Contender& contender) {
  recipes::CounterOptions options;
  options.value.receipts = contender.random(2) == 0;
  recipes::Counter counter(contender.client, contender.arguments.base, options);
  while (contender.goes_on()) {
    const auto patience = contender.patience();
    contender.tell("adding", {{"by", 1}});
    const Expected<std::int64_t> value =
        counter.add(1, patience.deadline, patience.cancel.get_token());
    if (value) {
      contender.tell("added", {{"by", 1}, {"value", *value}});
      continue;
    }
    if (client::had_no_effect(value.error())) contender.tell("not_added", {{"by", 1}});
    // Without receipts this is what it says when it cannot tell.
    const bool may_be_unsure = !options.value.receipts && value.error() == Error::connection_loss;
    if (may_be_unsure) continue;
    if (!contender.survives(value.error(), "add", patience.is_short)) return;
  }
}

void write_config(Contender& contender) {
  recipes::ConfigCache cache(contender.client, contender.arguments.base);
  for (int number = 0; contender.goes_on(); ++number) {
    const std::string text = contender.who + "-" + std::to_string(number);
    const recipes::ConfigValuePtr now = cache.value();
    const bool compares = now && contender.random(2) == 0;
    const auto published = cache.publish(text, compares ? now->stat.version : client::any_version,
                                         Contender::long_deadline());
    if (published) {
      contender.tell("published", {{"value", text}, {"version", *published}});
    } else if (!compares || published.error() != Error::bad_version) {
      if (!contender.survives(published.error(), "publish")) return;
    }
  }
}

void write_tree(Contender& contender) {
  while (contender.goes_on()) {
    std::string path = contender.arguments.base;
    for (std::size_t depth = 1 + contender.random(3); depth > 0; --depth) {
      path += "/" + std::string(1, static_cast<char>('a' + contender.random(3)));
    }
    const Deadline deadline = Contender::long_deadline();
    Error error = Error::ok;
    switch (contender.random(3)) {
      case 0:
        if (auto done = contender.client.create(path, contender.who).wait(deadline); !done)
          error = done.error();
        break;
      case 1:
        if (auto done = contender.client.remove(path).wait(deadline); !done) error = done.error();
        break;
      default:
        if (auto done = contender.client.set_data(path, contender.who).wait(deadline); !done)
          error = done.error();
    }
    if (error == Error::ok) contender.tell("written", {{"path", path}});
    if (client::is_session_end(error)) return;
  }
}

void use_config_cache(Contender& contender) {
  recipes::ConfigCache::Options options;
  options.listener = [&contender](const recipes::ConfigValuePtr& value) {
    contender.tell("changed", {{"path", contender.arguments.base},
                               {"mzxid", value ? value->stat.mzxid.value : 0}});
  };
  recipes::ConfigCache cache(contender.client, contender.arguments.base, options);
  contender.await_report();
  // Pushed and pulled, value by value, until the last one.
  Zxid seen{};
  for (;;) {
    const auto value = cache.await_newer(seen, Contender::long_deadline());
    if (!value) {
      contender.tell("error",
                     {{"where", "await_newer"}, {"error", client::error_name(value.error())}});
      return;
    }
    seen = (*value)->stat.mzxid;
    if ((*value)->data != end_name) continue;
    contender.tell("final", {{"state", {{contender.arguments.base, (*value)->data}}}});
    return;
  }
}

void use_tree_cache(Contender& contender) {
  std::map<std::string, std::string> told;  // the additions of all changes; the listener's thread
  const std::string end = contender.arguments.base + "/" + std::string(end_name);
  std::atomic<bool> end_told = false;
  recipes::TreeCache::Options options;
  options.listener = [&](const recipes::TreeUpdate& update) {
    for (const recipes::TreeChange& change : update.changes) {
      if (change.after) {
        told[change.path] = change.after->data;
      } else {
        told.erase(change.path);
      }
      contender.tell("changed", {{"path", change.path},
                                 {"mzxid", change.after ? change.after->stat.mzxid.value : 0}});
      if (change.path == end) end_told.store(true);
    }
    end_told.notify_all();
  };
  History::Fields state = History::Fields::object();
  {
    recipes::TreeCache cache(contender.client, contender.arguments.base, options);
    contender.await_report();
    const auto last = cache.await(
        [&](const recipes::TreeSnapshot& snapshot) { return snapshot.find(end) != nullptr; },
        Contender::long_deadline());
    if (!last) {
      contender.tell("error", {{"where", "await"}, {"error", client::error_name(last.error())}});
      return;
    }
    for (const auto& [path, node] : (*last)->nodes()) state[path] = node->data;
    end_told.wait(false);
  }
  // Behind the cache nobody calls the listener.
  contender.tell("final", {{"state", state}});
  if (History::Fields(told) != state) {
    contender.tell("error", {{"where", "listener"}, {"error", "its changes add up to less"}});
  }
}

}  // namespace paddock::contest
