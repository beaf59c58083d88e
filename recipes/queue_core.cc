#include "recipes/queue_core.h"

#include <algorithm>
#include <set>
#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

QueueCore::QueueCore(Client& client, QueueLayout layout, bool is_by_priority)
    : client_(client),
      layout_(std::move(layout)),
      is_by_priority_(is_by_priority),
      id_(unique_name()),
      ledger_(client, layout_.ledgers()) {}

void QueueCore::stop() {
  std::lock_guard lock(mutex_);
  if (!watcher_) return;
  client_.remove_watches(layout_.entries(), WatcherType::children, watcher_);
  client_.remove_watches(layout_.taken(), WatcherType::children, watcher_);
}

Expected<void> QueueCore::make_folders(Deadline deadline, const CancelToken& cancel) {
  const auto entries = ensure_path(client_, layout_.entries(), deadline, cancel);
  if (!entries) return entries;
  return ensure_path(client_, layout_.taken(), deadline, cancel);
}

Expected<void> QueueCore::put(const std::vector<std::string>& messages, std::optional<int> priority,
                              Deadline deadline, const CancelToken& cancel) {
  const std::optional<std::string> prefix = layout_.name_prefix(priority);
  if (!prefix) return tl::unexpected(Error::bad_arguments);
  std::vector<Op> ops;
  for (const std::string& message : messages) {
    ops.push_back(CreateOp{entry_path(*prefix),
                           layout_.encode(message),
                           {.mode = CreateMode::persistent_sequential, .want_stat = false}});
  }
  if (ops.empty()) return {};
  for (bool has_folders = false;; has_folders = true) {
    const auto applied = ledger_.apply(ops, deadline, cancel);
    if (!applied) return tl::unexpected(applied.error());
    const Error error = applied->result.error();
    if (error == Error::ok) return {};
    if (error != Error::no_node || has_folders) return tl::unexpected(error);
    const auto made = make_folders(deadline, cancel);
    if (!made) return made;
  }
}

Expected<std::int32_t> QueueCore::size(Deadline deadline, const CancelToken& cancel) {
  return retry(client_, deadline, cancel, [&]() -> Expected<std::int32_t> {
    // With Curator's layout the parent may have other children than messages, though it should not.
    const auto stat = client_.exists(layout_.entries()).wait(deadline, cancel);
    if (!stat) return tl::unexpected(stat.error());
    return *stat ? (*stat)->num_children : 0;
  });
}

Expected<std::optional<QueueItem>> QueueCore::take(bool waits, Deadline deadline,
                                                   const CancelToken& cancel) {
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  for (bool has_listed = false;;) {
    while (const std::optional<std::string> name = next_name()) {
      auto item = try_name(*name, deadline, cancel);
      if (!item) list_again();
      if (!item || *item) return item;
    }
    if (has_listed) {
      std::unique_lock lock(mutex_);
      const auto is_news = [this] { return changes_ != listed_at_ || !names_.empty(); };
      if (!waits && !is_news()) return std::optional<QueueItem>();
      if (!changed_.wait_until(lock, cancel, deadline.at(), is_news)) {
        const bool cancelled = cancel.stop_requested();
        return tl::unexpected(cancelled ? Error::cancelled : Error::deadline_exceeded);
      }
    }
    const auto listed = retry(client_, deadline, cancel, [&] { return list(deadline, cancel); });
    if (!listed) return tl::unexpected(listed.error());
    has_listed = true;
  }
}

