#include "recipes/double_barrier.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::string_view ready_name = "ready";

void keep_members(std::vector<std::string>& names) {
  names.erase(std::remove(names.begin(), names.end(), ready_name), names.end());
  std::sort(names.begin(), names.end());
}

}  // namespace

DoubleBarrier::DoubleBarrier(Client& client, std::string path, std::size_t member_count)
    : client_(client),
      path_(std::move(path)),
      ready_(join_path(path_, ready_name)),
      member_count_(member_count) {}

DoubleBarrier::~DoubleBarrier() { get_out(); }

void DoubleBarrier::get_out() {
  // In another session the node is gone by itself; its random name is nobody else's.
  if (!node_.empty()) client_.remove_guaranteed(std::exchange(node_, {}));
}

Expected<void> DoubleBarrier::enter(Deadline deadline, const CancelToken& cancel,
                                    std::string_view data) {
  if (is_inside()) return tl::unexpected(Error::bad_arguments);
  const Expected<void> arrived = arrive(deadline, cancel, data);
  if (!arrived) return arrived;
  Expected<void> ready =
      retry(client_, deadline, cancel, [&] { return await_ready(deadline, cancel); });
  if (!ready) get_out();
  return ready;
}

Expected<void> DoubleBarrier::arrive(Deadline deadline, const CancelToken& cancel,
                                     std::string_view data) {
  const CreateOptions options{.mode = CreateMode::ephemeral};
  const std::string name = join_path(path_, "member");
  for (bool has_parent = false;; has_parent = true) {
    const auto created =
        client_.create_protected(name, data, options, deadline).wait(deadline, cancel);
    if (created) {
      node_ = created->path;
      session_ = created->stat.ephemeral_owner;
      return {};
    }
    if (created.error() != Error::no_node || has_parent) return tl::unexpected(created.error());
    const auto made = ensure_path(client_, path_, deadline, cancel);
    if (!made) return made;
  }
}

Expected<void> DoubleBarrier::await_ready(Deadline deadline, const CancelToken& cancel) {
  const Promise<EventType> fired;
  const Watcher watcher =
      make_watcher([fired](const WatchedEvent& event) { fired.set(event.type); });
  const Pending<std::optional<Stat>> looking = client_.exists(ready_, watcher);
  auto names = client_.get_child_names(path_).wait(deadline, cancel);
  const auto ready = looking.wait(deadline, cancel);
  const auto decide = [&]() -> Expected<void> {
    if (!ready) return tl::unexpected(ready.error());
    if (!names) return tl::unexpected(names.error());
    keep_members(*names);
    const bool is_there = std::binary_search(names->begin(), names->end(), node_name(node_));
    if (!is_there) return tl::unexpected(Error::session_expired);
    if (*ready) return {};
    if (names->size() >= member_count_) {
      const auto made = client_.create(ready_, "").wait(deadline, cancel);
      if (made || made.error() == Error::node_exists) return {};
      return tl::unexpected(made.error());
    }
    const auto event = fired.pending().wait(deadline, cancel);
    if (!event) return tl::unexpected(event.error());
    if (*event == EventType::watch_lost) return tl::unexpected(Error::session_expired);
    return {};
  };
  Expected<void> decided = decide();
  if (!fired.is_ready()) client_.remove_watches(ready_, WatcherType::data, watcher);
  return decided;
}

Expected<void> DoubleBarrier::leave(Deadline deadline, const CancelToken& cancel) {
  if (!is_inside()) return tl::unexpected(Error::bad_arguments);
  Expected<void> left =
      retry(client_, deadline, cancel, [&] { return await_others(deadline, cancel); });
  get_out();
  return left;
}

/// One step after the other until no member is inside. While this one is, node_ is set; then
/// others_ are those who were inside with it, so that members of the next round are told apart.
Expected<void> DoubleBarrier::await_others(Deadline deadline, const CancelToken& cancel) {
  for (;;) {
    const Pending<std::optional<Stat>> looking = client_.exists(ready_);
    auto names = client_.get_child_names(path_).wait(deadline, cancel);
    const auto ready = looking.wait(deadline, cancel);
    if (!names && names.error() == Error::no_node) names.emplace();
    if (!names) return tl::unexpected(names.error());
    if (!ready) return tl::unexpected(ready.error());
    keep_members(*names);
    if (!node_.empty()) {
      const bool is_there = std::binary_search(names->begin(), names->end(), node_name(node_));
      if (!is_there && client_.session().session != session_) {
        return tl::unexpected(Error::session_expired);
      }
      if (!is_there) return {};  // the reply to leave_last was lost
      if (names->size() == 1) return leave_last(deadline, cancel);
      if (names->front() == node_name(node_)) {
        const auto gone = await_any_gone({join_path(path_, names->back())}, deadline, cancel);
        if (!gone) return gone;
        continue;
      }
      others_ = *names;
      const auto removed = client_.remove_guaranteed(node_).wait(deadline, cancel);
      if (!removed) return removed;
      others_.erase(std::lower_bound(others_.begin(), others_.end(), node_name(node_)));
      node_.clear();
      continue;
    }
    if (names->empty()) {
      // The last one has died, or is of another kind: `ready` is left to whoever sees it.
      const auto removed = client_.remove(ready_).wait(deadline, cancel);
      if (!removed && removed.error() != Error::no_node) return removed;
      return {};
    }
    const auto other =
        std::find_first_of(names->begin(), names->end(), others_.begin(), others_.end());
    if (other == names->end() && !*ready) return {};
    std::vector<std::string> awaited = {
        join_path(path_, other == names->end() ? names->front() : *other)};
    if (*ready) awaited.push_back(ready_);
    const auto gone = await_any_gone(awaited, deadline, cancel);
    if (!gone) return gone;
  }
}

Expected<void> DoubleBarrier::leave_last(Deadline deadline, const CancelToken& cancel) {
  const auto left = client_.multi({RemoveOp{node_}, RemoveOp{ready_}}).wait(deadline, cancel);
  if (!left) return tl::unexpected(left.error());
  if (left->error() == Error::ok) {
    node_.clear();
    return {};
  }
  // No `ready` (someone of another kind deletes it before), or removed by a lost multi before this.
  const auto removed = client_.remove_guaranteed(node_).wait(deadline, cancel);
  if (removed) node_.clear();
  return removed;
}

Expected<void> DoubleBarrier::await_any_gone(const std::vector<std::string>& paths,
                                             Deadline deadline, const CancelToken& cancel) {
  const Promise<EventType> fired;
  const Watcher watcher =
      make_watcher([fired](const WatchedEvent& event) { fired.set(event.type); });
  Error error = Error::ok;
  bool all_there = true;
  for (const std::string& path : paths) {
    const auto stat = client_.exists(path, watcher).wait(deadline, cancel);
    if (!stat) error = stat.error();
    all_there &= stat && *stat;
  }
  if (error == Error::ok && all_there) {
    const auto event = fired.pending().wait(deadline, cancel);
    if (!event) error = event.error();
  }
  for (const std::string& path : paths) {
    client_.remove_watches(path, WatcherType::data, watcher);
  }
  if (error != Error::ok) return tl::unexpected(error);
  return {};
}

}  // namespace paddock::recipes
