#pragma once

#include "recipes/queue.h"

namespace paddock::recipes {

/// What Queue and PriorityQueue share. Private to the library.
///
/// Threads: any; see Queue.
class QueueCore : public std::enable_shared_from_this<QueueCore> {
 public:
  /// A list is thrown away when something has been put (`is_by_priority`) or only when it is used
  /// up.
  QueueCore(client::Client& client, QueueLayout layout, bool is_by_priority);
  /// Removes the watches; called once, by the owner.
  void stop();

  client::Expected<void> put(const std::vector<std::string>& messages, std::optional<int> priority,
                             client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<std::optional<QueueItem>> take(bool waits, client::Deadline deadline,
                                                  const client::CancelToken& cancel);
  client::Expected<std::int32_t> size(client::Deadline deadline, const client::CancelToken& cancel);

  client::Expected<void> consume(QueueItem& item, client::Deadline deadline,
                                 const client::CancelToken& cancel);
  void give_back(QueueItem& item);
  bool is_ours(const QueueItem& item) const;

 private:
  client::Expected<void> make_folders(client::Deadline deadline, const client::CancelToken& cancel);
  std::optional<std::string> next_name();
  void list_again();
  client::Expected<void> list(client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<std::optional<QueueItem>> try_name(const std::string& name,
                                                      client::Deadline deadline,
                                                      const client::CancelToken& cancel);
  std::string taken_path(const std::string& name) const { return join_path(layout_.taken(), name); }
  std::string entry_path(const std::string& name) const {
    return join_path(layout_.entries(), name);
  }

  client::Client& client_;
  const QueueLayout layout_;
  const bool is_by_priority_;
  const std::string id_;
  Ledger ledger_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  client::Watcher watcher_;        ///< on the children of both folders
  std::uint64_t changes_ = 0;      ///< seen by the watcher, and messages that were not taken
  std::uint64_t listed_at_ = 0;    ///< changes_ when the list was asked for
  std::deque<std::string> names_;  ///< listed and not tried yet, in order
  std::uint64_t attempts_ = 0;
};

}  // namespace paddock::recipes
