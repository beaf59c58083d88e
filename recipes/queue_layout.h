#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace paddock::recipes {

/// Where a queue's nodes are and what is in them: whose consumers and producers may share it.
class QueueLayout {
 public:
  /// kazoo's LockingQueue at `path`:
  ///
  ///     <path>/entries/entry-<PPP>-<sequence>   persistent; data = the message
  ///     <path>/taken/entry-<PPP>-<sequence>     ephemeral, of the consumer that has it
  ///
  /// with a priority of 000 to 999, 100 where none is given.
  static QueueLayout kazoo(std::string_view path);
  /// Curator's DistributedQueue or DistributedPriorityQueue at `path` with that lockPath:
  ///
  ///     <path>/queue-<sequence>                 persistent; data = Curator's frame of messages
  ///     <path>/queue-<1 or 0><PPPPPPPP><sequence>     with priority, as hexadecimal digits
  ///     <lock_path>/queue-...                   ephemeral, of the consumer that has it
  static QueueLayout curator(std::string_view path, std::string_view lock_path);

  const std::string& entries() const { return entries_; }  ///< the folder of the messages
  const std::string& taken() const { return taken_; }      ///< of the marks of who has one
  const std::string& ledgers() const { return ledgers_; }  ///< ours alone, see Ledger

  /// nullopt = not possible in this layout.
  std::optional<std::string> name_prefix(std::optional<int> priority) const;
  /// Whether a node in entries() is a message. Names in ascending order are in order of arrival,
  /// and before that of priority, lowest first.
  bool is_entry(std::string_view name) const;
  std::string encode(std::string_view message) const;
  /// Curator's producers may put several messages into one node. What is no such frame is one
  /// message as it is.
  std::vector<std::string> decode(std::string_view data) const;

 private:
  bool is_curator_ = false;
  std::string entries_;
  std::string taken_;
  std::string ledgers_;
};

}  // namespace paddock::recipes