/// A message that one took off the list and then could not take is on no list any more, and nothing
/// at the server has changed: threads that wait with that list would never see it.
void QueueCore::list_again() {
  {
    std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_all();
}

std::optional<std::string> QueueCore::next_name() {
  std::lock_guard lock(mutex_);
  if (is_by_priority_ && changes_ != listed_at_) names_.clear();
  if (names_.empty()) return std::nullopt;
  std::string name = std::move(names_.front());
  names_.pop_front();
  return name;
}

Expected<void> QueueCore::list(Deadline deadline, const CancelToken& cancel) {
  Watcher watcher;
  std::uint64_t asked_at;
  {
    std::lock_guard lock(mutex_);
    if (!watcher_) {
      watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent&) {
        if (const auto core = weak.lock()) core->list_again();
      });
    }
    watcher = watcher_;
    asked_at = changes_;
  }
  const auto listing = client_.get_child_names(layout_.entries(), watcher);
  auto taken = client_.get_child_names(layout_.taken(), watcher).wait(deadline, cancel);
  auto entries = listing.wait(deadline, cancel);
  for (const auto* names : {&entries, &taken}) {
    if (*names) continue;
    if (names->error() != Error::no_node) return tl::unexpected(names->error());
    const auto made = make_folders(deadline, cancel);
    if (!made) return made;
    return tl::unexpected(Error::not_connected);  // again
  }
  const std::set<std::string> others(taken->begin(), taken->end());
  std::sort(entries->begin(), entries->end());
  std::lock_guard lock(mutex_);
  listed_at_ = asked_at;
  names_.clear();
  for (std::string& name : *entries) {
    if (layout_.is_entry(name) && !others.contains(name)) names_.push_back(std::move(name));
  }
  return {};
}

/// nullopt if someone else has it, or had it.
Expected<std::optional<QueueItem>> QueueCore::try_name(const std::string& name, Deadline deadline,
                                                       const CancelToken& cancel) {
  std::string tag;
  {
    std::lock_guard lock(mutex_);
    tag = id_ + "-" + std::to_string(++attempts_);
  }
  // Read first, in the same packet: messages do not change, and the check sees to the rest.
  const Pending<NodeData> reading = client_.get_data(entry_path(name));
  const std::vector<Op> ops = {
      CreateOp{taken_path(name), tag, {.mode = CreateMode::ephemeral, .want_stat = false}},
      CheckOp{entry_path(name)},
  };
  const auto applied = ledger_.apply(ops, deadline, cancel);
  if (!applied) {
    if (!had_no_effect(applied.error())) release_owned(client_, taken_path(name), tag);
    return tl::unexpected(applied.error());
  }
  const Error error = applied->result.error();
  if (error == Error::node_exists || error == Error::no_node) return std::optional<QueueItem>();
  if (error != Error::ok) return tl::unexpected(error);

  QueueItem item;
  item.queue_ = shared_from_this();
  item.name_ = name;
  item.tag_ = std::move(tag);
  item.session_ = applied->session;
  auto node = reading.wait(deadline, cancel);
  if (!node && is_connection_error(node.error())) {
    node = retry(client_, deadline, cancel,
                 [&] { return client_.get_data(entry_path(name)).wait(deadline, cancel); });
  }
  if (!node) return tl::unexpected(node.error());  // the item gives it back
  item.messages_ = layout_.decode(node->data);
  if (item.messages_.empty()) item.messages_.emplace_back();
  return std::optional<QueueItem>(std::move(item));
}

Expected<void> QueueCore::consume(QueueItem& item, Deadline deadline, const CancelToken& cancel) {
  const std::vector<Op> ops = {RemoveOp{taken_path(item.name_)}, RemoveOp{entry_path(item.name_)}};
  const auto applied = ledger_.apply(ops, deadline, cancel, item.session_);
  if (!applied) {
    item.may_be_consumed_ |= !had_no_effect(applied.error());
    return tl::unexpected(applied.error());
  }
  const Error error = applied->result.error();
  if (error == Error::ok || (error == Error::no_node && item.may_be_consumed_)) return {};
  return tl::unexpected(error);
}

void QueueCore::give_back(QueueItem& item) {
  release_owned(client_, taken_path(item.name_), item.tag_);
}

bool QueueCore::is_ours(const QueueItem& item) const {
  const SessionEvent event = client_.session();
  return event.session == item.session_ && !is_end(event.state) &&
         event.time_left() > Clock::duration::zero();
}

}  // namespace paddock::recipes
